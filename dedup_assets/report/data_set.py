"""The report and the tables as a data set for other tools: its columns, and the bytes of one file.

Belongs here: names and formats. Does not belong here: which rows there are, and where files go (`stages/exporting.py`).
"""

import io
from typing import Literal

import polars as pl

from dedup_assets.resources.locations import Location, url_of

Format = Literal["parquet", "csv", "jsonl"]

_REPORT = {
    "image_id": "image_id",
    "path": "path",
    "sha256": "file_sha256",
    "width": "width_px",
    "height": "height_px",
    "size_bytes": "size_bytes",
    "status": "status",
    "group": "group_id",
    "group_size": "group_size",
    "level": "level",
    "representative": "representative_path",
    "kept_because": "kept_because",
    "decided_by": "decided_by",
    "look_alike_group": "similar_group_id",
    "quality_score": "quality_score",
    "avg_color_correlation": "avg_color_correlation",
    "reclaimable_bytes": "reclaimable_bytes",
    "companions": "companions",
    "cause": "cause",
}


def shape_images(report: pl.DataFrame, source: Location) -> pl.DataFrame:
    """Rows of `dedup_report` as the columns that other tools may rely on, by path; SHA-256 in hex.

    `url` is where the image lies: file:///… or https://account.blob.core.windows.net/…, quoted, without a signature.
    """
    rows = report.sort("path").select(**{name: pl.col(column) for name, column in _REPORT.items()})
    url = pl.Series("url", [url_of(source, path) for path in rows["path"]], dtype=pl.String)
    rows = rows.with_columns(pl.col("sha256").bin.encode("hex"), url)
    return rows.select("image_id", "path", "url", pl.exclude("image_id", "path", "url"))


def encode(rows: pl.DataFrame, form: Format) -> bytes:
    """Rows as one file: Parquet as they are; CSV (UTF-8, a header line) and JSON (an object a line) with bytes in hex.

    In CSV the values of a list stand in one field, with spaces between them.
    """
    sink = io.BytesIO()
    if form == "parquet":
        rows.write_parquet(sink)
        return sink.getvalue()
    texts = rows.with_columns(pl.col(pl.Binary).bin.encode("hex"))
    if form == "jsonl":
        texts.write_ndjson(sink)
    else:
        lists = pl.selectors.by_dtype(pl.List)
        texts.with_columns(lists.cast(pl.List(pl.String)).list.join(" ")).write_csv(sink, line_terminator="\r\n")
    return sink.getvalue()
