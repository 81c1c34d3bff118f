"""Crowds in a collection: what groups are formed from where too many contents look alike to list all of their pairs.

Belongs here: finding crowds by the classes of hashes, and the pairs that stand for them. Does not belong here: stars of crowds
(`kernels/group/crowds.py`), listing pairs (`stages/pairs/candidate_index.py`), the final groups (`stages/grouping/groups.py`).

What is listed of a crowd depends on when its contents came; what is asked here does not. So the verdicts on listed pairs of
crowded contents are looked up, but groups are formed from the stars of crowds alone.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.describe.palette import SUMMARY_BYTES
from dedup_assets.kernels.group.crowds import MAX_LISTED, ClassGraph, concerned, star_crowds
from dedup_assets.kernels.transforms import INVERSE_NUMBERS, TRANSFORMS
from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.star_verifier import StarVerifier, read_star_pairs
from dedup_assets.stages.grouping.verdicts import PERSON
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents
from dedup_assets.stages.pairs.hashed_contents import ClassIndex, binary_matrix, read_class_index
from dedup_assets.tables import IMAGE_FEATURES, VERIFIED_GROUPS, WAVELET_GROUPS

LINK_COLUMNS = ["left_class", "right_class", "transform"]

PlaceContents = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]
"""Takes m nodes and a label for each, and returns places 0..m-1: of those with one label, the one to keep is the lowest."""


def with_crowds(passed: pl.DataFrame, stars: StarVerifier, place_contents: PlaceContents) -> pl.DataFrame:
    """The pairs (left_sha256, right_sha256) that groups are formed from: those that `passed`, and those of crowds.

    `passed` (with decided_by) are all that searches proposed or people named. `stars` verifies what crowds ask for; of
    pairs of crowds it then knows what was found by hash alone, for other verdicts depend on which images were kept when.
    """
    if not has_crowds(stars.tables):
        return passed.select(PAIR_KEY)
    index = _of_contents(read_class_index(stars.tables), stars.contents)
    links = stars.tables.read_many(WAVELET_GROUPS, columns=LINK_COLUMNS).drop_nulls().unique()
    numbered = _number_links(links, index.classes.names)
    graph = ClassGraph.build(index.class_of, len(index.classes), numbered[:, :2])
    outside = _outside(stars.known, stars.contents, graph)
    stars.rely_on(pl.concat([outside, _by_hash(stars, outside)]))
    stars.transforms = _Transforms(index.class_of, len(index.classes), numbered)
    proposed = _outside(passed, stars.contents, graph).select(PAIR_KEY)
    return pl.concat([proposed, _named(stars.contents, _ask(graph, stars, place_contents))])


def _ask(graph: ClassGraph, stars: StarVerifier, place_contents: PlaceContents) -> NDArray[np.int64]:
    """The pairs of crowds that pass; and those of contents that were of a crowd once, and so were not listed."""
    unlisted = graph.open_pairs()
    unlisted = unlisted[~stars.knows(unlisted)]
    nodes, place = concerned(graph), np.zeros(len(stars.contents), np.int64)
    place[nodes] = place_contents(nodes, graph.neighbourhoods()[nodes])
    found = star_crowds(graph, _colours(stars.tables, stars.contents, nodes), stars, place)
    stars.tell_left_out(found.left_out)
    return np.concatenate([unlisted[stars.judge(unlisted)], found.edges])


def _by_hash(stars: StarVerifier, outside: pl.DataFrame) -> pl.DataFrame:
    """The known verdicts of crowds that were given on candidates by hash, when these were listed or asked for here."""
    known, columns = stars.known, stars.known.columns
    asked_for = read_star_pairs(stars.tables, stars.policy_version)
    given = pl.concat([stars.tables.read_many(VERIFIED_GROUPS, columns=columns), asked_for.select(columns)])
    crowded = known.join(outside, on=columns, how="anti", nulls_equal=True, maintain_order="left")
    return crowded.join(given, on=columns, how="semi", nulls_equal=True, maintain_order="left")


def has_crowds(tables: TableStore) -> bool:
    """Whether any content may have more than MAX_LISTED others near it: pairs were left unlisted, or too many are listed."""
    partitions = tables.partitions(WAVELET_GROUPS)
    if any(tables.commit_of(WAVELET_GROUPS, key).details.get("crowded_contents") for key in partitions):
        return True
    ends = tables.read_many(WAVELET_GROUPS, partitions, ["left_id", "right_id"])
    counts = pl.concat([ends["left_id"], ends["right_id"]]).value_counts()["count"]
    return bool((counts >= MAX_LISTED).any())


class _Transforms:
    """How one content of two near classes turns into the other, by its class."""

    def __init__(self, class_of: NDArray[np.int64], class_count: int, links: NDArray[np.int64]) -> None:
        both = np.concatenate([links, np.stack([links[:, 1], links[:, 0], INVERSE_NUMBERS[links[:, 2]]], axis=1)])
        self._class_of, self._count = class_of, class_count
        self._keys, first = np.unique(both[:, 0] * class_count + both[:, 1], return_index=True)
        self._turns = np.append(both[first, 2], len(TRANSFORMS))

    def __call__(self, pairs: NDArray[np.int64]) -> NDArray[np.str_]:
        """How the first node of each pair turns into the second."""
        left, right = self._class_of[pairs].T
        keys = left * self._count + right
        at = np.searchsorted(self._keys, keys)
        linked = np.append(self._keys, -1)[at] == keys
        turns = np.where(linked, self._turns[at], len(TRANSFORMS))
        turns[left == right] = 0
        return np.array([*TRANSFORMS, UNKNOWN])[turns]


def _of_contents(index: ClassIndex, contents: pl.Series) -> ClassIndex:
    """The index of `contents` alone, in their order: another run may have added more since these were read."""
    rows = number_contents(index.contents["file_sha256"], contents)
    return ClassIndex(index.contents[rows], index.class_of[rows], index.classes)


def _number_links(links: pl.DataFrame, names: NDArray[np.int64]) -> NDArray[np.int64]:
    """Links of classes by name as (m, 3): both class numbers and the transform; those of classes that are gone drop out."""
    numbers = pl.DataFrame({"name": names}).with_row_index("number").cast({"number": pl.Int64})
    joined = links.with_columns(
        turn=pl.col("transform").replace_strict(list(TRANSFORMS), range(len(TRANSFORMS)), return_dtype=pl.Int64)
    )
    for side in ("left", "right"):
        joined = joined.join(numbers.rename({"number": side, "name": f"{side}_class"}), on=f"{side}_class")
    return joined.select("left", "right", "turn").to_numpy().reshape(-1, 3)


def _outside(pairs: pl.DataFrame, contents: pl.Series, graph: ClassGraph) -> pl.DataFrame:
    """The pairs that are not of a crowd, and those that people decided; without those of contents that are gone."""
    ends = np.stack([number_contents(contents, pairs[side]) for side in PAIR_KEY], axis=1)
    here = ends.min(axis=1) >= 0
    present, ends = pairs.filter(here), ends[here]
    decided = pl.col("decided_by").str.starts_with(f"{PERSON}:").fill_null(False)
    return present.filter(decided | pl.Series(~graph.is_of_a_crowd(ends)))


def _colours(tables: TableStore, contents: pl.Series, wanted: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The 8x8 colours of wanted contents in the rows of all: (n, 48) uint8, means of 2x2; zeros for the others."""
    colours = np.zeros((len(contents), SUMMARY_BYTES // 4), np.uint8)
    nodes = pl.DataFrame({"file_sha256": contents[wanted], "node": wanted})
    for key in tables.partitions(IMAGE_FEATURES):
        rows = tables.read(IMAGE_FEATURES, key, ["file_sha256", "color_8"]).join(nodes, on="file_sha256")
        cells = binary_matrix(rows["color_8"], SUMMARY_BYTES).reshape(-1, 4, 2, 4, 2, 3)
        colours[rows["node"].to_numpy()] = cells.mean(axis=(2, 4)).round().reshape(-1, SUMMARY_BYTES // 4)
    return colours


def _named(contents: pl.Series, pairs: NDArray[np.int64]) -> pl.DataFrame:
    return pl.DataFrame({name: contents[pairs[:, side]] for side, name in enumerate(PAIR_KEY)})
