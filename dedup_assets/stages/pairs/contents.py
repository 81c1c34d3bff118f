"""The distinct contents of all partitions: exact copies collapse to one before anything is compared.

Belongs here: reading projections of `image_features` across partitions by content. Does not belong here: comparing them.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.resources.tables.commits import Part
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import IMAGE_FEATURES

PAIR_KEY = ("left_sha256", "right_sha256")
"""A pair is known by its contents, wherever it stands."""


def read_contents(tables: TableStore, columns: Sequence[str]) -> pl.DataFrame:
    """One row a readable content (`file_sha256`), of its image with the lowest id, with `partition` and the named columns.

    Sorted by file_sha256, so that nothing depends on the order of partitions or of rows; `at` is their place in that order, from 0.
    """
    frames = [readable(tables, each.partition, each.parts, columns) for each in tables.commits(IMAGE_FEATURES)]
    every = pl.concat([readable(tables, "", (), columns), *frames]).with_row_index("at")
    return every.sort("file_sha256", "image_id").unique("file_sha256", keep="first", maintain_order=True)


def readable(tables: TableStore, partition: str, parts: Sequence[Part], columns: Sequence[str]) -> pl.DataFrame:
    """The readable images of some parts: image_id, file_sha256, partition and the named columns."""
    rows = tables.read_parts(IMAGE_FEATURES, partition, parts, ["image_id", "file_sha256", "decode_status", *columns])
    return rows.filter(pl.col("decode_status") == "ok").drop("decode_status").with_columns(partition=pl.lit(partition))


def number_contents(contents: pl.Series, values: pl.Series) -> NDArray[np.int64]:
    """The row in `contents`, distinct and ascending, of each of some SHA-256: (n,), -1 where it is not among them.

    A search instead of a join: three times as long, but a hash table of a million contents takes 140 MB.
    """
    if contents.is_empty():
        return np.full(len(values), -1, np.int64)
    at = contents.search_sorted(values).clip(0, len(contents) - 1)
    is_there = (contents.gather(at) == values).to_numpy()
    return np.where(is_there, at.to_numpy().astype(np.int64), -1)


def pair_up(contents: pl.DataFrame, left: NDArray[np.int64], right: NDArray[np.int64]) -> pl.DataFrame:
    """The rows `left` of contents beside the rows `right`: left_id, left_sha256, right_id, right_sha256, and so on.

    `contents`: image_id, file_sha256, and what else is told of the ends.
    """
    named = contents.rename({"image_id": "id", "file_sha256": "sha256"})
    ends = [named[rows].select(pl.all().name.prefix(side)) for side, rows in (("left_", left), ("right_", right))]
    return pl.concat(ends, how="horizontal")


def order_pair_ends(pairs: pl.DataFrame) -> pl.DataFrame:
    """Swap the ends of pairs so that left_id < right_id; a `transform` column is inverted with them.

    Expects left_id, right_id, and what else is told of the ends as left_... and right_...; other columns are kept.
    """
    swap = pl.col("left_id") > pl.col("right_id")
    ends = {
        f"{side}_{what}": pl.when(swap).then(pl.col(f"{other}_{what}")).otherwise(pl.col(f"{side}_{what}"))
        for side, other in (("left", "right"), ("right", "left"))
        for what in (name.removeprefix("left_") for name in pairs.columns if name.startswith("left_"))
    }
    if "transform" in pairs.columns:
        turned = pl.col("transform").replace({"rot90": "rot270", "rot270": "rot90"})
        ends["transform"] = pl.when(swap).then(turned).otherwise(pl.col("transform"))
    return pairs.with_columns(**ends)
