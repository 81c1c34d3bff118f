import os
import signal
import socket
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

from dedup_assets.errors import DatabaseAccessError, DatabaseAwayError
from dedup_assets.resources.database import connection
from dedup_assets.resources.database.connection import DatabaseResource, connect_to
from dedup_assets.resources.database.embedded.data import server_processes
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.resources.database.conftest import wait_until_stopped

SECRET = "s3cret/pass word"


def failure(url: str) -> str:
    """The sentence of the error, after a look for the secret in all that would be printed."""
    with pytest.raises(DatabaseAccessError) as caught:
        connect_to(url)
    printed = "".join(traceback.format_exception(caught.value))
    assert SECRET not in printed
    assert quote(SECRET, safe="") not in printed
    return str(caught.value)


def cause(url: str) -> str:
    """What the sentence gives as its cause."""
    return failure(url).rsplit(": ", 1)[-1]


def address(server: EmbeddedPostgres, user: str = "postgres", database: str = "postgres") -> str:
    return f"postgresql://{user}@/{database}?host={quote(str(server.socket_directory), safe='')}"


@pytest.fixture
def guarded_server(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A user of the server who has to give a password; the URL still lacks it."""
    rules = postgres.data / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
        rules.write_text("local all guest scram-sha-256\n" + before)
        admin.execute("SELECT pg_reload_conf()")
        yield f"postgresql://guest:{{}}@/postgres?host={quote(str(postgres.socket_directory), safe='')}"
        rules.write_text(before)
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("DROP ROLE guest")


def test_a_wrong_password_is_one_sentence_without_it(guarded_server: str) -> None:
    with connect_to(guarded_server.format("right")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("guest",)
    sentence = failure(guarded_server.format(quote(SECRET, safe="")))
    assert sentence.endswith("(DATABASE_URL): the user name or the password is wrong")
    assert cause(guarded_server.format("")) == "the password is missing"


def test_a_database_that_is_not_there_is_named(postgres: EmbeddedPostgres) -> None:
    assert failure(address(postgres, database="absent")).endswith(
        f"{postgres.socket_directory}/absent (DATABASE_URL): the database does not exist there"
    )


@pytest.mark.parametrize("user", ["nobody", "too many databases", 'the "database" does not exist'])
def test_a_user_who_is_not_there_is_told_whatever_the_name(postgres: EmbeddedPostgres, user: str) -> None:
    assert cause(address(postgres, quote(user, safe=""))) == "the user does not exist there"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("LOGIN CONNECTION LIMIT 0", "the server has no connection left"),
        ("NOLOGIN", "the server does not let this user in"),
    ],
)
def test_a_user_who_may_not_come_in_is_told_why(postgres: EmbeddedPostgres, limits: str, expected: str) -> None:
    with psycopg.connect(postgres.conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE database {limits}".encode())
        assert cause(address(postgres, "database")) == expected
        admin.execute("DROP ROLE database")


def test_a_server_that_lets_nobody_in_just_now_is_told_so(postgres_folder: Path) -> None:
    server = EmbeddedPostgres.start(postgres_folder / "closing")
    with psycopg.connect(server.conninfo):  # it waits for this one to leave, and lets no other in
        os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGTERM)
        while (told := cause(address(server, database="absent"))) == "the database does not exist there":
            time.sleep(0.01)
    assert told == "the server is starting up or shutting down"
    server.release()
    wait_until_stopped(postgres_folder / "closing")


def test_an_endpoint_where_nothing_listens_is_named() -> None:
    sentence = failure(f"postgresql://user:{quote(SECRET, safe='')}@127.0.0.1:9/images")
    assert sentence == "cannot use the database at 127.0.0.1:9/images (DATABASE_URL): nothing listens there"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "database.invalid", "role.timeout.invalid"])
def test_an_unknown_host_is_named_with_that_cause(host: str) -> None:
    sentence = failure(f"postgresql://user:{quote(SECRET, safe='')}@{host}/images")
    assert sentence == f"cannot use the database at {host}/images (DATABASE_URL): the host name is unknown"


def test_a_socket_that_is_not_there_is_told_wherever_it_should_be(tmp_path: Path) -> None:
    (folder := tmp_path / "role of the database").mkdir()
    assert cause(f"postgresql://user@/images?host={quote(str(folder), safe='')}") == "there is no such socket"


def test_a_server_that_does_not_answer_is_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/database?connect_timeout=2"
        assert cause(url) == "it did not answer in time"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"N", "an encrypted connection could not be made"),
        (b"HTTP/1.1 400 Bad Request", "what answers there is no PostgreSQL server, so look at host and port"),
        (b"", "the server cannot be reached"),
        (b"S", "the server cannot be reached"),
    ],
)
def test_a_server_that_offers_no_encryption_or_is_none_or_is_cut_off_is_told(answer: bytes, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain, ThreadPoolExecutor(1) as pool:

        def refuse_encryption() -> None:
            with plain.accept()[0] as asking:
                asking.recv(8)
                asking.sendall(answer)

        pool.submit(refuse_encryption)
        url = f"postgresql://user@127.0.0.1:{plain.getsockname()[1]}/database?sslmode=require"
        assert cause(url) == told


@pytest.mark.parametrize(
    "why",
    [
        "SSL SYSCALL error: EOF detected",
        "SSL SYSCALL error: Connection reset by peer",
        "SSL connection has been closed unexpectedly",
        "SSL error: unexpected eof while reading",
    ],
)
def test_a_server_that_ends_while_encryption_is_agreed_upon_is_away_and_refuses_nothing(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(_: str) -> psycopg.Connection:
        raise psycopg.OperationalError(f'connection failed: connection to server at "h", port 1 failed: {why}')

    monkeypatch.setattr(psycopg, "connect", cut_off)
    with pytest.raises(DatabaseAwayError, match="the server cannot be reached"):
        connect_to("postgresql://user@127.0.0.1:9/database")


@pytest.mark.parametrize(
    "url",
    [
        f"postgres//user:{SECRET}@host/name",
        f"postgresql://u:{SECRET}@h:port/x?bad={SECRET}",
        f"postgresql://me:{SECRET}@host:5432/name",
        "postgresql://me:123/ter2@host:5432/name",
        "postgresql://me:hun:ter2@h@host:port/name",
        "postgresql://me:hunter2@host:5432x/name",
    ],
)
def test_something_that_is_no_url_says_what_is_expected(url: str) -> None:
    assert "expected postgresql://user:password@host:port/name" in (told := failure(url))
    assert "ter2" not in told


def test_the_url_of_the_environment_is_used_when_a_connection_is_made(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = DatabaseResource()
    host = quote(str(postgres.socket_directory), safe="")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:{quote(SECRET, safe='')}@/postgres?host={host}")
    with resource.connect() as connection:
        assert connection.info.host == str(postgres.socket_directory)
    assert SECRET not in repr(resource) + str(resource.model_dump())


def test_without_a_url_the_embedded_server_of_the_data_directory_is_used_and_brought_to_the_head(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    resource = DatabaseResource(store="somewhere", data_directory=str(postgres.directory))
    with resource.connect_migrated() as connection:
        assert connection.execute("SELECT count(*) FROM dedup.image").fetchone() == (0,)
        assert connection.info.host == str(postgres.socket_directory)
        connection.execute("DROP SCHEMA dedup CASCADE")


def test_a_data_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseAccessError, match=r"the embedded PostgreSQL in .* cannot be used"):
        DatabaseResource(data_directory=str(tmp_path / "file" / "data")).connect()


def test_a_named_server_is_tried_before_any_work_and_an_embedded_one_is_not_started_for_it(
    postgres_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = DatabaseResource(data_directory=str(postgres_folder / "looked at"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    resource.check(is_needed=False)
    assert not (postgres_folder / "looked at").exists()
    resource.check()
    assert not resource.holds_data()
    assert not server_processes(postgres_folder / "looked at/data")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user@127.0.0.1:9/images")
    assert resource.holds_data()
    with pytest.raises(DatabaseAccessError, match="nothing listens there"):
        resource.check()


def kill_server(server: EmbeddedPostgres) -> None:
    """Kill all its processes at once, as a machine that is short of memory does."""
    for pid in server_processes(server.data):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def mortal_server(postgres_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own."""
    server = EmbeddedPostgres.start(postgres_folder / f"mortal {uuid4().hex[:8]}")
    yield server
    server.release()
    wait_until_stopped(server.directory)


@pytest.mark.parametrize("is_named", [True, False])
def test_work_is_done_anew_where_the_server_is_killed_and_comes_back(
    mortal_server: EmbeddedPostgres, is_named: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", address(mortal_server))
    if not is_named:  # then it is started again by whoever needs it
        monkeypatch.delenv("DATABASE_URL")
    seen = []

    def count(connection: psycopg.Connection) -> int:
        seen.append(connection.execute("SELECT pg_backend_pid()").fetchone())
        if len(seen) == 1:
            kill_server(mortal_server)
            if is_named:
                restarting.submit(come_back)
        (number,) = connection.execute("SELECT 7").fetchone() or (0,)
        return int(number)

    def come_back() -> None:
        time.sleep(1.5)
        EmbeddedPostgres.start(mortal_server.directory)

    with ThreadPoolExecutor() as restarting:
        resource = DatabaseResource(store="/a store", data_directory=str(mortal_server.directory))
        assert resource.work(count) == 7
    assert len(seen) == 2
    assert "was lost while it was at work; trying again in 1 s" in caplog.text


def test_a_server_that_stays_away_is_told_after_the_last_wait(
    mortal_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", address(mortal_server))
    monkeypatch.setattr(connection, "TRIED_AGAIN_AFTER_S", (0.01, 0.02))
    kill_server(mortal_server)
    with pytest.raises(DatabaseAwayError, match=r"nothing listens there|there is no such socket"):
        DatabaseResource().work(lambda _: None)
    assert [record.getMessage().rsplit("; ")[-1] for record in caplog.records] == [
        "trying again in 0.01 s",
        "trying again in 0.02 s",
    ]


def test_an_error_of_ours_is_not_tried_again(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", address(postgres))
    calls = []

    def fail(connection: psycopg.Connection) -> None:
        calls.append(connection)
        connection.execute("SET statement_timeout = 10")
        connection.execute("SELECT pg_sleep(5)")  # an error of the same kind, over a connection that stands

    with pytest.raises(psycopg.errors.QueryCanceled):
        DatabaseResource().work(fail)
    assert len(calls) == 1
