from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore

from dedup_assets.resources.tables.stored_files import PARTS_OUTLIVE, StoredFiles, is_old


@pytest.fixture
def stored(tmp_path: Path) -> StoredFiles:
    return StoredFiles(LocalStore(tmp_path))


def test_a_document_is_created_once(stored: StoredFiles) -> None:
    stored.create_document("layout/000001.json", {"first": True})
    with pytest.raises(AlreadyExistsError):
        stored.create_document("layout/000001.json", {"first": False})
    assert stored.read_document("layout/000001.json") == {"first": True}


def test_a_document_is_replaced_and_a_missing_one_is_none(stored: StoredFiles) -> None:
    assert stored.read_document("project.json") is None
    assert stored.read_bytes("report/index.html") is None
    stored.write_document("project.json", {"b": 1, "a": "ü"})
    stored.write_document("project.json", {"b": 2, "a": "ü"})
    assert stored.read_bytes("project.json") == '{\n "a": "ü",\n "b": 2\n}'.encode()


def test_a_file_may_be_deleted_twice(stored: StoredFiles) -> None:
    stored.write_bytes("a/b", b"c")
    for _ in range(2):
        stored.delete("a/b")
        assert stored.read_bytes("a/b") is None


def test_what_is_a_day_ago_is_old() -> None:
    now = datetime.now(UTC)
    assert is_old(now - PARTS_OUTLIVE - timedelta(seconds=1))
    assert not is_old(now - PARTS_OUTLIVE + timedelta(minutes=1))


def test_the_files_below_a_directory_are_listed(stored: StoredFiles) -> None:
    for path in ("a/1", "a/b/2", "ab/3"):
        stored.write_bytes(path, b"c")
    assert sorted(entry["path"] for entry in stored.list_files("a")) == ["a/1", "a/b/2"]
    assert list(stored.list_files("nowhere")) == []
