"""Candidate pairs by recipe: contents that were generated with the same parameters.

Belongs here: who shares a recipe with whom. Does not belong here: reading recipes (`generation_metadata`), hashes
(`stages/pairs/candidate_index.py`).
"""

import polars as pl

from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import order_pair_ends
from dedup_assets.tables import METADATA_HASHES

MAX_CONTENTS_A_RECIPE = 100
"""A recipe of more contents (one seed over many source images) proposes no pairs: their number would be its square. The
hashes still find those that look alike; how many recipes were left to them stands on the materialization."""


class RecipeIndex:
    """The recipes of all contents of all partitions."""

    def __init__(self, tables: TableStore, contents: pl.DataFrame) -> None:
        """Take `contents` (image_id, file_sha256) that may stand in pairs.

        Where partitions were parsed by different versions, one content may have two recipes: one of them counts.
        """
        recipes = tables.read_many(METADATA_HASHES, columns=["file_sha256", "metadata_hash"]).drop_nulls()
        self._recipe_of = recipes.group_by("file_sha256").agg(pl.col("metadata_hash").min())
        rare = self._recipe_of.filter(pl.len().over("metadata_hash") <= MAX_CONTENTS_A_RECIPE)
        self.crowded = self._recipe_of["metadata_hash"].n_unique() - rare["metadata_hash"].n_unique()
        self._rare = contents.select("image_id", "file_sha256").join(rare, on="file_sha256")

    def candidates_of(self, queries: pl.DataFrame) -> pl.DataFrame:
        """Pairs (left_id, right_id, left_sha256, right_sha256) of some contents (file_sha256) with all of their recipe."""
        left = self._rare.join(queries, on="file_sha256", how="semi").select(
            left_id="image_id", left_sha256="file_sha256", metadata_hash="metadata_hash"
        )
        right = self._rare.select(right_id="image_id", right_sha256="file_sha256", metadata_hash="metadata_hash")
        pairs = left.join(right, on="metadata_hash").drop("metadata_hash")
        ordered = order_pair_ends(pairs.filter(pl.col("left_sha256") != pl.col("right_sha256")))
        return ordered.unique(["left_sha256", "right_sha256"], keep="first", maintain_order=True)

    def tell_same(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """The same pairs with `same_recipe`: whether both ends carry one recipe."""
        left, right = (
            pairs.join(self._recipe_of, left_on=side, right_on="file_sha256", how="left", maintain_order="left")[
                "metadata_hash"
            ]
            for side in ("left_sha256", "right_sha256")
        )
        return pairs.with_columns(same_recipe=(left == right).fill_null(False))
