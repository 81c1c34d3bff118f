"""All readable images of all partitions, with what the keep rules ask for.

Belongs here: reading projections of `image_manifest` and `image_features` across partitions, in flat memory an image.
Does not belong here: ranking and grouping them (`groups.py`).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.hashing import GRAY_SIDE
from dedup_assets.resources.table_store import TableStore
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST, METADATA_HASHES

CELLS = 16
"""The small gray picture of an image that stays in memory is 16x16: 256 bytes, 256 MB for a million images."""

COLUMNS = (
    "image_id", "path", "file_sha256", "image_format", "width_px", "height_px", "size_bytes", "inner_box", "sharpness",
    "colourfulness", "jpeg_quality", "prior_jpeg_quality", "bits_per_pixel", "blockiness", "upscale_score",
)  # fmt: skip


def read_images(tables: TableStore) -> pl.DataFrame:
    """One row a readable image, sorted by content, then id; beside columns of the tables:

    `partition`, `created_at`, `has_metadata`, `has_recipe` (its metadata tell the whole recipe of a generation), `gray_cells`.
    """
    frames = [_read_partition(tables, key) for key in tables.partitions(IMAGE_FEATURES)]
    return pl.concat([_prepare(IMAGE_FEATURES.empty(), IMAGE_MANIFEST.empty(), METADATA_HASHES.empty(), ""), *frames]).sort(
        "file_sha256", "image_id"
    )


def read_thumbnails(tables: TableStore, image_ids: pl.Series) -> dict[int, bytes]:
    """The stored thumbnails of some images, wherever they lie."""
    found: dict[int, bytes] = {}
    for key in tables.partitions(IMAGE_FEATURES):
        rows = tables.read_rows(IMAGE_FEATURES, key, "image_id", image_ids, ["image_id", "thumbnail"])
        found |= dict(rows.drop_nulls().iter_rows())
    return found


def gray_matrix(images: pl.DataFrame) -> NDArray[np.uint8]:
    """The small gray pictures of images as (n, 256) uint8."""
    return np.frombuffer(b"".join(images["gray_cells"]), np.uint8).reshape(-1, CELLS * CELLS)


def _read_partition(tables: TableStore, key: str) -> pl.DataFrame:
    features = tables.read(IMAGE_FEATURES, key, [*COLUMNS, "decode_status", "gray_64", "metadata_text"])
    recipes = tables.read(METADATA_HASHES, key, ["image_id", "metadata_hash"])
    return _prepare(features, tables.read(IMAGE_MANIFEST, key), recipes, key)


def _prepare(features: pl.DataFrame, manifest: pl.DataFrame, recipes: pl.DataFrame, key: str) -> pl.DataFrame:
    readable = features.filter(pl.col("decode_status") == "ok")
    images = readable.select(*COLUMNS, has_metadata=pl.col("metadata_text").is_not_null()).with_columns(
        partition=pl.lit(key),
        gray_cells=pl.Series(_shrink(readable["gray_64"]), dtype=pl.Binary),
        has_recipe=pl.col("image_id").is_in(recipes.drop_nulls()["image_id"].implode()),
    )
    return images.join(manifest.select("image_id", "created_at"), on="image_id", maintain_order="left")


def _shrink(grays: pl.Series) -> list[bytes]:
    block = GRAY_SIDE // CELLS
    pixels = np.frombuffer(b"".join(grays), np.uint8).reshape(-1, CELLS, block, CELLS, block)
    return [cells.tobytes() for cells in pixels.mean(axis=(2, 4)).round().astype(np.uint8)]
