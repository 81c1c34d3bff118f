"""One embedded PostgreSQL for the tests of this folder, and a fresh database in it for each test."""

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.migrations import migrate


def wait_until_stopped(directory: Path) -> None:
    """Return when the server of `directory` and its watcher have ended."""
    with (directory / "watcher.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """A folder that the server's account may enter, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory(prefix="dedup-postgres-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(postgres_folder: Path) -> Iterator[EmbeddedPostgres]:
    directory = postgres_folder / "shared"
    server = EmbeddedPostgres.start(directory)
    yield server
    server.release()
    wait_until_stopped(directory)


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection to a new database without any schema."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(postgres.conninfo, dbname=name) as connection:
            yield connection
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database(empty_database: psycopg.Connection) -> psycopg.Connection:
    """A connection to a new database at the head of the migrations."""
    migrate(empty_database)
    return empty_database
