"""Distinct contents of all partitions, and pairs of them with their ends in order."""

import numpy as np
import polars as pl
import pytest

from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS, transform_image
from dedup_assets.partitions import image_id
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs.contents import number_contents, order_pair_ends, pair_up, read_contents, readable
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.conftest import CollectionOf
from dedup_assets_tests.described import READABLE, content_of

PAIR_SCHEMA = {"left_id": pl.Int64, "right_id": pl.Int64, "left_sha256": pl.Binary, "right_sha256": pl.Binary}


def test_equal_files_are_one_content_of_the_image_with_the_lowest_id(described: Collection) -> None:
    tables = described.tables()
    contents = read_contents(tables, ["contrast"])
    twins = [path for path in READABLE if content_of(tables, path) == content_of(tables, "shop/red.jpg")]
    assert twins == ["shop/red.jpg", "web/red again.jpg"]
    lowest = min(twins, key=image_id)
    row = contents.row(by_predicate=pl.col("file_sha256") == content_of(tables, lowest), named=True)
    assert (row["image_id"], row["partition"]) == (image_id(lowest), lowest.split("/")[0])
    assert contents.height == len(READABLE) - 1


def test_contents_are_sorted_and_none_is_unreadable(described: Collection) -> None:
    contents = read_contents(described.tables(), ["contrast"])
    assert contents.columns == ["at", "image_id", "file_sha256", "contrast", "partition"]
    assert contents["file_sha256"].to_list() == sorted(contents["file_sha256"])
    assert contents["contrast"].null_count() == 0
    stored = pl.concat([described.tables().read(IMAGE_FEATURES, key, ["image_id"]) for key in ("shop", "web")])[
        "image_id"
    ]
    in_order = contents.sort("at")["image_id"].to_list()
    assert in_order == [image for image in stored if image in set(in_order)]


def test_contents_are_numbered_by_their_row_and_others_are_not() -> None:
    contents = pl.Series([b"b" * 32, b"c" * 32, b"\xff" * 32])
    values = pl.Series([b"c" * 32, b"d" * 32, b"b" * 32, b"c" * 32, bytes(32), b"\xff" * 32])
    assert number_contents(contents, values).tolist() == [1, -1, 0, 1, -1, 2]
    assert number_contents(contents, values.clear()).tolist() == []
    assert number_contents(contents.clear(), values).tolist() == [-1] * 6


def test_without_any_features_there_are_no_contents(collection_of: CollectionOf) -> None:
    contents = read_contents(collection_of({}).tables(), ["dct_hash"])
    assert contents.schema == {
        "at": pl.UInt32, "image_id": pl.Int64, "file_sha256": pl.Binary, "dct_hash": pl.Binary, "partition": pl.String,
    }  # fmt: skip
    assert contents.is_empty()


def test_the_readable_images_of_some_parts_are_those_of_these_parts_alone(described: Collection) -> None:
    tables = described.tables()
    parts = tables.commit_of(IMAGE_FEATURES, "web").parts
    assert readable(tables, "web", parts, ["path"])["path"].sort().to_list() == [
        path for path in READABLE if path.startswith("web/")
    ]
    assert readable(tables, "web", (), ["path"]).is_empty()


def test_rows_are_paired_up_with_all_that_is_told_of_them() -> None:
    contents = pl.DataFrame({"image_id": [7, 3, 1], "file_sha256": [b"7", b"3", b"1"], "partition": ["a", "b", "a"]})
    pairs = pair_up(contents, np.array([0, 2]), np.array([1, 1]))
    names = ["left_id", "left_sha256", "left_partition", "right_id", "right_sha256", "right_partition"]
    assert (pairs.columns, pairs.rows()) == (names, [(7, b"7", "a", 3, b"3", "b"), (1, b"1", "a", 3, b"3", "b")])
    assert pair_up(contents, np.empty(0, np.int64), np.empty(0, np.int64)).columns == names


def test_ends_of_a_pair_are_swapped_with_all_that_belongs_to_them() -> None:
    pairs = pl.DataFrame(
        {
            "left_id": [7, 1],
            "right_id": [3, 2],
            "left_sha256": [b"7", b"1"],
            "right_sha256": [b"3", b"2"],
            "score": [5, 6],
        },
    )
    assert order_pair_ends(pairs).rows() == [(3, 7, b"3", b"7", 5), (1, 2, b"1", b"2", 6)]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_transform_of_a_swapped_pair_leads_back(transform: str) -> None:
    pairs = pl.DataFrame([(7, 3, b"7", b"3", transform)], schema={**PAIR_SCHEMA, "transform": pl.String}, orient="row")
    inverse = order_pair_ends(pairs)["transform"].item()
    assert inverse == INVERSE_TRANSFORMS[transform]
    picture = np.arange(12).reshape(3, 4)
    assert np.array_equal(transform_image(transform_image(picture, transform), inverse), picture)


def test_an_unknown_transform_stays_unknown() -> None:
    pairs = pl.DataFrame([(7, 3, b"7", b"3", "unknown")], schema={**PAIR_SCHEMA, "transform": pl.String}, orient="row")
    assert order_pair_ends(pairs)["transform"].to_list() == ["unknown"]
    assert order_pair_ends(pairs.clear()).is_empty()
