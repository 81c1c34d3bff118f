"""Verify pairs of contents on all cores, and keep the local features that were found for them.

Belongs here: the policy of verification, which several assets obey, slices of pairs and what each must be told. Does not belong
here: which pairs to verify (the assets), what is done with a slice (`evidence_rows.py`).
"""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents, read_contents
from dedup_assets.stages.pairs.evidence_rows import PairSlice, VerifyingOrder, ends_of, verify_slice
from dedup_assets.stages.pairs.feature_rows import FeatureRows
from dedup_assets.stages.workers.engine import Workers

MOST_SLICES, LEAST_PAIRS, MOST_PAIRS = 32, 20, 200
"""Pairs are cut into so many slices, of so many pairs at least and at most: the same on any machine, and so is what is stored
with them."""


class PairVerifier:
    """Verifies pairs of contents of one collection under one policy."""

    def __init__(self, tables: TableStore, store: str, policy: VerificationPolicy, workers: Workers) -> None:
        """Verify what `tables` hold, which lie at the address `store`."""
        self.tables, self._workers = tables, workers
        self.policy_version, self._order = policy.version, VerifyingOrder(store, policy.thresholds())
        self.homes = read_contents(self.tables, ()).select("file_sha256", "partition", "image_id", "at")
        self._feature_rows = FeatureRows(self.tables, self.homes)

    def verify(self, pairs: pl.DataFrame, advance: Callable[[int], None]) -> Iterator[pl.DataFrame]:
        """Verify pairs (left_id, right_id, left_sha256, right_sha256, transform), some at a time, as rows of evidence.

        Pairs of which one end has left the source are dropped.
        """
        present = self._in_order(pairs)
        advance(pairs.height - present.height)
        for rows, features in self._workers.map(verify_slice, self._order, self._slices(present)):
            self._feature_rows.add(features)
            yield rows.with_columns(policy_version=pl.lit(self.policy_version))
            advance(rows.height)

    def keep_features(self) -> None:
        """Store the local features that wait for it: whoever has verified all pairs calls this once."""
        self._feature_rows.flush()

    def _slices(self, pairs: pl.DataFrame) -> Iterator[PairSlice]:
        for piece in pairs.iter_slices(min(max(pairs.height // MOST_SLICES, LEAST_PAIRS), MOST_PAIRS)):
            ends = ends_of(piece).sort()
            homes = self.homes[number_contents(self.homes["file_sha256"], ends)]
            yield PairSlice(piece, homes, self._feature_rows.waiting(ends))

    def _in_order(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Those whose ends are here: of pictures that meet each other together, in the order in which these are stored."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        numbers = np.stack([number_contents(self.homes["file_sha256"], pairs[side]) for side in PAIR_KEY])
        here = np.flatnonzero(numbers.min(axis=0) >= 0)
        places, ends = np.unique(self.homes["at"].to_numpy()[numbers[:, here]], return_inverse=True)
        left, right = ends.reshape(2, -1)
        graph = coo_array((np.ones(len(here)), (left, right)), shape=(len(places), len(places)))
        _, groups = connected_components(graph, directed=False)
        return pairs[here[np.lexsort((right, left, groups[left]))]]
