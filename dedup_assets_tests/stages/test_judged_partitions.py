"""Which partitions a check judges, on three tables of which each is made from the one before."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.judged_partitions import JudgedPartitions, judge_partitions
from dedup_assets.stages.stage import made_from
from dedup_assets.tables import IMAGE_MANIFEST, METADATA_HASHES, WAVELET_GROUPS
from dedup_assets_tests.conftest import CollectionOf

LISTED, READ, MADE = IMAGE_MANIFEST, METADATA_HASHES, WAVELET_GROUPS
"""Any three tables serve."""

ROW = {"image_id": 1, "file_sha256": bytes(32), "tool": "a", "parser_version": "1", "parameters": "{}"}


@pytest.fixture
def tables(collection_of: CollectionOf) -> TableStore:
    return collection_of({}).tables()


def listed(*numbers: int) -> pl.DataFrame:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    row = {"etag": "1", "size_bytes": 1, "created_at": now, "modified_at": now}
    return LISTED.frame([row | {"image_id": number, "path": f"{number}.jpg"} for number in numbers])


def make(tables: TableStore, *names: Any, key: str = "a") -> None:
    """Bring some of the tables up to date, in their order."""
    for table, source in ((READ, LISTED), (MADE, READ)):
        if table in names:
            tables.rewrite(table, key, table.empty(), "made", made_from(tables, key, source))


def judged(tables: TableStore) -> tuple[list[str], list[str], list[str]]:
    found = judge_partitions(tables, MADE, READ, LISTED)
    return list(found.keys), list(found.at_work), list(found.missing)


def test_a_partition_is_judged_where_all_tables_are_up_to_date(tables: TableStore) -> None:
    tables.rewrite(LISTED, "a", listed(1), "")
    make(tables, READ, MADE)
    assert judged(tables) == (["a"], [], [])


def test_a_partition_whose_source_has_changed_since_is_at_work(tables: TableStore) -> None:
    tables.rewrite(LISTED, "a", listed(1), "")
    make(tables, READ, MADE)
    tables.rewrite(LISTED, "a", listed(1, 2), "")
    assert judged(tables) == ([], ["a"], [])


def test_a_partition_whose_source_is_just_being_made_is_at_work(tables: TableStore) -> None:
    tables.rewrite(LISTED, "a", listed(1), "")
    tables.append(tables.begin(READ, "a"), READ, READ.frame([ROW]))
    assert judged(tables) == ([], ["a"], [])


def test_a_partition_that_nobody_made_is_missing_if_there_is_something_to_make_it_from(tables: TableStore) -> None:
    tables.rewrite(LISTED, "a", listed(1), "")
    tables.rewrite(LISTED, "b", listed(), "")
    assert judged(tables) == ([], [], ["a"])
    make(tables, READ)
    assert judged(tables) == ([], [], ["a"])


def test_a_finished_partition_that_does_not_say_from_what_it_was_made_is_missing(tables: TableStore) -> None:
    tables.rewrite(LISTED, "a", listed(1), "")
    make(tables, READ)
    tables.rewrite(MADE, "a", MADE.empty(), "made")
    assert judged(tables) == ([], [], ["a"])


@pytest.mark.parametrize(
    ("keys", "at_work", "missing", "passed"),
    [
        (["a"], [], [], True),
        (["a"], [], ["b"], True),  # another run is on its way to b, and has not begun
        ([], ["a"], ["b"], True),
        ([], [], ["b"], False),
        ([], [], [], True),
    ],
)
def test_a_check_fails_where_everything_is_missing_and_says_how_many_partitions_it_judged(
    keys: list[str], at_work: list[str], missing: list[str], passed: bool
) -> None:
    result = JudgedPartitions(keys, at_work, missing).result(True, lost=0)
    assert result.passed == passed
    assert {name: value.value for name, value in result.metadata.items()} == {
        "lost": 0, "partitions_judged": len(keys), "partitions_at_work": len(at_work), "partitions_missing": len(missing),
    }  # fmt: skip
    assert not JudgedPartitions(keys, at_work, missing).result(False).passed
