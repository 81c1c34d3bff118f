"""Verify the pairs that come up only when groups are formed, and remember them.

Belongs here: looking verdicts up by node, and verifying and storing those that are missing. Does not belong here: forming
stars (`kernels/grouping.py`), or the tests (`evidence.py`).
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.contents import order_pair_ends
from dedup_assets.evidence import PairVerifier
from dedup_assets.resources.table_store import TableStore
from dedup_assets.tables import STAR_PAIRS

PARTITION = "all"
PAIR_KEY = list(STAR_PAIRS.key)


def read_star_pairs(tables: TableStore, policy_version: str) -> pl.DataFrame:
    """The remembered pairs that were verified under this policy."""
    return tables.read(STAR_PAIRS, PARTITION).filter(pl.col("policy_version") == policy_version)


class StarVerifier:
    """Answers `form_stars_with`: is this node a duplicate of that centre?"""

    def __init__(
        self, tables: TableStore, contents: pl.Series, known: pl.DataFrame, make_verifier: Callable[[], PairVerifier]
    ) -> None:
        """Take contents in node order and `known` verdicts (left_sha256, right_sha256, verdict) of any stage."""
        self.tables, self.contents = tables, contents
        self.asked = STAR_PAIRS.empty()
        self._make_verifier = make_verifier
        self._verifier: PairVerifier | None = None
        self._keys, self._verdicts = self._index(known)

    def __call__(self, centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Verdicts of (n,) members against one centre; unknown pairs are verified now."""
        keys = np.minimum(centre, members) * len(self.contents) + np.maximum(centre, members)
        at = np.minimum(np.searchsorted(self._keys, keys), max(0, len(self._keys) - 1))
        known = self._keys[at] == keys if len(self._keys) else np.zeros(len(keys), np.bool_)
        verdicts = np.where(known, self._verdicts[at], False) if len(self._keys) else known.copy()
        if not known.all():
            verdicts[~known] = self._verify(centre, members[~known])
        return verdicts

    def remember(self) -> int:
        """Store the pairs that were verified here, and return their number."""
        self.tables.append(self.tables.commit_of(STAR_PAIRS, PARTITION), STAR_PAIRS, self.asked)
        return self.asked.height

    def _index(self, known: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        nodes = (
            pl.DataFrame({"sha256": self.contents}).with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))
        )
        pairs = known.select(*PAIR_KEY, "verdict")
        for side in PAIR_KEY:
            pairs = pairs.join(nodes.rename({"node": f"{side}_node", "sha256": side}), on=side)
        ends = (
            pl.min_horizontal(*(f"{side}_node" for side in PAIR_KEY)),
            pl.max_horizontal(*(f"{side}_node" for side in PAIR_KEY)),
        )
        keyed = pairs.select((ends[0] * len(self.contents) + ends[1]).alias("key"), "verdict")
        each = keyed.group_by("key").agg(pl.col("verdict").any()).sort("key")
        return each["key"].to_numpy(), each["verdict"].to_numpy()

    def _verify(self, centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        self._verifier = self._verifier or self._make_verifier()
        ids = self._verifier.homes.select("file_sha256", "image_id")
        kept = pl.DataFrame({"left_sha256": self.contents[[centre]]}).join(
            ids.rename({"file_sha256": "left_sha256", "image_id": "left_id"}), on="left_sha256"
        )
        others = pl.DataFrame({"right_sha256": self.contents[members]}).join(
            ids.rename({"file_sha256": "right_sha256", "image_id": "right_id"}),
            on="right_sha256",
            maintain_order="left",
        )
        pairs = order_pair_ends(kept.join(others, how="cross").with_columns(transform=pl.lit("unknown")))
        rows = pl.concat([STAR_PAIRS.empty(), *self._verifier.verify(pairs, lambda _: None)])
        self.asked = pl.concat([self.asked, rows])
        verdicts = pairs.select(PAIR_KEY).join(
            rows.select(*PAIR_KEY, "verdict"), on=PAIR_KEY, how="left", maintain_order="left"
        )["verdict"]
        return verdicts.fill_null(False).to_numpy()
