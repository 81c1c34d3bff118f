"""Where Dagster's records go, by the environment alone."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from dedup_assets.instance.storage import EnvironmentStorage
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.resources.database.conftest import wait_until_stopped

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A database server in a folder that its account may enter, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory(prefix="dedup-postgres-") as folder:
        Path(folder).chmod(0o711)
        running = EmbeddedPostgres.start(Path(folder) / "records")
        yield running
        running.release()
        wait_until_stopped(running.directory)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def test_without_a_database_records_are_sqlite_files_under_dagster_home(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("blob_prefix", ["shoes"])
    assert list(home.rglob("*.db"))
    with dg.DagsterInstance.get() as instance:
        assert instance.get_dynamic_partitions("blob_prefix") == ["shoes"]


def test_the_storage_asks_for_no_configuration(home: Path) -> None:
    assert EnvironmentStorage.config_type() == {}
    assert isinstance(EnvironmentStorage.from_config_value(None, {}), DagsterSqliteStorage)


def test_nothing_is_reported_to_anybody(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled


def test_a_database_that_the_environment_names_holds_the_records(
    home: Path, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["shoes", "Überblick & Co"]
    for scheme in ("postgres", "postgresql"):
        address = f"{scheme}://postgres@/postgres?host={server.socket_directory}"
        monkeypatch.setenv("DAGSTER_DATABASE_URL", address)
        with dg.DagsterInstance.get() as instance:
            instance.add_dynamic_partitions("blob_prefix", keys)
            assert instance.get_dynamic_partitions("blob_prefix") == keys
    assert not list(home.rglob("*.db"))
