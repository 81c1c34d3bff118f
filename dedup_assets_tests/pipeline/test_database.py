import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.embedded.data import default_data_directory, server_processes
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled
from dedup_assets_tests.pipeline.collections import Planted
from dedup_assets_tests.pipeline.conftest import LineOf, remove_server
from dedup_assets_tests.pipeline.line import Line, Outcome

FILES = (
    Planted("a/one.jpg", jpeg(make_photograph(1)), "one"),
    Planted("a/two.jpg", jpeg(make_photograph(2)), "two"),
    Planted("b/one small.jpg", jpeg(scaled(make_photograph(1), 0.7)), "one"),
)


def assert_holds(connection: psycopg.Connection, line: Line, outcome: Outcome) -> None:
    """Every image of the line's store stands there with its group, and those kept have a vector."""
    rows = images_of(connection, line)
    assert {(path, group) for path, group, _ in rows} == {(path, outcome.group_of(path)) for path in outcome.by_path}
    assert {path for path, _, kept in rows if kept} == {
        path for path, row in outcome.by_path.items() if row["Status"] == "Best"
    }
    query = "SELECT count(*) FROM dedup.image_vector WHERE store = %s"
    assert connection.execute(query, (line.store,)).fetchone() == (len(outcome.by_path),)


def images_of(connection: psycopg.Connection, line: Line) -> list[tuple[str, str, bool]]:
    """Path, group, and whether it is the representative, of every image of the line's store."""
    query = "SELECT path, group_id, is_embedding_representative FROM dedup.image JOIN dedup.store USING (store_id)"
    return connection.execute(f"{query} WHERE store = %s".encode(), (line.store,)).fetchall()


def test_vectors_and_groups_go_to_the_database_and_follow_the_source(line_of: LineOf, database_url: str) -> None:
    line = line_of(FILES)
    outcome = line.run()
    with psycopg.connect(database_url) as connection:
        assert_holds(connection, line, outcome)
    (Path(line.source) / "a/one.jpg").unlink()
    outcome = line.run()
    with psycopg.connect(database_url) as connection:
        kept = {path for path, _, is_kept in images_of(connection, line) if is_kept}
    assert kept == {"a/two.jpg", "b/one small.jpg"} == set(outcome.by_path)


def test_the_next_run_brings_back_what_somebody_deleted_and_embeds_nothing(line_of: LineOf, database_url: str) -> None:
    line = line_of(FILES)
    before = line.run()
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM dedup.image WHERE is_embedding_representative")
    after = line.run()
    assert after.by_path == before.by_path
    with psycopg.connect(database_url) as connection:
        assert_holds(connection, line, after)
    assert after.work["embedded_images"] == 0


def test_two_stores_on_one_server_leave_each_other_alone(line_of: LineOf, database_url: str) -> None:
    one, other = line_of(FILES, "one", "store one"), line_of(FILES[:2], "other", "store other")
    outcomes = [line.run() for line in (one, other, one)]
    with psycopg.connect(database_url) as connection:
        assert_holds(connection, one, outcomes[2])
        assert_holds(connection, other, outcomes[1])


def test_without_an_address_the_embedded_server_of_the_store_is_used(
    line_of: LineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    line = line_of(FILES)
    directory = default_data_directory(line.store)
    try:
        outcome = line.run()
        with DatabaseResource(store=line.store).connect() as connection:
            assert_holds(connection, line, outcome)
    finally:
        remove_server(EmbeddedPostgres.start(directory))


@pytest.mark.parametrize("table", ["image_features", "verified_groups", "embeddings"])
def test_a_run_outlives_a_server_that_is_killed_and_started_again(
    line_of: LineOf, tmp_path: Path, own_server: EmbeddedPostgres, table: str
) -> None:
    line = line_of(FILES)
    command = [sys.executable, "-m", "dedup_assets.cli", "run", line.source, "--store", line.store]
    address = f"postgresql://postgres@/postgres?host={own_server.socket_directory}"
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen(
            command, env=os.environ | {"DATABASE_URL": address}, stderr=errors, stdout=subprocess.DEVNULL
        )
    while not any((Path(line.store) / "tables" / table).rglob("*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    for pid in server_processes(own_server.data):
        os.kill(pid, signal.SIGKILL)
    time.sleep(5)
    EmbeddedPostgres.start(own_server.directory)
    assert process.wait(200) == 0, (tmp_path / "errors").read_text()
    with psycopg.connect(own_server.conninfo) as connection:
        assert_holds(connection, line, line.outcome())


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="dedup-postgres-") as folder:
        Path(folder).chmod(0o711)
        running = EmbeddedPostgres.start(Path(folder) / "own")
        yield running
        remove_server(running)
