from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.decisions import (
    DOCUMENT,
    Decision,
    current_decisions,
    every_decision,
    keep_copy,
    read_decisions,
    record_decisions,
)
from dedup_assets.resources.database.migrations import migrate
from dedup_assets.resources.tables.store import TableStore

A, B, C = sorted(sha256(letter.encode()).digest() for letter in "abc")


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return Collection(store=str(tmp_path / "store")).tables()


def counting(database: psycopg.Connection) -> list[tuple[bytes, bytes, str]]:
    return [(each.left_sha256, each.right_sha256, each.verdict) for each in current_decisions(database)]


def test_of_decisions_about_one_pair_the_newest_counts_whichever_end_stands_first(database: psycopg.Connection) -> None:
    record_decisions(database, "same", [(A, B), (A, C)], decided_by="anna")
    record_decisions(database, "not_same", [(B, A)], decided_by="ben", reason="another colour")
    assert counting(database) == [(A, B, "not_same"), (A, C, "same")]
    assert len(every_decision(database)) == 3


def test_a_decision_taken_back_counts_no_more_and_stays_on_record(database: psycopg.Connection) -> None:
    record_decisions(database, "keep_this", [(A, A)], decided_by="anna", kept=A)
    record_decisions(database, "keep_this", [(C, A)], decided_by="anna", kept=C)
    record_decisions(database, "withdrawn", [(A, A)], decided_by="ben")
    assert counting(database) == [(A, C, "keep_this")]
    assert [each.verdict for each in every_decision(database)] == ["keep_this", "keep_this", "withdrawn"]
    record_decisions(database, "keep_this", [(A, A)], decided_by="anna", kept=A)
    assert counting(database) == [(A, A, "keep_this"), (A, C, "keep_this")]


@pytest.mark.parametrize(
    ("verdict", "ends", "kept", "by"),
    [
        ("same", (A, A), None, "anna"),
        ("not_same", (A, A), None, "anna"),
        ("keep_this", (A, B), C, "anna"),
        ("keep_this", (A, A), None, "anna"),
        ("perhaps", (A, B), None, "anna"),
        ("same", (A, B), None, ""),
    ],
)
def test_what_makes_no_sense_is_refused_with_all_that_came_with_it(
    database: psycopg.Connection, verdict: str, ends: tuple[bytes, bytes], kept: bytes | None, by: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        record_decisions(database, verdict, [(B, C), ends], decided_by=by, kept=kept)
    assert every_decision(database) == []


def test_who_when_and_why_are_one_text() -> None:
    decision = Decision(A, B, "same", None, "anna", datetime(2026, 5, 1, 23, 30, tzinfo=UTC), "seen on paper")
    assert decision.who_when_why == "anna, 2026-05-01, seen on paper"


def test_a_lost_database_gets_its_decisions_back_and_the_copy_gets_the_new_ones(
    database: psycopg.Connection, tables: TableStore
) -> None:
    record_decisions(database, "same", [(A, B)], decided_by="anna", reason="ünïcode")
    record_decisions(database, "keep_this", [(B, B)], decided_by="anna", kept=B)
    keep_copy(database, tables)
    known = every_decision(database)
    database.execute("DROP SCHEMA dedup CASCADE")
    migrate(database)
    record_decisions(database, "not_same", [(A, B)], decided_by="ben")
    keep_copy(database, tables)
    assert every_decision(database)[:2] == known
    assert counting(database) == [(A, B, "not_same"), (B, B, "keep_this")]
    assert [row["decided_by"] for row in tables.read_document(DOCUMENT) or []] == ["anna", "anna", "ben"]


def test_a_copy_that_is_whole_is_not_written_again(
    database: psycopg.Connection, tables: TableStore, tmp_path: Path
) -> None:
    keep_copy(database, tables)
    assert tables.read_document(DOCUMENT) is None
    record_decisions(database, "same", [(A, B)], decided_by="anna")
    keep_copy(database, tables)
    written = (tmp_path / "store" / DOCUMENT).stat().st_mtime_ns
    keep_copy(database, tables)
    assert (tmp_path / "store" / DOCUMENT).stat().st_mtime_ns == written


def test_no_server_is_started_where_nobody_ever_decided_anything(
    tables: TableStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    data = tmp_path / "server"
    assert read_decisions(DatabaseResource(data_directory=str(data)), tables) == []
    assert not data.exists()
