"""Files that go along with an image of their name: raw files, films of live photos, sidecars.

Belongs here: which they are, and naming them. Does not belong here: copying them (`assets/organized_blobs.py`).
"""

import polars as pl

from dedup_assets.tables import COMPANION_FILES


def find_companions(images: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Rows of `companion_files`: which of the `others` lie beside which image and have its name, with another suffix or one more.

    Capitals do not count. Both have the columns image_id, path, etag.
    """
    path = pl.col("path").str.to_lowercase()
    bare = path.str.replace(r"\.[^./]*$", "")
    named = pl.concat([images.select(name=name, companion_of="image_id") for name in (bare, path)])
    found = others.with_columns(name=bare).join(named, on="name")
    return found.select(COMPANION_FILES.column_names).unique().sort("path", "companion_of")


def name_companions(companions: pl.DataFrame) -> pl.DataFrame:
    """Columns image_id, and companions: the names of its files, sorted."""
    names = pl.col("path").str.split("/").list.last().sort().str.join(", ")
    return companions.group_by(image_id="companion_of").agg(companions=names)
