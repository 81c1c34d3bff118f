"""One PostgreSQL and fresh databases in it for the tests of the whole line, and lines over folders."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.pipeline.collections import Planted, write_collection
from dedup_assets_tests.pipeline.line import Line

LineOf = Callable[..., Line]


def remove_server(server: EmbeddedPostgres) -> None:
    """End the use of an embedded server, wait until it has stopped, and remove its data."""
    server.release()
    with (server.directory / "watcher.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    shutil.rmtree(server.directory)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """One server for the session, in a folder that its account may enter, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory(prefix="dedup-postgres-") as folder:
        Path(folder).chmod(0o711)
        directory = Path(folder) / "line"
        running = EmbeddedPostgres.start(directory)
        yield running
        remove_server(running)


@pytest.fixture(autouse=True, scope="module")
def database_url(server: EmbeddedPostgres) -> Iterator[str]:
    """A database of this module's own, which DATABASE_URL names."""
    name = f"line_{uuid4().hex}"
    before = os.environ.get("DATABASE_URL")
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        os.environ["DATABASE_URL"] = url = f"postgresql://postgres@/{name}?host={server.socket_directory}"
        yield url
        os.environ.pop("DATABASE_URL")
        os.environ |= {} if before is None else {"DATABASE_URL": before}
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def line_of(tmp_path: Path) -> LineOf:
    """Write files into a folder and return the line over it; both lie in the test's own folder, by a name."""

    def make(files: Sequence[Planted], name: str = "photos", store: str = "store", **settings: Any) -> Line:
        source = tmp_path / name
        source.mkdir(exist_ok=True)
        write_collection(source, files)
        return Line(str(source), str(tmp_path / store), **settings)

    return make
