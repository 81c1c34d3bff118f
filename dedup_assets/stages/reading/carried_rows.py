"""Rows of `image_features` that an earlier version wrote, and that stand: photographs in JPEG.

Belongs here: telling by format, and by stored thumbnails, which images have something to gain (`kernels/describe/drawn.py`).
Does not belong here: reading them again (`assets/image_features.py`).
"""

import polars as pl

from dedup_assets.kernels.describe.drawn import is_drawn
from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail
from dedup_assets.stages.reading.rows import FEATURE_VERSION
from dedup_assets.tables import IMAGE_FEATURES

CARRIED_VERSION = 3
"""Rows of this version stand where what is new is not worth a download."""

ROWS_AT_ONCE = 1_000


def must_be_read_again() -> pl.Expr:
    """Which rows of `image_features` an earlier version left without what the bytes would tell.

    A photograph in JPEG has neither frames nor transparency, and its tables are known: what it tells of camera, time and
    place, and its structure, fills and gaps, stay unknown until its bytes change. Pictures of several views in one JPEG file
    (MPO) are taken for stills until then.
    """
    is_current = pl.col("feature_version") == FEATURE_VERSION
    is_photograph = (pl.col("image_format") == "JPEG").fill_null(False) | (pl.col("decode_status") != "ok")
    return ~(is_current | ((pl.col("feature_version") == CARRIED_VERSION) & is_photograph))


def find_drawn(tables: TableStore, partition: str, image_ids: pl.Series) -> pl.Series:
    """Those of some images whose thumbnails show a page, a screen or a drawing."""
    drawn = [pl.Series(dtype=pl.Int64)]
    for start in range(0, len(image_ids), ROWS_AT_ONCE):
        wanted = image_ids.slice(start, ROWS_AT_ONCE)
        rows = tables.read_rows(IMAGE_FEATURES, partition, "image_id", wanted, ["image_id", "thumbnail"]).drop_nulls()
        shown = [is_drawn(to_gray(decode_thumbnail(thumbnail))) for thumbnail in rows["thumbnail"]]
        drawn.append(rows["image_id"].filter(pl.Series(shown, dtype=pl.Boolean)))
    return pl.concat(drawn)
