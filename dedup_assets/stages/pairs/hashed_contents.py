"""The hashes of all contents of all partitions, in flat memory, and the classes of those whose hashes are equal.

Belongs here: reading projections of `image_features` partition by partition into fixed arrays, about 140 bytes a content. Does
not belong here: searching them (`stages/pairs/candidate_index.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import RECORD_BYTES, HashClasses, classify, hash_records, name_rows
from dedup_assets.kernels.candidates.near_contents import HashedContents
from dedup_assets.kernels.describe.hashes import HASH_BYTES
from dedup_assets.kernels.describe.palette import SUMMARY_BYTES
from dedup_assets.kernels.describe.quality import is_low_information
from dedup_assets.resources.tables.commits import Part
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import number_contents, readable
from dedup_assets.tables import IMAGE_FEATURES

HASHES = ("dct", "wavelet", "inner_dct", "inner_wavelet")
COLUMNS = (*(f"{name}_hash" for name in HASHES), "contrast", "detail", "color_8")


@dataclass(frozen=True)
class ClassIndex:
    """All distinct contents, and the class that each belongs to.

    contents  image_id and file_sha256, a row a content (of its image with the lowest id), ascending by file_sha256
    class_of  (n,) int64, the number of each content's class
    """

    contents: pl.DataFrame
    class_of: NDArray[np.int64]
    classes: HashClasses


def read_class_index(tables: TableStore) -> ClassIndex:
    """Read the hashes of all partitions; nothing depends on the order of partitions or of rows."""
    keys = tables.partitions(IMAGE_FEATURES)
    parts = [_read_parts(tables, key, tables.commit_of(IMAGE_FEATURES, key).parts) for key in keys]
    empty = pl.DataFrame(schema={"image_id": pl.Int64, "file_sha256": pl.Binary})
    names = pl.concat([empty, *(frame for frame, _ in parts)]).with_row_index("row").sort("file_sha256", "image_id")
    contents = names.unique("file_sha256", keep="first", maintain_order=True)
    records = np.concatenate([np.empty((0, RECORD_BYTES), np.uint8), *(rows for _, rows in parts)])
    classes, class_of = classify(records[contents["row"].to_numpy()])
    return ClassIndex(contents.drop("row"), class_of, classes)


def read_class_names(tables: TableStore, contents: pl.Series) -> NDArray[np.int64]:
    """The names of the classes of contents, distinct and ascending: (n,), of which little more is held at a time."""
    names = np.zeros(len(contents), np.int64)
    for key in tables.partitions(IMAGE_FEATURES):
        for part in tables.commit_of(IMAGE_FEATURES, key).parts:
            rows, records = _read_parts(tables, key, [part])
            at = number_contents(contents, rows["file_sha256"])
            names[at[at >= 0]] = name_rows(records[at >= 0])
    return names


def _read_parts(tables: TableStore, key: str, parts: Sequence[Part]) -> tuple[pl.DataFrame, NDArray[np.uint8]]:
    rows = readable(tables, key, parts, COLUMNS)
    low = is_low_information(rows["contrast"].to_numpy(), rows["detail"].to_numpy())
    hashes = HashedContents(
        **{name: binary_matrix(rows[f"{name}_hash"], HASH_BYTES) for name in HASHES},
        has_inner=rows["inner_dct_hash"].is_not_null().to_numpy(),
        low_information=np.asarray(low, np.bool_),
    )
    colours = binary_matrix(rows["color_8"], SUMMARY_BYTES).reshape(-1, SUMMARY_BYTES // 3, 3)
    means = colours.mean(axis=1).round().astype(np.uint8)
    return rows.select("image_id", "file_sha256"), hash_records(hashes, means)


def binary_matrix(values: pl.Series, width: int) -> NDArray[np.uint8]:
    """A column of equally long bytes as (n, width) uint8; zeros where there is none."""
    return np.frombuffer(b"".join(values.fill_null(bytes(width))), np.uint8).reshape(-1, width)
