"""Dagster's own records: SQLite under DAGSTER_HOME, or PostgreSQL where DAGSTER_DATABASE_URL names one.

Belongs here: the choice between the two, by environment, with one `dagster.yaml`. Does not belong here: our tables and vectors.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from dagster import DagsterInstance
from dagster._config import UserConfigSchema
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

BARE_HOME = ".dagster_home"
"""Below the working directory, for Dagster's own commands in a checkout where DAGSTER_HOME is not set."""


class EnvironmentStorage(DagsterStorage[DagsterInstance], ConfigurableClass):
    """Stands in `dagster.yaml`; `from_config_value` returns the storage that the environment asks for."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No configuration: the environment decides."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """PostgreSQL where DAGSTER_DATABASE_URL is set, else SQLite under DAGSTER_HOME."""
        url = os.environ.get("DAGSTER_DATABASE_URL")
        storage: Any = _postgres(url, inst_data) if url else _sqlite(inst_data)
        return storage  # type: ignore[no-any-return]


def _sqlite(inst_data: ConfigurableClassData | None) -> DagsterSqliteStorage:
    """Opened by one process at a time: two that create its databases at once leave them unusable."""
    home = Path(os.environ.get("DAGSTER_HOME") or BARE_HOME).absolute()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "storage.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return DagsterSqliteStorage(base_dir=str(home), inst_data=inst_data)


def _postgres(url: str, inst_data: ConfigurableClassData | None) -> object:
    from dagster_postgres import DagsterPostgresStorage

    with_driver = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg2://", 1)
    return DagsterPostgresStorage(postgres_url=with_driver, should_autocreate_tables=True, inst_data=inst_data)
