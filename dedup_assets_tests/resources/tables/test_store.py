"""Tables on disk: what readers see while writers write, are killed, or replace what is being read."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import LocalStore

from dedup_assets.contracts import Column, Table
from dedup_assets.errors import TableContractError
from dedup_assets.resources.tables import stored_files
from dedup_assets.resources.tables.commits import LONGEST_NAME, Commit, partition_directory
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.resources.tables.stored_files import BLOCK_BYTES

ADayLater = Callable[[], AbstractContextManager[None]]

COINS = Table(
    "coins",
    "Coins in a collection.",
    ("coin_id",),
    (Column("coin_id", pl.Int64, "One coin"), Column("picture", pl.Binary, "Its picture", "bytes", nullable=True)),
)
ODD_PARTITIONS = [
    "/",
    "a/b",
    "50% off",
    "a/#00",
    "+001",
    "Überblick & Co",
    "🙂",
    "a~b",
    "a  b",
    "//a",
    "x" * 400,
    "ü" * 90,
]

KILLED_WRITER = """
import os, signal, sys
from obstore.store import LocalStore
from dedup_assets.resources.tables.store import TableStore
from dedup_assets_tests.resources.tables.test_store import COINS, coins

class KilledBeforeTheCommit(TableStore):
    def publish(self, commit):
        os.kill(os.getpid(), signal.SIGKILL)

store = KilledBeforeTheCommit(LocalStore(sys.argv[1]))
getattr(store, sys.argv[2])(*{
    "append": (store.commit_of(COINS, "p"), COINS, coins(range(100, 200))),
    "rewrite": (COINS, "p", coins(range(100, 200)), "new"),
    "drop_rows": (store.commit_of(COINS, "p"), COINS, "coin_id", coins(range(3))["coin_id"]),
    "merge_small_parts": (store.commit_of(COINS, "p"), COINS, 100, 1),
}[sys.argv[2]])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def a_day_later(monkeypatch: pytest.MonkeyPatch) -> ADayLater:
    """Do something when all that is there now has been there for a day."""

    @contextmanager
    def later() -> Iterator[None]:
        with monkeypatch.context() as context:
            context.setattr(stored_files, "PARTS_OUTLIVE", timedelta(0))
            yield

    return later


@pytest.fixture
def tables(folder: Path) -> TableStore:
    return TableStore(LocalStore(folder))


def coins(numbers: "range | list[int]", picture: bytes = b"coin") -> pl.DataFrame:
    return COINS.frame([{"coin_id": number, "picture": picture} for number in numbers])


def ids(tables: TableStore, partition: str = "p") -> list[int]:
    return tables.read(COINS, partition)["coin_id"].to_list()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.parquet")}


def append(tables: TableStore, *parts: "range | list[int]", partition: str = "p") -> Commit:
    commit = tables.commit_of(COINS, partition)
    for part in parts:
        commit = tables.append(commit, COINS, coins(part))
    return commit


def test_a_partition_that_was_never_written_is_empty(tables: TableStore) -> None:
    assert tables.commit_of(COINS, "p") == Commit("coins", "p")
    assert tables.read(COINS, "p").schema == COINS.empty().schema
    assert tables.read_many(COINS).is_empty()
    assert tables.partitions(COINS) == []


def test_appended_parts_are_read_in_their_order(tables: TableStore) -> None:
    commit = append(tables, [5, 1], [3])
    assert ids(tables) == [5, 1, 3]
    assert commit == tables.commit_of(COINS, "p")
    assert (commit.rows, commit.fingerprint, len(commit.parts)) == (3, None, 2)


