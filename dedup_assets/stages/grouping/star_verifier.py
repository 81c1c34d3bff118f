"""Verify the pairs that come up only when groups are formed, and remember them.

Belongs here: looking verdicts up by node, and verifying and storing those that are missing. Does not belong here: forming
stars (`kernels/group/stars.py`), the tests (`stages/pairs/verifier.py`), or which partitions are merged (`star_partitions.py`).
"""

import uuid
from collections.abc import Callable
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.star_partitions import each_pair_once, merge_star_pairs
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents, order_pair_ends, pair_up
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.parts import Parts
from dedup_assets.stages.stage import Stage
from dedup_assets.tables import STAR_PAIRS

NO_KEY = np.iinfo(np.int64).max
"""Behind the keys of all known pairs, so that a search among them always ends at one."""

Transforms = Callable[[NDArray[np.int64]], NDArray[np.str_]]
"""Tells for pairs of nodes (m, 2) how the first turns into the second; 'unknown' where no search can tell."""


def read_star_pairs(tables: TableStore, policy_version: str) -> pl.DataFrame:
    """The remembered pairs that were verified under this policy; of two runs at once both may have verified one."""
    return each_pair_once(tables.read_many(STAR_PAIRS).filter(pl.col("policy_version") == policy_version))


def tell_caps(stage: Stage, stars: "StarVerifier") -> None:
    """Say in the log and on the materialization how many candidate pairs a cap kept from being asked, if any."""
    if stars.left_out:
        stage.context.log.warning(
            f"{stage.table.name}: {stars.left_out:,} candidate pairs of crowded pictures were not looked at, after others "
            "nearer to each kept one had been rejected; none of them counts as a duplicate."
        )
        stage.context.add_asset_metadata({"pairs_left_out": stars.left_out}, partition_key=stage.keys[0])


def _unknown(pairs: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.full(len(pairs), UNKNOWN)


class StarVerifier:
    """Answers `form_stars`: is this node a duplicate of that centre?

    `left_out` counts the candidate pairs that a cap kept from being asked.
    """

    def __init__(
        self,
        tables: TableStore,
        contents: pl.Series,
        known: pl.DataFrame,
        policy_version: str,
        make_verifier: Callable[[], PairVerifier],
        tell_passed: Callable[[int], None] = lambda _pairs: None,
    ) -> None:
        """Take contents in node order and `known` verdicts (left_sha256, right_sha256, verdict) of any stage.

        `policy_version` is that of the verifier, which is made when it is first needed. `tell_passed` hears how many pairs
        pass as they are verified.
        """
        self.tables, self.contents, self.policy_version = tables, contents, policy_version
        self.known, self.asked = known, known.clear()
        self.left_out = 0
        self.transforms: Transforms = _unknown
        self._make_verifier, self._tell_passed = make_verifier, tell_passed
        self._partition, self._parts = f"run {uuid.uuid4().hex}", Parts(self._store)
        self._keys, self._verdicts = self._index(known)
        self._new: dict[int, bool] = {}

    def __call__(self, centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Verdicts of (n,) members against one centre; unknown pairs are verified now."""
        return self.judge(np.stack([np.full(len(members), centre, np.int64), members], axis=1))

    def tell_left_out(self, pairs: int) -> None:
        """Count candidate pairs that a cap kept from being asked."""
        self.left_out += pairs

    def judge(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Verdicts on (m, 2) pairs of nodes; unknown ones are verified now."""
        verdicts, is_known = self._look_up(pairs)
        if not is_known.all():
            missing = pairs[~is_known]
            verdicts[~is_known] = found = self._verify(missing)
            self._new |= dict(zip(self._key(missing).tolist(), found.tolist(), strict=True))
        return verdicts

    def remember(self) -> int:
        """Store the pairs that were verified here, and return their number; what many runs stored is merged."""
        self._parts.flush()
        if self.asked.height:
            self._verifier.keep_features()
        merge_star_pairs(self.tables, self.contents, self.policy_version)
        return self.asked.height

    def _store(self, pairs: pl.DataFrame) -> None:
        """Make verified pairs visible, in a partition of this run alone: no other run can overwrite it.

        Its commit is read anew: where this run rested for days, others may have merged the partition and removed its parts.
        """
        self.tables.append(self.tables.look_again(STAR_PAIRS, self._partition), STAR_PAIRS, pairs)

    def _look_up(self, pairs: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Verdicts on pairs, and which of them are known: from before, or verified here."""
        keys = self._key(pairs)
        at = np.searchsorted(self._keys, keys)
        known = self._keys[at] == keys
        verdicts = known & self._verdicts[at]
        for row in np.flatnonzero(~known).tolist() if self._new else ():
            new = self._new.get(int(keys[row]))
            known[row], verdicts[row] = new is not None, bool(new)
        return verdicts, known

    def _key(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(pairs.min(axis=1) * len(self.contents) + pairs.max(axis=1), np.int64)

    def _index(self, known: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        ends = np.stack([number_contents(self.contents, known[side]) for side in PAIR_KEY], axis=1)
        here = ends.min(axis=1) >= 0
        pairs = pl.DataFrame({"key": self._key(ends[here]), "verdict": known["verdict"].filter(here)})
        each = pairs.group_by("key").agg(pl.col("verdict").any()).sort("key")
        return np.append(each["key"].to_numpy(), NO_KEY), np.append(each["verdict"].to_numpy(), False)

    @cached_property
    def _verifier(self) -> PairVerifier:
        return self._make_verifier()

    @cached_property
    def _nodes(self) -> pl.DataFrame:
        contents = pl.DataFrame({"file_sha256": self.contents})
        homes = self._verifier.homes.select("file_sha256", "image_id")
        return contents.join(homes, on="file_sha256", how="left", maintain_order="left")

    def _verify(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        transforms = pl.Series(self.transforms(pairs), dtype=pl.String)
        asked = pair_up(self._nodes, pairs[:, 0], pairs[:, 1]).with_columns(transform=transforms)
        rows = STAR_PAIRS.empty()
        ordered = order_pair_ends(asked)
        for found in self._verifier.verify(ordered, lambda _: None):
            rows, self.asked = pl.concat([rows, found]), pl.concat([self.asked, found.select(self.asked.columns)])
            self._parts.add(found)
            self._tell_passed(int(found["verdict"].sum()))
        return (
            ordered.select(PAIR_KEY)
            .join(rows.select(*PAIR_KEY, "verdict"), on=PAIR_KEY, how="left", maintain_order="left")["verdict"]
            .fill_null(False)
            .to_numpy()
        )
