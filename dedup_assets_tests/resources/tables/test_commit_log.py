"""The numbered commits of a partition: nobody overwrites another, in a folder and in a container."""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import polars as pl
import pytest

from dedup_assets.contracts import Column, Table
from dedup_assets.resources.azure.access import open_object_store
from dedup_assets.resources.locations import parse_location
from dedup_assets.resources.tables.commit_log import KEPT, Overtaken
from dedup_assets.resources.tables.store import TableStore
from dedup_assets_tests.azurite import Azurite

COINS = Table("coins", "Coins.", ("coin_id",), (Column("coin_id", pl.Int64, "Id"),))
SPAWN = multiprocessing.get_context("spawn")
ROUNDS = {"folder": 1_000, "container": 50}
SMALL, MANY = 1_000_000, 4


@pytest.fixture(params=["folder", "container"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        in_memory = "/dev/shm" if Path("/dev/shm").is_dir() else tmp_path  # where waiting for a disk costs nothing
        with tempfile.TemporaryDirectory(prefix="dedup-store-", dir=in_memory) as folder:
            yield folder
        return
    azurite: Azurite = request.getfixturevalue("azurite_credentials")
    yield f"{azurite.account_url}/{azurite.container().container_name}/store"


@pytest.fixture
def tables(address: str) -> TableStore:
    return opened(address)


def opened(address: str) -> TableStore:
    return TableStore(open_object_store(parse_location(address)))


def coins(*numbers: int) -> pl.DataFrame:
    return COINS.frame([{"coin_id": number} for number in numbers])


def ids(tables: TableStore) -> list[int]:
    return sorted(tables.read(COINS, "p")["coin_id"])


def partition_of(number: int) -> str:
    """Another one each hundred rounds: what was replaced stays for a day, and makes each commit longer."""
    return f"p{number // 100}"


def write_at_once(address: str, who: int, rounds: int, barrier: Barrier) -> None:
    """Append a coin of one's own in each round, when the other does from the same commit, and merge small parts."""
    tables = opened(address)
    for number in range(rounds):
        commit = tables.commit_of(COINS, partition_of(number))
        barrier.wait(60)
        commit = tables.append(commit, COINS, coins(2 * number + who))
        tables.merge_small_parts(commit, COINS, SMALL, MANY)
        barrier.wait(60)


def test_two_writers_of_one_partition_lose_nothing(address: str, request: pytest.FixtureRequest) -> None:
    rounds = ROUNDS[request.node.callspec.params["address"]]
    barrier = SPAWN.Barrier(2)
    writers = [SPAWN.Process(target=write_at_once, args=(address, who, rounds, barrier)) for who in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    tables = opened(address)
    assert sorted(tables.read_many(COINS)["coin_id"]) == list(range(2 * rounds))
    assert all(commit.number >= 2 * min(rounds, 100) for commit in tables.commits(COINS))
    names = [entry["path"] for entry in tables.list_files("tables/coins/p0") if entry["path"].endswith(".json")]
    assert KEPT <= len(names) <= 2 * KEPT + 1


def test_a_row_that_another_run_has_added_meanwhile_is_not_added_again(tables: TableStore) -> None:
    begun = tables.append(tables.commit_of(COINS, "p"), COINS, coins(1))
    tables.append(begun, COINS, coins(2, 3))
    mine = tables.append(begun, COINS, coins(3, 4))
    assert ids(tables) == [1, 2, 3, 4]
    assert tables.append(mine, COINS, coins(2)) is mine
    assert mine.strangers
    assert tables.settle(replace(mine, fingerprint="done")).fingerprint == "done"
    assert tables.commit_of(COINS, "p").fingerprint is None


def test_what_was_done_to_parts_that_another_run_has_replaced_is_left_undone_and_told(tables: TableStore) -> None:
    begun = tables.append(tables.commit_of(COINS, "p"), COINS, coins(1, 2, 3))
    dropped = tables.drop_rows(begun, COINS, "coin_id", pl.Series([1, 2]))
    mine = tables.drop_rows(begun, COINS, "coin_id", pl.Series([2, 3]))
    assert ids(tables) == [1, 2]
    assert mine.strangers == {*begun.part_names, *dropped.part_names}
    again = tables.drop_rows(tables.begin(COINS, "p"), COINS, "coin_id", pl.Series([2, 3]))
    assert (ids(tables), again.strangers) == ([2], frozenset())


def test_a_change_of_what_is_said_alone_goes_over_what_another_run_said_of_the_same_parts(tables: TableStore) -> None:
    begun = tables.append(tables.commit_of(COINS, "p"), COINS, coins(1))
    tables.settle(replace(begun, fingerprint="theirs"))
    assert tables.settle(replace(begun, fingerprint="mine")).strangers == frozenset()
    assert tables.commit_of(COINS, "p").fingerprint == "mine"


def test_rewriting_goes_over_whatever_another_run_has_written_unless_it_was_made_of_it(tables: TableStore) -> None:
    begun = tables.rewrite(COINS, "p", coins(1), "one")
    tables.rewrite(COINS, "p", coins(2), "two")
    mine = tables.rewrite(COINS, "p", coins(1, 3), "three", made_of=begun)
    assert (mine.fingerprint, bool(mine.strangers), ids(tables)) == (None, True, [2])
    tables.rewrite(COINS, "p", coins(4), "four")
    assert ids(tables) == [4]


def test_a_writer_that_slept_while_its_number_came_and_was_pruned_adds_its_rows_all_the_same(
    tables: TableStore,
) -> None:
    begun = tables.append(tables.commit_of(COINS, "p"), COINS, coins(0))
    commit = begun
    for number in range(1, 2 * KEPT + 2):
        commit = tables.append(commit, COINS, coins(number))
    assert tables.size_of(f"{begun.directory}/000002.json") is None
    with pytest.raises(Overtaken):
        tables.publish(begun)
    tables.append(begun, COINS, coins(99))
    assert ids(tables) == [*range(2 * KEPT + 2), 99]


def test_one_listing_tells_what_was_there_and_what_was_written_by_it_since(tables: TableStore) -> None:
    tables.rewrite(COINS, "p", coins(1), "one")
    listed = tables.as_of_now()
    assert listed.partitions(COINS) == ["p"]
    tables.rewrite(COINS, "p", coins(2), "two")
    tables.rewrite(COINS, "q", coins(3), "three")
    assert (listed.read_many(COINS)["coin_id"].to_list(), listed.partitions(COINS)) == ([1], ["p"])
    listed.rewrite(COINS, "r", coins(4), "four")
    assert (listed.read_many(COINS)["coin_id"].to_list(), listed.partitions(COINS)) == ([1, 4], ["p", "r"])
    listed.rewrite(COINS, "p", coins(5), "five")
    assert listed.read(COINS, "p")["coin_id"].to_list() == ids(tables) == [5]


def test_a_part_that_has_gone_since_the_listing_is_read_from_a_new_one(tables: TableStore) -> None:
    before = tables.rewrite(COINS, "p", coins(1), "one")
    listed = tables.as_of_now()
    listed.commit_of(COINS, "p")
    tables.rewrite(COINS, "p", coins(2), "two")
    tables.delete(before.path_of(before.parts[0]))
    assert listed.read(COINS, "p")["coin_id"].to_list() == [2]
    assert listed.commit_of(COINS, "p").fingerprint == "two"


def test_a_partition_of_a_store_of_0_2_0_is_read_and_goes_on_in_numbers(address: str, tmp_path: Path) -> None:
    tables = opened(address)
    first = tables.append(tables.commit_of(COINS, "p"), COINS, coins(1))
    document = {name: value for name, value in first.document().items() if name != "sha256"}
    tables.write_document(f"{first.directory}/commit.json", document)
    tables.delete(f"{first.directory}/000001.json")
    old = tables.commit_of(COINS, "p")
    assert (old, tables.partitions(COINS)) == (replace(first, number=0), ["p"])
    new = tables.append(old, COINS, coins(2))
    assert (new.number, ids(tables)) == (1, [1, 2])


def test_strange_files_are_no_commits(tmp_path: Path) -> None:
    tables = opened(str(tmp_path))
    tables.rewrite(COINS, "p", coins(1), "one")
    for place in ("tables/coins/p", "tables/coins", "tables/coins/q", "tables"):
        (tmp_path / place).mkdir(exist_ok=True)
        for name in (".DS_Store", "Thumbs.db", "commit (1).json", "000007.json.bak", "7.json"):
            (tmp_path / place / name).write_bytes(os.urandom(10))
    assert (tables.partitions(COINS), ids(tables)) == (["p"], [1])