def test_a_part_of_several_blocks_is_written_whole(tables: TableStore, folder: Path) -> None:
    frame = coins(range(12), os.urandom(BLOCK_BYTES // 5))
    [part] = tables.append(tables.commit_of(COINS, "p"), COINS, frame).parts
    assert part.size_bytes > 2 * BLOCK_BYTES
    assert tables.read(COINS, "p").equals(frame)
    [path] = folder.rglob("*.parquet")
    assert (len(path.read_bytes()), hashlib.sha256(path.read_bytes()).hexdigest()) == (part.size_bytes, part.sha256)


def test_appending_nothing_writes_nothing(tables: TableStore, folder: Path) -> None:
    commit = tables.commit_of(COINS, "p")
    assert tables.append(commit, COINS, COINS.empty()) is commit
    assert list(folder.iterdir()) == []


def test_a_frame_that_breaks_its_contract_is_not_written(tables: TableStore, folder: Path) -> None:
    with pytest.raises(TableContractError, match="stands twice"):
        tables.rewrite(COINS, "p", coins([1, 1]), "f")
    assert list(folder.iterdir()) == []


def age(folder: Path, names: str = "*.parquet") -> None:
    """Make all files of such names two days old."""
    two_days_ago = time.time() - 2 * 86_400
    for path in folder.rglob(names):
        os.utime(path, (two_days_ago, two_days_ago))


def test_rewriting_replaces_all_rows_and_deletes_what_was_replaced_a_day_before(
    tables: TableStore, folder: Path, a_day_later: ADayLater
) -> None:
    before = append(tables, [1], [2])
    first = tables.rewrite(COINS, "p", coins([7, 8]), "fingerprint", {"policy": "x"})
    assert ids(tables) == [7, 8]
    assert files(folder) == {*before.part_names, *first.part_names}
    with a_day_later():
        commit = tables.rewrite(COINS, "p", coins([7, 9]), "fingerprint", {"policy": "x"})
    assert files(folder) == {*first.part_names, *commit.part_names}
    assert list(commit.replaced) == first.part_names
    assert tables.commit_of(COINS, "p") == commit
    assert (commit.fingerprint, commit.details) == ("fingerprint", {"policy": "x"})


@pytest.mark.parametrize("change", ["rewrite", "drop rows", "merge parts"])
def test_what_was_replaced_is_there_for_a_day_however_old_it_is_and_then_no_more(
    tables: TableStore, folder: Path, a_day_later: ADayLater, change: str
) -> None:
    before = append(tables, [1, 2], [3], [4])
    age(folder, "*")
    if change == "rewrite":
        after = tables.rewrite(COINS, "p", coins([9]), "f")
    elif change == "drop rows":
        after = tables.drop_rows(before, COINS, "coin_id", pl.Series([1]))
    else:
        after = tables.merge_small_parts(before, COINS, 5, 2)
    assert tables.begin(COINS, "p") == after
    assert tables.read_parts(COINS, "p", before.parts)["coin_id"].to_list() == [1, 2, 3, 4]
    with a_day_later():
        begun = tables.begin(COINS, "p")
    assert begun == tables.commit_of(COINS, "p") == replace(after, replaced={}, number=after.number + 1)
    assert files(folder) == set(after.part_names)


def test_who_begins_does_not_undo_what_another_run_commits_meanwhile(
    tables: TableStore, a_day_later: ADayLater
) -> None:
    append(tables, [1])
    tables.rewrite(COINS, "p", coins([2]), "f")
    other = tables.as_of_now()
    other.commit_of(COINS, "p")
    meanwhile = tables.rewrite(COINS, "p", coins([3]), "g")
    with a_day_later():
        assert other.begin(COINS, "p") == meanwhile
    assert tables.commit_of(COINS, "p") == meanwhile


def test_a_part_that_another_run_has_just_written_is_not_deleted(tables: TableStore, folder: Path) -> None:
    before = append(tables, [1])
    tables.publish(replace(before, parts=(), replaced={before.part_names[0]: "2020-01-01T00:00:00+00:00"}))
    age(folder)
    other = tables._write_part(COINS, "p", coins([2]))
    assert tables.begin(COINS, "p").replaced == {}
    assert files(folder) == {other.name}


def test_rewriting_with_no_rows_leaves_a_partition_that_is_done_and_empty(tables: TableStore, folder: Path) -> None:
    before = append(tables, [1])
    tables.rewrite(COINS, "p", COINS.empty(), "done")
    assert (ids(tables), tables.commit_of(COINS, "p").fingerprint) == ([], "done")
    assert files(folder) == set(before.part_names)
    assert tables.partitions(COINS) == ["p"]


def test_rewriting_with_equal_rows_keeps_the_file(tables: TableStore, folder: Path) -> None:
    first = tables.rewrite(COINS, "p", coins([1, 2]), "one")
    written_at = next(folder.rglob("*.parquet")).stat().st_mtime_ns
    second = tables.rewrite(COINS, "p", coins([1, 2]), "two")
    assert second.parts == first.parts
    assert second.fingerprint == "two"
    assert next(folder.rglob("*.parquet")).stat().st_mtime_ns == written_at


def test_equal_rows_have_equal_digests_wherever_they_lie(tables: TableStore) -> None:
    one, other = (tables.rewrite(COINS, key, coins([1, 2]), key) for key in ("a", "b"))
    different = tables.rewrite(COINS, "c", coins([2, 1]), "c")
    assert one.digest == other.digest != different.digest


def test_dropping_rows_rewrites_only_the_parts_that_held_them(tables: TableStore, folder: Path) -> None:
    before = append(tables, [1, 2], [3, 4], [5, 6])
    after = tables.drop_rows(before, COINS, "coin_id", pl.Series([1, 2, 4]))
    assert ids(tables) == [1, 2, 4]
    assert after.parts[0] == before.parts[0]
    assert len(after.parts) == 2
    assert files(folder) == {*before.part_names, *after.part_names}


def test_dropping_nothing_changes_nothing(tables: TableStore) -> None:
    before = append(tables, [1, 2])
    assert tables.drop_rows(before, COINS, "coin_id", pl.Series([1, 2, 3])) == before


def test_small_parts_are_merged_once_there_are_more_than_allowed(tables: TableStore) -> None:
    commit = append(tables, range(10, 20), [1], [2], [3])
    assert tables.merge_small_parts(commit, COINS, small_rows=5, max_small=3) == commit
    merged = tables.merge_small_parts(commit, COINS, small_rows=5, max_small=2)
    assert [part.rows for part in merged.parts] == [10, 3]
    assert ids(tables) == [*range(10, 20), 1, 2, 3]
    assert set(merged.replaced) == set(commit.part_names[1:])


def test_only_the_named_columns_are_read(tables: TableStore) -> None:
    append(tables, [1], partition="a")
    append(tables, [2], partition="b")
    assert tables.read_many(COINS, columns=["coin_id"]).to_dict(as_series=False) == {"coin_id": [1, 2]}
    assert tables.read_many(COINS, ["b"], ["coin_id"]).to_dict(as_series=False) == {"coin_id": [2]}


def test_parts_written_before_a_column_came_are_read_with_nulls_there(tables: TableStore) -> None:
    commit = append(tables, [1, 2])
    names = Column("name", pl.List(pl.Float32), "A name, in numbers", nullable=True)
    wider = replace(COINS, columns=(COINS.columns[0], names, COINS.columns[1]))
    assert tables.read(wider, "p").equals(
        coins([1, 2]).with_columns(name=pl.lit(None, pl.List(pl.Float32))).select(wider.column_names), null_equal=True
    )
    assert tables.read_rows(wider, "p", "coin_id", pl.Series([2]), ["name"]).rows() == [(None,)]
    more = coins([3]).with_columns(name=pl.Series([[0.5]], dtype=pl.List(pl.Float32))).select(wider.column_names)
    appended = tables.append(commit, wider, more)
    merged = tables.merge_small_parts(appended, wider, small_rows=5, max_small=1)
    assert [part.rows for part in merged.parts] == [3]
    assert tables.read(wider, "p")["name"].to_list() == [None, None, [0.5]]
    assert tables.drop_rows(merged, wider, "coin_id", pl.Series([1])).parts[0].rows == 1


@pytest.mark.parametrize("wanted", [[], [0], [499, 500], [5, 1_700, 99_999], list(range(0, 1_800, 7))])
def test_picked_rows_are_those_that_reading_all_and_filtering_gives(tables: TableStore, wanted: list[int]) -> None:
    append(tables, range(1_200), range(1_200, 1_800))
    values = pl.Series(wanted, dtype=pl.Int64)
    picked = tables.read_rows(COINS, "p", "coin_id", values, ["picture", "coin_id"])
    every = tables.read(COINS, "p", ["picture", "coin_id"])
    assert picked.equals(every.filter(pl.col("coin_id").is_in(values.implode())))


@pytest.mark.parametrize("partition", ODD_PARTITIONS)
def test_partitions_of_any_name_are_written_read_and_listed(tables: TableStore, partition: str) -> None:
    append(tables, [1], partition="ordinary")
    append(tables, [2], partition=partition)
    assert ids(tables, partition) == [2]
    assert tables.partitions(COINS) == sorted(["ordinary", partition])


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_different_partitions_lie_in_different_folders_of_names_that_file_systems_take(one: str, other: str) -> None:
    folders = [partition_directory(key.encode("utf-8", "replace").decode()) for key in (one, other)]
    assert (folders[0] == folders[1]) == (one.encode("utf-8", "replace") == other.encode("utf-8", "replace"))
    assert all(len(folder.encode()) <= LONGEST_NAME and "/" not in folder for folder in folders)


@pytest.mark.parametrize("partition", ["p", "x" * 400])
def test_what_a_writer_left_before_its_first_commit_is_no_partition(
    tables: TableStore, folder: Path, partition: str
) -> None:
    leftover = folder / "tables/coins" / partition_directory(partition) / "0123.parquet"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half a file")
    assert tables.partitions(COINS) == []
    assert tables.read_many(COINS).is_empty()


@pytest.mark.parametrize("step", ["append", "rewrite", "drop_rows", "merge_small_parts"])
def test_a_writer_killed_between_part_and_commit_leaves_the_old_table(
    tables: TableStore, folder: Path, step: str
) -> None:
    before = append(tables, range(50), range(50, 60))
    killed = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(folder), step], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert files(folder) > set(before.part_names)
    assert tables.commit_of(COINS, "p") == before
    assert ids(tables) == list(range(60))


def test_a_partition_is_settled_when_its_commit_has_stood_for_a_day(tables: TableStore, folder: Path) -> None:
    append(tables, [1], partition="old")
    append(tables, [1], partition="appended to")
    age(folder, "*.*")
    append(tables, [2], partition="appended to")
    append(tables, [1], partition="new")
    assert tables.settled_partitions(COINS) == ["old"]
    assert tables.partitions(COINS) == ["appended to", "new", "old"]


def test_an_emptied_partition_is_removed_with_what_it_named(tables: TableStore, folder: Path) -> None:
    append(tables, [1], [2])
    other = append(tables, [1], partition="p+")
    tables.publish(replace(tables.commit_of(COINS, "p"), parts=()))
    age(folder)
    for _ in range(2):  # another run may have been here first
        tables.remove(COINS, "p")
        assert (tables.partitions(COINS), files(folder)) == (["p+"], set(other.part_names))


class AppendedWhileRemoved(TableStore):
    """Another writer appends a coin, just after the partition was found empty."""

    def _sweep(self, commit: Commit, kept: Collection[str]) -> None:
        append(TableStore(self.store), [7])
        super()._sweep(commit, kept)


def test_what_another_run_appends_to_an_emptied_partition_is_not_removed_with_it(
    tables: TableStore, folder: Path
) -> None:
    emptied = tables.rewrite(COINS, "p", coins([]), "done")
    AppendedWhileRemoved(tables.store).remove(COINS, "p")
    assert ids(tables) == [7]
    assert tables.size_of(f"{emptied.directory}/000001.json") is None


class ReplacedWhileRead(TableStore):
    """Another writer replaces the partition, some times over, just after its commit was read."""

    def __init__(self, store: LocalStore, times: int) -> None:
        super().__init__(store)
        self._writer, self._times = TableStore(store), times

    def commit_of(self, table: Table, partition: str) -> Commit:
        commit = super().commit_of(table, partition)
        if self._times:
            self._times -= 1
            self._writer.rewrite(table, partition, coins([self._times, 100]), "replaced")
        return commit


def test_a_reader_sees_the_whole_old_table_where_it_was_replaced_while_being_read(folder: Path) -> None:
    TableStore(LocalStore(folder)).rewrite(COINS, "p", coins(range(20)), "old")
    assert ids(ReplacedWhileRead(LocalStore(folder), times=3)) == list(range(20))


def test_a_writer_that_merges_leaves_another_that_appends_a_whole_view(tables: TableStore) -> None:
    held = append(tables, [1], [2])
    tables.merge_small_parts(held, COINS, small_rows=5, max_small=1)
    tables.append(held, COINS, coins([3]))
    assert ids(tables) == [1, 2, 3]


def test_two_writers_that_replace_the_same_partition_leave_the_table_of_one(tables: TableStore, folder: Path) -> None:
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(15):
                tables.rewrite(COINS, "p", coins(range(20), picture=f"{name}{number}".encode()), name)
        except BaseException as error:  # noqa: BLE001 (told to the test's own thread)
            errors.append(error)

    writers = [Thread(target=write, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    assert tables.read(COINS, "p")["picture"].unique().to_list() in ([b"a14"], [b"b14"])
