"""Names of one file: what deleting all duplicates frees, and where symbolic links belong, on small reports drawn by hand."""

import polars as pl
import pytest

from dedup_assets.stages.grouping.linked_names import with_links
from dedup_assets.tables import DEDUP_REPORT, IMAGE_MANIFEST

REPORTED = {**DEDUP_REPORT.schema, "partition": pl.String}
del REPORTED["reclaimable_bytes"], REPORTED["companions"]


def report(*names: tuple[str, str | None, str, str]) -> pl.DataFrame:
    """Rows of the report: path, group, status and content; the image_id follows from the place."""
    rows = [
        {
            "image_id": number, "path": path, "group_id": group, "status": status, "group_size": 2, "size_bytes": 10,
            "file_sha256": content.encode() * 32, "keep_rank": number, "partition": "/",
            "representative_path": "kept" if status == "Duplicate" else None,
            "level": "near" if status == "Duplicate" else None,
        }
        for number, (path, group, status, content) in enumerate(names, start=1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=REPORTED)


def manifest(*files: tuple[int | None, int | None]) -> pl.DataFrame:
    """What the listing tells of each name: inode and number of names; all have 10 bytes."""
    rows: list[dict[str, object]] = [
        {"image_id": number, "size_bytes": 10, "device": 1, "inode": inode, "link_count": links}
        for number, (inode, links) in enumerate(files, start=1)
    ]
    return IMAGE_MANIFEST.frame(rows)


@pytest.mark.parametrize(
    ("files", "freed"),
    [
        ([(1, 1), (2, 1), (3, 1)], [0, 10, 10]),
        ([(1, 2), (1, 2), (3, 1)], [0, 0, 10]),
        ([(1, 1), (2, 2), (2, 2)], [0, 10, 0]),
        ([(1, 1), (2, 3), (2, 3)], [0, 0, 0]),
        ([(1, 1), (1, 1), (2, 1)], [0, 0, 10]),
        ([(None, None), (None, None), (None, None)], [0, 10, 10]),
    ],
    ids=["three files", "kept elsewhere", "one file twice", "a name outside", "names not counted", "a container"],
)
def test_a_file_is_freed_once_and_only_where_none_of_its_names_stays(
    files: list[tuple[int | None, int | None]], freed: list[int]
) -> None:
    rows = report(("kept", "g1", "Best", "a"), ("b", "g1", "Duplicate", "a"), ("c", "g1", "Duplicate", "a"))
    found = with_links(rows, rows.clear(), manifest(*files))
    assert found.sort("image_id")["reclaimable_bytes"].to_list() == freed


def test_inodes_that_a_file_system_gives_twice_do_not_join_other_bytes() -> None:
    rows = report(("kept", "g1", "Best", "a"), ("b", "g1", "Duplicate", "b"))
    assert with_links(rows, rows.clear(), manifest((1, 1), (1, 1)))["reclaimable_bytes"].to_list() == [0, 10]


def test_a_link_joins_the_group_of_its_target_and_one_without_readable_target_stays_as_it_is() -> None:
    rows = report(
        ("kept", "g1", "Best", "a"),
        ("copy", "g1", "Duplicate", "b"),
        ("to kept", None, "Unreadable", ""),
        ("to copy", None, "Unreadable", ""),
        ("to nothing", None, "Unreadable", ""),
    )
    listed = manifest((1, 1), (2, 1), (None, None), (None, None), (None, None)).with_columns(
        link_target=pl.Series([None, None, "kept", "copy", "gone"])
    )
    found = with_links(rows[:2], rows[2:], listed).sort("image_id")
    assert found["status"].to_list() == ["Best", "Duplicate", "Duplicate", "Duplicate", "Unreadable"]
    assert found["level"].to_list() == [None, "near", "exact", "near", None]
    assert found["representative_path"].to_list() == [None, "kept", "kept", "kept", None]
    assert found["group_size"].to_list() == [4, 4, 4, 4, 1]
    assert found["decided_by"].to_list() == [None, None, "link", "link", None]
    assert found["file_sha256"][2] == found["file_sha256"][0]
    assert found["keep_rank"].n_unique() == 5
