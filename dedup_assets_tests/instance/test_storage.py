"""Where Dagster's records go, by the environment alone."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from dedup_assets.instance.storage import EnvironmentStorage
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres


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
