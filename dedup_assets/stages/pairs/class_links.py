"""Which contents are near each other by their hashes, as `wavelet_groups` tells, and how one turns into the other.

Belongs here: reading the rows of that table as links of classes. Does not belong here: finding them (`candidate_index.py`),
asking about the pairs that they stand for (`stages/grouping/crowd_verdicts.py`).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.group.crowds import ClassGraph
from dedup_assets.kernels.group.stars import Neighbours
from dedup_assets.kernels.transforms import INVERSE_NUMBERS, TRANSFORMS
from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents
from dedup_assets.stages.pairs.hashed_contents import read_class_names
from dedup_assets.tables import WAVELET_GROUPS

Pairs = NDArray[np.int64]
_NO_LINK = len(TRANSFORMS)
_INVERSES = np.append(INVERSE_NUMBERS, _NO_LINK)


class ClassLinks:
    """Contents 0..n-1 by class, and the classes near each other: a function of their hashes, in whatever order they came."""

    def __init__(self, tables: TableStore, contents: pl.Series) -> None:
        """Take distinct contents, ascending."""
        self.contents = contents
        names, class_of = np.unique(read_class_names(tables, contents), return_inverse=True)
        ends, turns = _read_links(tables, names)
        keys, self._count = ends[:, 0] * len(names) + ends[:, 1], len(names)
        order = np.lexsort((turns, keys))
        self._keys, first = np.unique(keys[order], return_index=True)
        self._turns = np.append(turns[order][first], _NO_LINK)
        self.graph = ClassGraph(class_of.astype(np.int64), Neighbours(len(names), ends))

    def transforms(self, pairs: Pairs) -> NDArray[np.str_]:
        """How the first content of each of (m, 2) pairs turns into the second; 'unknown' where they are not near."""
        return np.array([*TRANSFORMS, UNKNOWN])[self._turns_of(pairs)]

    def are_near(self, pairs: pl.DataFrame) -> pl.Series:
        """Whether both ends of each pair (left_sha256, right_sha256) are among the contents and near each other."""
        ends = np.stack([number_contents(self.contents, pairs[side]) for side in PAIR_KEY], axis=1)
        near = ends.min(axis=1) >= 0
        near[near] = self._turns_of(ends[near]) != _NO_LINK
        return pl.Series(near)

    def _turns_of(self, pairs: Pairs) -> NDArray[np.int64]:
        classes = self.graph.class_of[pairs]
        keys = classes.min(axis=1) * self._count + classes.max(axis=1)
        at = np.searchsorted(self._keys, keys)
        turns = np.where(np.append(self._keys, -1)[at] == keys, self._turns[at], _NO_LINK)
        turns = np.where(classes[:, 0] > classes[:, 1], _INVERSES[turns], turns)
        return np.where(classes[:, 0] == classes[:, 1], 0, turns)


def _read_links(tables: TableStore, names: NDArray[np.int64]) -> tuple[Pairs, NDArray[np.int64]]:
    """Links between classes that have contents, (m, 2), the lower number first, and how that turns into the other."""
    links = tables.read_many(WAVELET_GROUPS, columns=["left_class", "right_class", "transform"]).drop_nulls().unique()
    ends = np.stack([number_contents(pl.Series(names), links[f"{side}_class"]) for side in ("left", "right")], axis=1)
    turns = links["transform"].replace_strict(list(TRANSFORMS), range(_NO_LINK), return_dtype=pl.Int64).to_numpy()
    turns = np.where(ends[:, 0] > ends[:, 1], _INVERSES[turns], turns)
    present = (ends >= 0).all(axis=1)
    return np.sort(ends[present], axis=1), turns[present]
