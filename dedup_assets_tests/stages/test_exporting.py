"""An export is read back whole, replaces the one before, and nothing else."""

from pathlib import Path

import polars as pl
import pytest
from azure.storage.blob import ContainerClient

from dedup_assets.errors import ExportError
from dedup_assets.resources.locations import Location, parse_location
from dedup_assets.resources.tables.store import TableStore, open_tables
from dedup_assets.stages.exporting import NOTE, export_table
from dedup_assets.tables import DEDUP_REPORT
from dedup_assets_tests.azurite import Azurite
from dedup_assets_tests.report.test_csv_file import frame, row

SOURCE = parse_location("/photos")


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    """A report of two partitions, of which one was written twice, so that a replaced part lies beside the other."""
    store = open_tables(str(tmp_path / "store"))
    for paths in (["a.jpg"], ["a.jpg", "b.jpg"]):
        store.rewrite(DEDUP_REPORT, "shop", frame([row(ord(path[0]), f"shop/{path}") for path in paths]), "")
    store.rewrite(DEDUP_REPORT, "web/2024 x", frame([row(1, "web/2024 x/c.jpg")]), "")
    return store


@pytest.fixture
def out(tmp_path: Path) -> Location:
    return parse_location(str(tmp_path / "out"))


def test_each_image_stands_once_in_what_other_tools_read(tables: TableStore, out: Location, tmp_path: Path) -> None:
    assert export_table(tables, None, "parquet", SOURCE, out) == (3, 2)
    glob = pl.scan_parquet(tmp_path / "out" / "**" / "*.parquet", hive_partitioning=True).collect()
    assert sorted(glob.select("partition", "path").iter_rows()) == [
        ("shop", "shop/a.jpg"),
        ("shop", "shop/b.jpg"),
        ("web/2024 x", "web/2024 x/c.jpg"),
    ]
    inside = pl.read_parquet(tmp_path / "store" / "tables" / DEDUP_REPORT.name / "shop" / "*.parquet")
    assert inside["path"].is_duplicated().any()  # why a glob over the store is no data set


def test_the_next_export_replaces_its_own_files_and_those_of_partitions_that_are_gone(
    tables: TableStore, out: Location, tmp_path: Path
) -> None:
    export_table(tables, DEDUP_REPORT, "jsonl", SOURCE, out)
    tables.rewrite(DEDUP_REPORT, "shop", DEDUP_REPORT.empty(), "")
    assert export_table(tables, DEDUP_REPORT, "jsonl", SOURCE, out) == (1, 1)
    assert [path.name for path in (tmp_path / "out").rglob("*.*")].count("rows.jsonl") == 1


def kill_export(tables: TableStore, out: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """End an export before its first file is written."""

    def end(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dedup_assets.stages.exporting.encode", end)
        with pytest.raises(KeyboardInterrupt):
            export_table(tables, None, "parquet", SOURCE, out)


def test_what_a_killed_export_left_is_replaced_by_the_next(
    tables: TableStore, out: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_export(tables, out, monkeypatch)
    assert export_table(tables, None, "parquet", SOURCE, out) == (3, 2)
    tables.rewrite(DEDUP_REPORT, "shop", DEDUP_REPORT.empty(), "")
    kill_export(tables, out, monkeypatch)
    assert export_table(tables, None, "parquet", SOURCE, out) == (1, 1)
    assert pl.read_parquet(tmp_path / "out" / "*" / "*.parquet").height == 1


def test_what_is_no_export_of_the_same_kind_is_left_alone(tables: TableStore, out: Location, tmp_path: Path) -> None:
    export_table(tables, None, "csv", SOURCE, out)
    with pytest.raises(ExportError, match="an export of images as csv"):
        export_table(tables, None, "parquet", SOURCE, out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ExportError, match="other files: name an empty folder"):
        export_table(tables, None, "csv", SOURCE, parse_location(str(tmp_path / "mine")))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_container_takes_it_too(tables: TableStore, azurite_credentials: Azurite, container: ContainerClient) -> None:
    place = f"{azurite_credentials.account_url}/{container.container_name}/for others"
    assert export_table(tables, None, "parquet", SOURCE, parse_location(place)) == (3, 2)
    names = {blob.name for blob in container.list_blobs()}
    assert names == {
        f"for others/{NOTE}",
        "for others/partition=shop/rows.parquet",
        "for others/partition=web%2F2024%20x/rows.parquet",
    }


@pytest.fixture
def container(azurite_credentials: Azurite) -> ContainerClient:
    return azurite_credentials.container()
