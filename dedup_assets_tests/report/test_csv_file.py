import codecs
import csv
import random
from io import BytesIO, StringIO
from typing import Any

import polars as pl
import pytest

from dedup_assets.report.csv_file import REPORT_CSV_COLUMNS, write_image_report
from dedup_assets.report.sorted_runs import ROWS_PER_RUN
from dedup_assets.tables import DEDUP_REPORT

SEED_COLUMNS = (
    "Image Path", "Quality Score", "Group ID", "Group Size", "Status", "Avg Color Correlation", "Dominant Colors",
)  # fmt: skip
HOSTILE_PATHS = [
    "=1+1.jpg",
    "-x.jpg",
    "a,b.jpg",
    'a"b.jpg',
    "a\nb.jpg",
    "a\rb.jpg",
    " lead.jpg",
    "größer 🐱.jpg",
    "#.jpg",
]


def row(image_id: int, path: str, status: str = "Best", group_id: str | None = "g1", **values: Any) -> dict[str, Any]:
    """One row of dedup_report with nulls where nothing is said."""
    columns = dict.fromkeys((column.name for column in DEDUP_REPORT.columns), None)
    known = {
        "image_id": image_id,
        "path": path,
        "status": status,
        "group_id": group_id,
        "group_size": 1,
        "size_bytes": 9,
        "reclaimable_bytes": 0,
    }
    return columns | known | values


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of dedup_report in its types."""
    return pl.DataFrame(rows, schema={column.name: column.dtype for column in DEDUP_REPORT.columns})


def written(*frames: pl.DataFrame) -> bytes:
    """The report of those frames."""
    return written_twice(*frames)[0]


def written_twice(*frames: pl.DataFrame) -> tuple[bytes, bytes]:
    """The report of those frames for scripts, and for people."""
    for_scripts, for_people = BytesIO(), BytesIO()
    write_image_report(frames, for_scripts, for_people)
    return for_scripts.getvalue(), for_people.getvalue()


def read(report: bytes) -> list[dict[str, str]]:
    """The report as another program reads it."""
    return list(csv.DictReader(StringIO(report.decode("utf-8"), newline="")))


def test_the_first_columns_are_those_that_users_of_earlier_systems_know() -> None:
    assert REPORT_CSV_COLUMNS[:7] == SEED_COLUMNS
    assert written(frame([])).decode() == ",".join(REPORT_CSV_COLUMNS) + "\r\n"
    assert written() == written(frame([]))


def test_best_stands_first_in_its_group_then_paths_and_unreadable_files_stand_last() -> None:
    rows = [
        row(1, "z.jpg", "Unreadable", None, cause="Cut."),
        row(2, "a.jpg", "Unreadable", None, cause="Cut."),
        row(3, "b.jpg", "Duplicate"),
        row(4, "a.jpg", "Duplicate"),
        row(5, "z.jpg", "Best"),
        row(6, "a.jpg", "Best", "g0"),
    ]
    assert [(r["Status"], r["Group ID"], r["Image Path"]) for r in read(written(frame(rows)))] == [
        ("Best", "g0", "a.jpg"),
        ("Best", "g1", "z.jpg"),
        ("Duplicate", "g1", "a.jpg"),
        ("Duplicate", "g1", "b.jpg"),
        ("Unreadable", "", "a.jpg"),
        ("Unreadable", "", "z.jpg"),
    ]


def test_every_value_stands_in_its_column() -> None:
    values: dict[str, Any] = {
        "quality_score": 0.12345678, "group_size": 3, "avg_color_correlation": -1e-9, "dominant_colors": 4,
        "level": "near", "representative_path": "best.jpg", "kept_because": "more pixels",
        "decided_by": "color", "similar_group_id": "s1", "width_px": 640, "height_px": 480, "size_bytes": 1234,
        "file_sha256": bytes(range(32)), "companions": "a.xmp", "reclaimable_bytes": 99,
    }  # fmt: skip
    (only,) = read(written(frame([row(7, "a.jpg", "Duplicate", **values)])))
    assert list(only.values()) == [
        "a.jpg", "0.123457", "g1", "3", "Duplicate", "0.0", "4", "near", "best.jpg", "more pixels",
        "color", "s1", "", "640", "480", "1234", bytes(range(32)).hex(), "a.xmp", "99",
    ]  # fmt: skip


def test_paths_come_back_exactly_from_another_program() -> None:
    rows = [row(number + 1, path) for number, path in enumerate(HOSTILE_PATHS)]
    assert [r["Image Path"] for r in read(written(frame(rows)))] == sorted(HOSTILE_PATHS)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_for_people_no_text_begins_a_formula_and_for_scripts_all_is_as_it_is(sign: str) -> None:
    formula = f"{sign}HYPERLINK(1)"
    rows = [
        row(1, formula, "Unreadable", None, cause=formula, representative_path="a=b", avg_color_correlation=-0.5),
        row(2, "größer - x.jpg", "Best"),
    ]
    for_scripts, for_people = written_twice(frame(rows))
    assert for_people.startswith(codecs.BOM_UTF8)
    other, raw = read(for_scripts)
    same, guarded = read(for_people.removeprefix(codecs.BOM_UTF8))
    assert other == same
    assert (raw["Image Path"], raw["Cause"]) == (formula, formula)
    assert guarded == raw | {"Image Path": f"'{formula}", "Cause": f"'{formula}"}
    assert guarded["Avg Color Correlation"] == "-0.5"


def test_a_score_that_is_not_a_number_is_empty() -> None:
    (only,) = read(written(frame([row(1, "a.jpg", quality_score=float("nan"))])))
    assert only["Quality Score"] == ""


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError):
        written(frame([row(1, "a.jpg", "Maybe")]))


def test_the_same_rows_give_the_same_bytes_in_any_order_and_any_frames() -> None:
    rows = [
        row(
            number + 1,
            f"p{number % 7}/{number}.jpg",
            random.Random(number).choice(["Best", "Duplicate"]),
            f"g{number % 40:02d}",
        )
        for number in range(300)
    ]
    expected = written(frame(rows))
    random.Random(1).shuffle(rows)
    assert written(frame(rows[:1]), frame(rows[1:150]), frame([]), frame(rows[150:])) == expected


def test_more_rows_than_memory_should_hold_come_out_in_the_same_order() -> None:
    count = ROWS_PER_RUN * 5 // 4
    number = pl.int_range(count, dtype=pl.Int64)
    rows = frame([row(1, "a.jpg")]).select(pl.all().repeat_by(count).explode()).with_columns(
        image_id=number + 1,
        path=pl.format("{}.jpg", (number * 7919 % count).cast(pl.String).str.zfill(7)),
        group_id=pl.format("g{}", number % 9000),
    )  # fmt: skip
    report = pl.read_csv(written(rows[: count // 3], rows[count // 3 :]), infer_schema=False)
    expected = rows.sort("group_id", "path")
    assert report["Image Path"].equals(expected["path"].alias("Image Path"))
    assert report["Group ID"].equals(expected["group_id"].alias("Group ID"))
