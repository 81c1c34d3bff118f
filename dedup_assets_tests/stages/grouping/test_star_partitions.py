"""Merging what many runs remembered: nothing of use is lost, at whatever moment somebody reads, writes or is killed."""

import os
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from obstore.store import LocalStore

from dedup_assets.contracts import Table
from dedup_assets.resources.azure.access import open_object_store
from dedup_assets.resources.locations import parse_location
from dedup_assets.resources.tables import stored_files
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping import star_partitions
from dedup_assets.stages.grouping.star_partitions import MANY_PARTITIONS, merge_star_pairs
from dedup_assets.stages.grouping.star_verifier import read_star_pairs
from dedup_assets.tables import STAR_PAIRS
from dedup_assets_tests.azurite import Azurite

OURS, FORMER = "policy of now", "policy of then"
CONTENTS = pl.Series([bytes([number]) * 32 for number in range(20)], dtype=pl.Binary)
FEW = 3
"""As many partitions are few where a test makes one step after the other."""


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return TableStore(LocalStore(tmp_path))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(star_partitions, "MANY_PARTITIONS", FEW)


def pair(left: int, right: int, passed: bool = False, policy: str = OURS) -> dict[str, Any]:
    ends = {"left_id": left, "right_id": right, "left_sha256": CONTENTS[left], "right_sha256": CONTENTS[right]}
    verdict = {"verdict": passed, "level": "near" if passed else None, "decided_by": "color", "transform": "identity"}
    return ends | verdict | {"policy_version": policy}


def remember(tables: TableStore, run: str, *rows: dict[str, Any]) -> None:
    tables.append(tables.commit_of(STAR_PAIRS, run), STAR_PAIRS, STAR_PAIRS.frame(list(rows)))


def runs(tables: TableStore, count: int) -> None:
    """One pair a run, all of which are of use."""
    for number in range(count):
        remember(tables, f"run {number:02}", pair(number, number + 1))


def merge(tables: TableStore, contents: pl.Series = CONTENTS) -> None:
    merge_star_pairs(tables, contents, OURS)


def later(folder: Path, days: float = 1.01) -> None:
    """Make all files older."""
    for path in folder.rglob("*.*"):
        then = path.stat().st_mtime - days * 86_400
        os.utime(path, (then, then))


def nights(tables: TableStore, folder: Path, count: int) -> None:
    for _ in range(count):
        later(folder)
        merge(tables)


def seen(tables: TableStore) -> list[tuple[int, int, bool]]:
    """The ends and verdicts that a run reads."""
    return sorted(read_star_pairs(tables, OURS).select("left_id", "right_id", "verdict").iter_rows())


def files(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime) for path in folder.rglob("*.*")}


def test_many_partitions_become_one_and_nothing_is_lost(tables: TableStore, tmp_path: Path) -> None:
    runs(tables, MANY_PARTITIONS + 1)
    known = seen(tables)
    for _ in range(3):
        later(tmp_path)
        merge(tables)
        assert seen(tables) == known
    [merged] = tables.partitions(STAR_PAIRS)
    assert tables.commit_of(STAR_PAIRS, merged).rows == len(known) == MANY_PARTITIONS + 1
    assert len(files(tmp_path)) == 2


def test_few_partitions_stay_as_they_are(tables: TableStore, tmp_path: Path) -> None:
    runs(tables, MANY_PARTITIONS)
    later(tmp_path)
    before = files(tmp_path)
    merge(tables)
    assert files(tmp_path) == before


