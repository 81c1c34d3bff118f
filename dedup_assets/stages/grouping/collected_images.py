"""All readable images of all partitions, with what the keep rules ask for.

Belongs here: reading projections of `image_manifest` and `image_features` across partitions, in flat memory an image.
Does not belong here: ranking (`stages/grouping/keep_inputs.py`) and grouping them (`stages/grouping/groups.py`).
"""

from collections.abc import Sequence
from typing import NewType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.describe.hashes import GRAY_SIDE
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.hashed_contents import binary_matrix
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST, METADATA_HASHES

CELLS = 16
"""The small gray picture of an image that is kept in memory while crowds are compared is 16x16: 256 bytes."""

PICTURES_AT_ONCE = 1_000

COLUMNS = (
    "image_id", "path", "file_sha256", "image_format", "width_px", "height_px", "size_bytes", "inner_box", "sharpness",
    "colourfulness", "contrast", "jpeg_quality", "prior_jpeg_quality", "bits_per_pixel", "blockiness", "upscale_score",
    "lossy_percent", "sample_bits", "frame_count", "resolved_share", "picture_share", "ground_level", "origin_facts",
)  # fmt: skip


CollectedImages = NewType("CollectedImages", pl.DataFrame)
"""One row a readable image: COLUMNS, and `partition`, `created_at`, `has_metadata`, `recipe` (a number in place of its
metadata_hash, another in each process; null where its metadata do not tell the whole recipe of a generation)."""


def read_images(tables: TableStore) -> CollectedImages:
    """All readable images, sorted by content, then id."""
    empty = _with_origin(_readable(IMAGE_FEATURES.empty()), IMAGE_MANIFEST.empty(), METADATA_HASHES.empty(), "")
    frames = [_read_partition(tables, key) for key in tables.partitions(IMAGE_FEATURES)]
    return CollectedImages(pl.concat([empty, *frames]).sort("file_sha256", "image_id"))


def read_thumbnails(tables: TableStore, image_ids: pl.Series) -> dict[int, bytes]:
    """The stored thumbnails of some images, wherever they lie."""
    return dict(read_shown(tables, image_ids, ["image_id", "thumbnail"]).drop_nulls().iter_rows())


def read_shown(tables: TableStore, image_ids: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """The named columns of the features of some images, wherever they lie."""
    keys = tables.partitions(IMAGE_FEATURES)
    found = [tables.read_rows(IMAGE_FEATURES, key, "image_id", image_ids, columns) for key in keys]
    return pl.concat([IMAGE_FEATURES.empty().select(columns), *found])


def read_gray_cells(tables: TableStore, images: CollectedImages) -> NDArray[np.uint8]:
    """The small gray pictures of some images: (n, 256) uint8, in their order."""
    cells = np.zeros((images.height, CELLS * CELLS), np.uint8)
    wanted = images.select("image_id", "partition").with_row_index("row")
    for (key,), rows in wanted.group_by("partition", maintain_order=True):
        for part in tables.commit_of(IMAGE_FEATURES, str(key)).parts:
            grays = tables.read_parts(IMAGE_FEATURES, str(key), [part], ["image_id", "gray_64"])
            for found in grays.join(rows, on="image_id").iter_slices(PICTURES_AT_ONCE):
                cells[found["row"].to_numpy()] = _shrink(found["gray_64"])
    return cells


def _read_partition(tables: TableStore, key: str) -> pl.DataFrame:
    """Part by part, since the metadata of generations are long."""
    columns = [*COLUMNS, "decode_status", "metadata_text"]
    parts = tables.commit_of(IMAGE_FEATURES, key).parts
    frames = [_readable(tables.read_parts(IMAGE_FEATURES, key, [part], columns)) for part in parts]
    images = pl.concat([_readable(IMAGE_FEATURES.empty()), *frames])
    recipes = tables.read(METADATA_HASHES, key, ["image_id", "metadata_hash"])
    return _with_origin(images, tables.read(IMAGE_MANIFEST, key, ["image_id", "created_at"]), recipes, key)


def _readable(features: pl.DataFrame) -> pl.DataFrame:
    readable = features.filter(pl.col("decode_status") == "ok")
    return readable.select(*COLUMNS, has_metadata=pl.col("metadata_text").is_not_null())


def _with_origin(images: pl.DataFrame, manifest: pl.DataFrame, recipes: pl.DataFrame, key: str) -> pl.DataFrame:
    told = recipes.drop_nulls().select("image_id", recipe=pl.col("metadata_hash").hash())
    named = images.with_columns(partition=pl.lit(key)).join(told, on="image_id", how="left", maintain_order="left")
    return named.join(manifest.select("image_id", "created_at"), on="image_id", maintain_order="left")


def _shrink(grays: pl.Series) -> NDArray[np.uint8]:
    block = GRAY_SIDE // CELLS
    pixels = binary_matrix(grays, GRAY_SIDE * GRAY_SIDE).reshape(-1, CELLS, block, CELLS, block)
    means = pixels.sum(axis=(2, 4), dtype=np.uint16) / np.float32(block * block)
    return np.asarray(means.round().astype(np.uint8).reshape(-1, CELLS * CELLS))
