"""The CSV report: every image of the source exactly once, for scripts, and a copy of it for spreadsheets.

Belongs here: names, order and format of its columns and rows.
Does not belong here: what the values mean and how they came about (`tables.py`, `assets/`).
"""

from collections.abc import Iterable
from typing import BinaryIO

import polars as pl

from dedup_assets.report.sorted_runs import sort_frames
from dedup_assets.tables import REPORT_STATUSES

_SOURCES: dict[str, pl.Expr] = {
    "Image Path": pl.col("path"),
    "Quality Score": pl.col("quality_score"),
    "Group ID": pl.col("group_id"),
    "Group Size": pl.col("group_size"),
    "Status": pl.col("status"),
    "Avg Color Correlation": pl.col("avg_color_correlation"),
    "Dominant Colors": pl.col("dominant_colors"),
    "Level": pl.col("level"),
    "Representative": pl.col("representative_path"),
    "Kept Because": pl.col("kept_because"),
    "Decided By": pl.col("decided_by"),
    "Look-alike Group": pl.col("similar_group_id"),
    "Cause": pl.col("cause"),
    "Width": pl.col("width_px"),
    "Height": pl.col("height_px"),
    "Size Bytes": pl.col("size_bytes"),
    "SHA-256": pl.col("file_sha256").bin.encode("hex"),
    "Companions": pl.col("companions"),
    "Reclaimable Bytes": pl.col("reclaimable_bytes"),
}

REPORT_CSV_COLUMNS = tuple(_SOURCES)

_GUARDED = pl.col(pl.String).str.replace(r"^([=+\-@\t\r\n＝＋－＠])", "'$1")
"""What a spreadsheet would take for a formula (OWASP, CSV injection), the wide signs of East Asian ones too, becomes text."""

_KEY = pl.concat_str(
    (pl.col("status") == "Unreadable").cast(pl.Int8),
    pl.col("group_id").is_null().cast(pl.Int8),
    pl.col("group_id").fill_null(""),
    pl.col("status").replace_strict({status: rank for rank, status in enumerate(REPORT_STATUSES)}),
    pl.col("path"),
    pl.col("image_id"),
    separator="\x00",
)


def write_image_report(report: Iterable[pl.DataFrame], for_scripts: BinaryIO, for_people: BinaryIO) -> None:
    """Write rows of `dedup_report` as CSV: UTF-8, RFC 4180 (commas, CRLF), one header line.

    Sorted by group, in it Best first, then by path; unreadable files last. The same rows in any order give the same
    bytes. An empty field is a value that there is none of; numbers have at most six digits after the point.

    For scripts every value is written exactly as it is. For people, who open it in a spreadsheet, an apostrophe stands before what
    begins like a formula, and the file begins with the mark by which these know UTF-8. Memory stays flat (`sorted_runs.py`) where
    frames are no larger than a partition.
    Raises polars' ColumnNotFoundError for a missing column, InvalidOperationError for an unknown status.
    """
    header = pl.DataFrame(schema=dict.fromkeys(REPORT_CSV_COLUMNS, pl.String))
    header.write_csv(for_scripts, line_terminator="\r\n")
    header.write_csv(for_people, line_terminator="\r\n", include_bom=True)
    for keyed in sort_frames(map(shape_rows, report), "_key"):
        rows = keyed.drop("_key")
        rows.write_csv(for_scripts, include_header=False, line_terminator="\r\n")
        rows.with_columns(_GUARDED).write_csv(for_people, include_header=False, line_terminator="\r\n")


def shape_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `dedup_report` as columns of the CSV, and the `_key` that they are sorted by."""
    numbers = pl.col("quality_score", "avg_color_correlation").cast(pl.Float64)
    return frame.with_columns(numbers.fill_nan(None).round(6) + 0.0).select(**_SOURCES, _key=_KEY)
