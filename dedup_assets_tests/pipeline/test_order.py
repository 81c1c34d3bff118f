import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.assets import image_manifest
from dedup_assets.contracts import Table
from dedup_assets.resources.collection import Collection
from dedup_assets.tables import DEDUP_REPORT, REPRESENTATIVES
from dedup_assets_tests.materializing import materialize
from dedup_assets_tests.pipeline.collections import Planted, small_collection, write_collection
from dedup_assets_tests.pipeline.line import Line, Outcome

PREFIXES = ("catalog", "scrape", "uploads")
ORDERS = [PREFIXES, PREFIXES[::-1]]
CLI = (sys.executable, "-m", "dedup_assets.cli")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("order") / "photos"
    write_collection(folder, small_collection())
    return folder


@pytest.fixture(scope="module")
def in_one_go(source: Path) -> tuple[Line, Outcome]:
    line = Line(str(source), str(source.parent / "in one go"))
    return line, line.run()


def assert_the_same(line: Line, outcome: Outcome, expected: tuple[Line, Outcome]) -> None:
    assert outcome.csv.decode() == expected[1].csv.decode()
    assert outcome.page == expected[1].page
    assert_the_same_tables(line, expected[0])


def assert_the_same_tables(line: Line, expected: Line) -> None:
    for table in (REPRESENTATIVES, DEDUP_REPORT):
        assert rows_of(line, table).equals(rows_of(expected, table))


def rows_of(line: Line, table: Table) -> pl.DataFrame:
    return line.tables.read_many(table).sort("image_id")


def below(prefixes: Iterable[str]) -> list[Planted]:
    wanted = set(prefixes)
    return [planted for planted in small_collection() if planted.prefix in wanted]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_prefixes_materialized_one_by_one_give_the_report_of_one_go(
    source: Path, tmp_path: Path, in_one_go: tuple[Line, Outcome], order: tuple[str, ...]
) -> None:
    line = Line(str(source), str(tmp_path / "store"))
    for prefix in order:
        outcome = line.run_partition(prefix)
    assert outcome.csv.decode() == in_one_go[1].csv.decode()
    assert outcome.page == in_one_go[1].page
    nightly = line.run()
    assert nightly.work["downloaded_images"] == 0
    assert_the_same(line, nightly, in_one_go)


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_prefixes_that_come_one_by_one_give_the_report_of_one_go(
    source: Path, tmp_path: Path, in_one_go: tuple[Line, Outcome], order: tuple[str, ...]
) -> None:
    growing = tmp_path / source.name
    line = Line(str(growing), str(tmp_path / "store"))
    downloaded = 0
    for prefix in order:
        write_collection(growing, below([prefix]))
        outcome = line.run()
        downloaded += outcome.work["downloaded_images"]
    assert downloaded == len(small_collection())
    assert outcome.csv.decode() == in_one_go[1].csv.decode()
    assert_the_same_tables(line, in_one_go[0])


def test_a_prefix_that_is_only_begun_does_not_keep_another_from_its_report(source: Path, tmp_path: Path) -> None:
    line = Line(str(source), str(tmp_path / "store"))
    assert materialize(Collection(**line.settings.collection), image_manifest).success
    outcome = line.run_partition("scrape")
    assert sorted(outcome.by_path) == sorted(planted.path for planted in below(["scrape"]))


def test_two_processes_at_the_same_time_give_the_report_of_one_go(
    source: Path, tmp_path: Path, in_one_go: tuple[Line, Outcome]
) -> None:
    store = str(tmp_path / "store")
    command = [*CLI, "run", str(source), "--store", store]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [process.communicate(timeout=200)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    line = Line(str(source), store)
    assert_the_same(line, line.outcome(), in_one_go)
    assert line.run().work["downloaded_images"] == 0
