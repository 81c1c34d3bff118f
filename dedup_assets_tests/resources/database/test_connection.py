import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from dedup_assets.errors import DatabaseAccessError
from dedup_assets.resources.database.connection import DatabaseResource, connect_to
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres

SECRET = "s3cret/pass word"


def failure(url: str) -> str:
    """The sentence of the error, after a look for the secret in all that would be printed."""
    with pytest.raises(DatabaseAccessError) as caught:
        connect_to(url)
    printed = "".join(traceback.format_exception(caught.value))
    assert SECRET not in printed
    assert quote(SECRET, safe="") not in printed
    return str(caught.value)


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


def test_a_database_that_is_not_there_is_named(postgres: EmbeddedPostgres) -> None:
    host = quote(str(postgres.socket_directory), safe="")
    assert failure(f"postgresql://postgres@/absent?host={host}").endswith(
        f"{postgres.socket_directory}/absent (DATABASE_URL): the database does not exist there"
    )


def test_an_endpoint_where_nothing_listens_is_named() -> None:
    sentence = failure(f"postgresql://user:{quote(SECRET, safe='')}@127.0.0.1:9/images")
    assert sentence == "cannot use the database at 127.0.0.1:9/images (DATABASE_URL): nothing listens there"


def test_an_unknown_host_is_named() -> None:
    assert "no-such-host.invalid" in failure(f"postgresql://user:{quote(SECRET, safe='')}@no-such-host.invalid/images")


@pytest.mark.parametrize(
    "url", [f"postgres//user:{SECRET}@host/name", f"postgresql://u:{SECRET}@h:port/x?bad={SECRET}"]
)
def test_something_that_is_no_url_says_what_is_expected(url: str) -> None:
    assert "expected postgresql://user:password@host:port/name" in failure(url) or "DATABASE_URL" in failure(url)


def test_the_url_of_the_environment_is_used_when_a_connection_is_made(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = DatabaseResource()
    host = quote(str(postgres.socket_directory), safe="")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:{quote(SECRET, safe='')}@/postgres?host={host}")
    with resource.connect() as connection:
        assert connection.info.host == str(postgres.socket_directory)
    assert SECRET not in resource.describe() + repr(resource) + str(resource.model_dump())
    assert resource.describe() == f"{postgres.socket_directory}/postgres"


def test_without_a_url_the_embedded_server_of_the_data_directory_is_used_and_brought_to_the_head(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    resource = DatabaseResource(store="somewhere", data_directory=str(postgres.directory))
    with resource.connect_migrated() as connection:
        assert connection.execute("SELECT count(*) FROM dedup.image").fetchone() == (0,)
        connection.execute("DROP SCHEMA dedup CASCADE")
    assert "embedded PostgreSQL" in resource.describe()


def test_a_data_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseAccessError, match=r"the embedded PostgreSQL in .* cannot be used"):
        DatabaseResource(data_directory=str(tmp_path / "file" / "data")).connect()


def test_a_named_server_is_tried_before_any_work_and_an_embedded_one_is_not_started_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = DatabaseResource(data_directory=str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    resource.check()
    assert not resource.holds_data()
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("DATABASE_URL", "postgresql://user@127.0.0.1:9/images")
    assert resource.holds_data()
    with pytest.raises(DatabaseAccessError, match="nothing listens there"):
        resource.check()
