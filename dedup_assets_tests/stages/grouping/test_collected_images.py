"""All readable images with what the keep rules ask for, from manifest and features."""

import numpy as np
import polars as pl
import pytest

from dedup_assets.resources.collection import Collection
from dedup_assets.stages.grouping.collected_images import (
    CELLS,
    COLUMNS,
    CollectedImages,
    read_gray_cells,
    read_images,
    read_thumbnails,
)
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST
from dedup_assets_tests.conftest import CollectionOf
from dedup_assets_tests.described import READABLE


@pytest.fixture
def images(described: Collection) -> pl.DataFrame:
    return read_images(described.tables())


def test_every_readable_image_stands_once_sorted_by_content_then_id(images: pl.DataFrame) -> None:
    assert sorted(images["path"]) == READABLE
    keys = images.select("file_sha256", "image_id").rows()
    assert keys == sorted(keys)


def test_an_image_knows_its_partition_its_age_and_whether_it_has_metadata(images: pl.DataFrame) -> None:
    assert images.columns == [*COLUMNS, "has_metadata", "partition", "recipe", "created_at"]
    rows = {row["path"]: row for row in images.iter_rows(named=True)}
    assert {path: row["partition"] for path, row in rows.items()} == {path: path.split("/")[0] for path in READABLE}
    assert [path for path, row in rows.items() if row["has_metadata"]] == ["web/red.png"]
    assert images["created_at"].null_count() == 0


def test_the_small_gray_picture_is_the_mean_of_blocks_of_the_large_one(
    described: Collection, images: pl.DataFrame
) -> None:
    grays = described.tables().read_many(IMAGE_FEATURES, columns=["image_id", "gray_64"])
    some = images[[5, 0, 3]]
    joined = some.select("image_id").join(grays, on="image_id", maintain_order="left")
    cells = read_gray_cells(described.tables(), CollectedImages(some))
    assert cells.shape == (3, CELLS * CELLS)
    for small, gray_64 in zip(cells, joined["gray_64"], strict=True):
        large = np.frombuffer(gray_64, np.uint8).reshape(64, 64).astype(float)
        means = [
            large[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].mean()
            for row in range(16)
            for column in range(16)
        ]
        assert np.abs(small - np.array(means)).max() <= 0.5


def test_an_image_that_left_the_source_is_left_out_although_its_features_are_there(described: Collection) -> None:
    tables = described.tables()
    manifest = tables.read(IMAGE_MANIFEST, "shop")
    tables.rewrite(IMAGE_MANIFEST, "shop", manifest.filter(pl.col("path") != "shop/blue.jpg"), "later")
    assert sorted(read_images(tables)["path"]) == [path for path in READABLE if path != "shop/blue.jpg"]


def test_without_features_there_are_no_images(collection_of: CollectionOf) -> None:
    tables = collection_of({}).tables()
    images = read_images(tables)
    assert images.is_empty()
    assert read_gray_cells(tables, images).shape == (0, CELLS * CELLS)


def test_thumbnails_are_found_wherever_they_lie_and_unreadable_images_have_none(described: Collection) -> None:
    tables = described.tables()
    features = tables.read_many(IMAGE_FEATURES, columns=["image_id", "path"])
    wanted = features.filter(pl.col("path").is_in(["shop/blue.jpg", "web/green.jpg", "web/half.jpg"]))
    thumbnails = read_thumbnails(tables, wanted["image_id"])
    paths = dict(features.iter_rows())
    assert sorted(paths[image_id] for image_id in thumbnails) == ["shop/blue.jpg", "web/green.jpg"]
    assert all(decode_thumbnail(data).shape == (180, 240, 3) for data in thumbnails.values())
