"""Pairs by recipe: everybody who shares one, unless too many do."""

import polars as pl
import pytest

from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.recipe_pairs import MAX_CONTENTS_A_RECIPE, RecipeIndex
from dedup_assets.tables import METADATA_HASHES
from dedup_assets_tests.conftest import CollectionOf

RECIPES = {1: "a", 2: "a", 3: "b", 4: "a", 5: None}


def sha(number: int) -> bytes:
    return number.to_bytes(32, "big")


def index_of(tables: TableStore, recipes: dict[int, str | None]) -> tuple[RecipeIndex, pl.DataFrame]:
    given = {
        "image_id": list(recipes), "file_sha256": [sha(number) for number in recipes], "metadata_hash": list(recipes.values()),
        "tool": ["x"] * len(recipes), "parser_version": ["1"] * len(recipes), "parameters": ["{}"] * len(recipes),
    }  # fmt: skip
    rows = pl.DataFrame(given, schema_overrides={"file_sha256": pl.Binary, "metadata_hash": pl.String})
    absent = [
        pl.lit(None, column.dtype).alias(column.name) for column in METADATA_HASHES.columns if column.name not in given
    ]
    tables.rewrite(METADATA_HASHES, "p", rows.with_columns(absent), "")
    contents = rows.select("image_id", "file_sha256")
    return RecipeIndex(tables, contents), contents


@pytest.mark.parametrize(
    ("asked", "expected"), [([1], {(1, 2), (1, 4)}), ([1, 2, 3, 4, 5], {(1, 2), (1, 4), (2, 4)}), ([5], set())]
)
def test_contents_of_one_recipe_are_pairs_each_once(
    collection_of: CollectionOf, asked: list[int], expected: set[tuple[int, int]]
) -> None:
    index, contents = index_of(collection_of({}).tables(), RECIPES)
    pairs = index.candidates_of(contents.filter(pl.col("image_id").is_in(asked)))
    assert sorted(pairs.select("left_id", "right_id").rows()) == sorted(expected)


@pytest.mark.parametrize("more", [0, 1])
def test_a_crowded_recipe_proposes_nobody_but_is_still_told(collection_of: CollectionOf, more: int) -> None:
    index, contents = index_of(
        collection_of({}).tables(), dict.fromkeys(range(1, MAX_CONTENTS_A_RECIPE + 1 + more), "a")
    )
    assert index.crowded == more
    assert index.candidates_of(contents.head(1)).height == (0 if more else MAX_CONTENTS_A_RECIPE - 1)
    pair = pl.DataFrame({"left_sha256": [sha(1), sha(1)], "right_sha256": [sha(2), sha(9999)]})
    assert index.tell_same(pair)["same_recipe"].to_list() == [True, False]


def test_a_content_that_another_version_parsed_in_another_partition_has_one_recipe(collection_of: CollectionOf) -> None:
    tables = collection_of({}).tables()
    index_of(tables, {1: "a", 2: "a"})
    old = tables.read(METADATA_HASHES, "p").with_columns(image_id=pl.col("image_id") + 10, metadata_hash=pl.lit("b"))
    tables.rewrite(METADATA_HASHES, "q", old, "")
    index = RecipeIndex(tables, tables.read(METADATA_HASHES, "p", ["image_id", "file_sha256"]))
    pair = pl.DataFrame({"left_sha256": [sha(1)], "right_sha256": [sha(2)]})
    assert index.tell_same(pair)["same_recipe"].to_list() == [True]
