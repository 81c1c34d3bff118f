import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded.data import server_processes
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.embedded.watcher import STARTING
from dedup_assets_tests.resources.database.conftest import wait_until_stopped

USER = """
import sys
from pathlib import Path
import psycopg
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres.start(Path(sys.argv[1]))
print(psycopg.connect(server.conninfo).execute("SELECT pg_postmaster_start_time()::text").fetchone()[0], flush=True)
sys.stdin.read()
"""


class User:
    """Another process that uses the server until its input ends."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.server_started_at = self.process.stdout.readline().strip()

    def end(self, by: int | None = None) -> None:
        if by is not None:
            os.kill(self.process.pid, by)
        self.process.communicate()


@pytest.fixture
def directory(postgres_folder: Path) -> Iterator[Path]:
    directory = postgres_folder / "lifetimes"
    yield directory
    wait_until_stopped(directory)


def is_running(directory: Path) -> bool:
    return (directory / "data" / "postmaster.pid").exists()


def test_users_share_one_server_that_ends_with_the_last_of_them_however_it_ends(directory: Path) -> None:
    first, second = User(directory), User(directory)
    assert first.server_started_at == second.server_started_at != ""
    first.end(signal.SIGKILL)
    with psycopg.connect(EmbeddedPostgres(directory).conninfo) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.end(signal.SIGKILL)
    wait_until_stopped(directory)
    assert not is_running(directory)


@pytest.mark.parametrize("wait_s", [0, 0.5])
def test_whoever_is_killed_while_it_starts_the_server_leaves_nothing_behind(directory: Path, wait_s: float) -> None:
    User(directory).end()
    wait_until_stopped(directory)
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    while not (directory / STARTING).exists():
        assert process.poll() is None
    time.sleep(wait_s)
    process.kill()
    process.communicate()
    wait_until_stopped(directory)
    assert not is_running(directory)
    assert server_processes(directory / "data") == []
    User(directory).end()


def test_what_a_killed_initdb_left_is_removed(postgres_folder: Path) -> None:
    directory = postgres_folder / "half"
    (directory / "data-half").mkdir(parents=True)
    directory.chmod(0o711)
    User(directory).end()
    wait_until_stopped(directory)
    assert [path.name for path in directory.glob("data*")] == ["data"]


def test_what_was_stored_is_there_after_a_restart_and_after_a_crash_of_the_server(directory: Path) -> None:
    server = EmbeddedPostgres.start(directory)
    try:
        with psycopg.connect(server.conninfo) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(int((directory / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        while server.answers():
            pass
        server.release()
        with psycopg.connect(EmbeddedPostgres.start(directory).conninfo) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        server.release()


def test_the_server_listens_on_a_unix_socket_only_that_nobody_else_may_reach(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.conninfo) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        row = connection.execute("SHOW server_version_num").fetchone()
        assert row is not None
        assert int(row[0]) >= 180000
    assert postgres.socket_directory.stat().st_mode & 0o077 == 0


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 30))
    assert len(os.fsencode(server.socket_directory / ".s.PGSQL.5432")) <= 103


def test_data_of_another_version_are_refused_in_one_sentence(postgres_folder: Path) -> None:
    directory = postgres_folder / "old"
    (directory / "data").mkdir(parents=True)
    (directory / "data" / "PG_VERSION").write_text("16\n")
    directory.chmod(0o711)
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 16"):
        EmbeddedPostgres.start(directory)


def test_the_watcher_holds_its_lock_while_the_server_runs(postgres: EmbeddedPostgres) -> None:
    with (postgres.directory / "watcher.lock").open("ab") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