@pytest.mark.usefixtures("few")
def test_pairs_of_contents_that_are_gone_and_of_former_policies_go_and_each_other_stands_once(
    tables: TableStore, tmp_path: Path
) -> None:
    remember(tables, "run a", pair(1, 2), pair(3, 4, policy=FORMER))
    remember(tables, "run b", pair(1, 2, policy=FORMER), pair(1, 3, passed=True))
    remember(tables, "run c", pair(1, 3, passed=True), pair(1, 9), pair(9, 10))
    remember(tables, "run d", pair(2, 3), pair(8, 9, policy=FORMER))
    later(tmp_path)
    merge(tables, CONTENTS.gather([number for number in range(20) if number != 9]))
    [merged] = [key for key in tables.partitions(STAR_PAIRS) if key.startswith("merged")]
    kept = tables.read(STAR_PAIRS, merged)
    assert sorted(kept.select("left_id", "right_id").iter_rows()) == [(1, 2), (1, 3), (2, 3)]
    assert set(kept["policy_version"]) == {OURS}


@pytest.mark.usefixtures("few")
def test_where_nothing_is_of_use_any_more_nothing_stays(tables: TableStore, tmp_path: Path) -> None:
    for run in "abcd":
        remember(tables, f"run {run}", pair(1, 2, policy=FORMER))
    for _ in range(3):
        later(tmp_path)
        merge(tables)
        assert seen(tables) == []
    tables_left = tables.partitions(STAR_PAIRS)
    remember(tables, "run e", pair(3, 4))
    assert (len(tables_left), seen(tables)) == (0, [(3, 4, False)])


@pytest.mark.usefixtures("few")
def test_a_partition_that_was_written_today_is_of_a_run_that_may_be_at_work_and_stays(
    tables: TableStore, tmp_path: Path
) -> None:
    runs(tables, FEW + 2)
    later(tmp_path, 3)
    remember(tables, "run 00", pair(7, 8))
    known, young = seen(tables), tables.commit_of(STAR_PAIRS, "run 00")
    for _ in range(4):
        merge(tables)
        later(tmp_path, 0.2)
        assert tables.commit_of(STAR_PAIRS, "run 00") == young
        assert seen(tables) == known
    assert len(tables.partitions(STAR_PAIRS)) == FEW + 3


@pytest.mark.usefixtures("few")
def test_a_second_run_on_the_same_day_changes_nothing(tables: TableStore, tmp_path: Path) -> None:
    runs(tables, FEW + 1)
    for _ in range(4):
        later(tmp_path)
        merge(tables)
        before = files(tmp_path)
        merge(tables)
        assert files(tmp_path) == before


@pytest.mark.parametrize("old_verdict", [True, False])
@pytest.mark.usefixtures("few")
def test_which_of_two_rows_on_a_pair_counts_does_not_depend_on_where_they_stand(
    tables: TableStore, tmp_path: Path, old_verdict: bool
) -> None:
    """Two runs at once may come to different verdicts, where one knew how a picture turns into the other."""
    remember(tables, "run z", pair(10, 12, old_verdict))
    runs(tables, FEW)
    later(tmp_path)
    remember(tables, "run a", pair(10, 12, not old_verdict))
    known = seen(tables)
    assert (10, 12, False) in known
    for _ in range(3):
        merge(tables)
        assert seen(tables) == known
        later(tmp_path)


@pytest.mark.usefixtures("few")
def test_who_listed_or_read_commits_before_a_step_reads_everything_after_it(tables: TableStore, tmp_path: Path) -> None:
    runs(tables, FEW + 1)
    rows = tables.read_many(STAR_PAIRS).sort("left_id")
    for _ in range(3):
        later(tmp_path)
        keys = tables.partitions(STAR_PAIRS)
        commits = [tables.commit_of(STAR_PAIRS, key) for key in keys]
        merge(tables)
        merge(tables)
        assert tables.read_many(STAR_PAIRS, keys).unique().sort("left_id").equals(rows)
        held = pl.concat([tables.read_parts(STAR_PAIRS, commit.partition, commit.parts) for commit in commits])
        assert held.unique().sort("left_id").equals(rows)
    assert len(tables.partitions(STAR_PAIRS)) == 1


class Overtaken(TableStore):
    """Another run merges all, just before the first commit is read here."""

    def __init__(self, store: LocalStore) -> None:
        super().__init__(store)
        self._others = [TableStore(store)]

    def commit_of(self, table: Table, partition: str) -> Commit:
        if self._others:
            merge(self._others.pop())
        return super().commit_of(table, partition)


