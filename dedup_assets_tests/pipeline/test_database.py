from pathlib import Path

import psycopg
import pytest

from dedup_assets.resources.database import DatabaseResource
from dedup_assets.resources.embedded_postgres import EmbeddedPostgres
from dedup_assets.resources.postgres_data import default_data_directory
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled
from dedup_assets_tests.pipeline.collections import Planted
from dedup_assets_tests.pipeline.conftest import LineOf, remove_server
from dedup_assets_tests.pipeline.line import Outcome

FILES = (
    Planted("a/one.jpg", jpeg(make_photograph(1)), "one"),
    Planted("a/two.jpg", jpeg(make_photograph(2)), "two"),
    Planted("b/one small.jpg", jpeg(scaled(make_photograph(1), 0.7)), "one"),
)


def assert_holds(connection: psycopg.Connection, outcome: Outcome) -> None:
    """Every image stands there with its group, and those kept have a vector."""
    rows = connection.execute("SELECT path, group_id, is_embedding_representative FROM dedup.image").fetchall()
    assert {(path, group) for path, group, _ in rows} == {(path, outcome.group_of(path)) for path in outcome.by_path}
    assert {path for path, _, kept in rows if kept} == {
        path for path, row in outcome.by_path.items() if row["Status"] == "Best"
    }
    (vectors,) = connection.execute(
        "SELECT count(*) FROM dedup.image JOIN dedup.image_embedding USING (file_sha256)"
        " WHERE is_embedding_representative"
    ).fetchone() or (0,)
    assert vectors == outcome.summary["groups"] + 1


def test_vectors_and_groups_go_to_the_database_and_follow_the_source(line_of: LineOf, database_url: str) -> None:
    line = line_of(FILES)
    outcome = line.run()
    with psycopg.connect(database_url) as connection:
        assert_holds(connection, outcome)
    (Path(line.source) / "a/one.jpg").unlink()
    outcome = line.run()
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT path FROM dedup.image WHERE is_embedding_representative").fetchall()
    assert {path for (path,) in rows} == {"a/two.jpg", "b/one small.jpg"} == set(outcome.by_path)


def test_without_an_address_the_embedded_server_of_the_store_is_used(
    line_of: LineOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    line = line_of(FILES)
    directory = default_data_directory(line.store)
    try:
        outcome = line.run()
        with DatabaseResource(store=line.store).connect() as connection:
            assert_holds(connection, outcome)
    finally:
        remove_server(EmbeddedPostgres.start(directory))
