"""Rows of `image_features` that an earlier version wrote, and that stand: all but pages, screens and drawings.

Belongs here: telling by stored thumbnails which images have a finer record to gain (`kernels/describe/drawn.py`). Does not belong
here: reading them again (`assets/image_features.py`).
"""

import polars as pl

from dedup_assets.kernels.describe.drawn import is_drawn
from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail
from dedup_assets.tables import IMAGE_FEATURES

CARRIED_VERSION = 3
"""Photographs that this version read gain nothing by being read again."""

ROWS_AT_ONCE = 1_000


def find_drawn(tables: TableStore, partition: str, image_ids: pl.Series) -> pl.Series:
    """Those of some images whose thumbnails show a page, a screen or a drawing."""
    drawn = [pl.Series(dtype=pl.Int64)]
    for start in range(0, len(image_ids), ROWS_AT_ONCE):
        wanted = image_ids.slice(start, ROWS_AT_ONCE)
        rows = tables.read_rows(IMAGE_FEATURES, partition, "image_id", wanted, ["image_id", "thumbnail"]).drop_nulls()
        shown = [is_drawn(to_gray(decode_thumbnail(thumbnail))) for thumbnail in rows["thumbnail"]]
        drawn.append(rows["image_id"].filter(pl.Series(shown, dtype=pl.Boolean)))
    return pl.concat(drawn)