@pytest.mark.usefixtures("few")
def test_two_runs_at_once_leave_readers_what_they_read(tables: TableStore, tmp_path: Path) -> None:
    runs(tables, FEW + 1)
    known = seen(tables)
    for _ in range(3):
        later(tmp_path)
        commits = [tables.commit_of(STAR_PAIRS, key) for key in tables.partitions(STAR_PAIRS)]
        merge(Overtaken(LocalStore(tmp_path)))
        assert seen(tables) == known
        for commit in commits:
            assert tables.read_parts(STAR_PAIRS, commit.partition, commit.parts).height == commit.rows
    assert len(tables.partitions(STAR_PAIRS)) == 1


class KilledError(BaseException):
    """What nobody catches."""


class Killed(TableStore):
    """Ends before its n-th write."""

    def __init__(self, store: LocalStore, writes: int) -> None:
        super().__init__(store)
        self.left = writes

    def _count(self) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1

    def put(self, *args: Any, **options: Any) -> None:
        self._count()
        super().put(*args, **options)

    def delete(self, path: str) -> None:
        self._count()
        super().delete(path)


WRITES = 2 + (FEW + 1) + 3 * (FEW + 1)
"""One part and its commit, then one more commit for each that was merged, then a part and two commits of each to delete."""


@pytest.mark.parametrize("writes", range(WRITES))
@pytest.mark.usefixtures("few")
def test_a_kill_at_any_moment_loses_nothing_and_the_next_runs_finish(
    tables: TableStore, tmp_path: Path, writes: int
) -> None:
    runs(tables, FEW + 1)
    known, killed = seen(tables), Killed(LocalStore(tmp_path), writes)
    with pytest.raises(KilledError):
        nights(killed, tmp_path, 3)
    assert seen(tables) == known
    for _ in range(4):
        later(tmp_path)
        remember(tables, "run of every night", pair(0, 1))
        merge(tables)
        assert seen(tables) == known
    assert len([key for key in tables.partitions(STAR_PAIRS) if key != "run of every night"]) <= FEW
    assert [part for part in tmp_path.rglob("*.parquet") if not [*part.parent.glob("*.json")]] == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("few")
def test_whatever_runs_do_when_all_that_was_remembered_is_read(tables: TableStore, tmp_path: Path, seed: int) -> None:
    """Runs that come, rest for days and go on, under merges by several: against a list of everything."""
    chance, every, most = random.Random(seed), [], 0
    for number in range(60):
        left, right = sorted(chance.sample(range(len(CONTENTS)), 2))
        row = pair(left, right, chance.random() < 0.5)
        run = f"run {chance.randrange(max(0, number - 12), number + 1):03}"
        if (left, right) not in tables.read(STAR_PAIRS, run).select("left_id", "right_id").rows():
            remember(tables, run, row)
            every.append(row)
        later(tmp_path, chance.random())
        for _ in range(chance.randrange(3)):
            merge(tables)
        expected = STAR_PAIRS.frame(every).group_by("left_id", "right_id").agg(pl.col("verdict").min())
        assert seen(tables) == sorted(expected.iter_rows())
        most = max(most, len(tables.partitions(STAR_PAIRS)))
    assert most < 25


def test_a_container_is_merged_as_a_folder_is(
    azurite_credentials: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: None
) -> None:
    monkeypatch.setattr(stored_files, "PARTS_OUTLIVE", -stored_files.PARTS_OUTLIVE)  # all is older than tomorrow
    container = azurite_credentials.container()
    address = f"{azurite_credentials.account_url}/{container.container_name}/store"
    tables = TableStore(open_object_store(parse_location(address)))
    runs(tables, FEW + 1)
    known = seen(tables)
    for _ in range(3):
        merge(tables)
        assert seen(tables) == known
    names = [str(blob.name) for blob in container.list_blobs()]
    assert len({name.split("/")[3] for name in names}) == 1
    assert len(names) == 2
