import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest

from dedup_assets.errors import VectorError
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.migrations import migrate
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.vectors import check_vectors, store_vectors
from dedup_assets_tests.resources.database.conftest import wait_until_stopped
from dedup_assets_tests.resources.database.rows import (
    MODEL,
    content,
    embed,
    image,
    put,
    scalars,
    vectors,
    with_vector,
)


def test_vectors_come_back_in_half_precision(database: psycopg.Connection) -> None:
    embed(database, "a", "b")
    stored = scalars(database, "SELECT embedding::text FROM dedup.image_embedding ORDER BY file_sha256")
    expected = {content(name): row for name, row in zip("ab", vectors(2), strict=True)}
    for text, key in zip(stored, sorted(expected), strict=True):
        np.testing.assert_allclose(np.fromstring(str(text)[1:-1], sep=","), expected[key].astype(np.float16), atol=1e-4)


@pytest.mark.parametrize(
    ("broken", "complaint"), [(np.nan, "holds NaN"), (np.inf, "holds NaN or infinity"), (0, "is zero"), (1e6, "half")]
)
def test_a_vector_without_meaning_is_refused_and_nothing_is_written(
    database: psycopg.Connection, broken: float, complaint: str
) -> None:
    rows = vectors(3)
    rows[1] = broken
    with pytest.raises(VectorError, match=f"1 of 3 vectors .*{content('b').hex()}.*{complaint}"):
        store_vectors(database, *MODEL, [content(name) for name in "abc"], rows)
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]


@pytest.mark.parametrize("text", ["[0,0]", "[NaN,1]"])
def test_the_database_itself_refuses_such_vectors_too(database: psycopg.Connection, text: str) -> None:
    model_id = register_model(database, *MODEL, 2)
    with pytest.raises(psycopg.DataError if "NaN" in text else psycopg.errors.CheckViolation):
        database.execute(
            "INSERT INTO dedup.image_embedding VALUES (%s, %s, 2, %s::halfvec)", (model_id, content("a"), text)
        )


def test_a_model_has_one_dimension(database: psycopg.Connection) -> None:
    embed(database, "a")
    with pytest.raises(VectorError, match="vectors of 16 numbers, not 8"):
        store_vectors(database, *MODEL, [content("b")], vectors(1)[:, :8])


def test_shapes_and_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(VectorError, match="2 hashes came with vectors of shape"):
        check_vectors([b"k" * 32] * 2, np.ones((3, 4), np.float32))
    with pytest.raises(VectorError, match="32 bytes"):
        check_vectors([b"short"], np.ones((1, 4), np.float32))


def test_a_vector_that_vanishes_in_half_precision_is_zero() -> None:
    with pytest.raises(VectorError, match=r"1 of 2 vectors cannot be stored; the first, of 6c6c.* is zero"):
        check_vectors([b"k" * 32, b"l" * 32], np.array([[1.0], [1e-9]], np.float32))


def test_nothing_is_a_fine_number_of_vectors() -> None:
    check_vectors([], np.empty((0, 4), np.float32))


def test_a_content_that_stands_twice_is_written_once_by_its_last_vector(database: psycopg.Connection) -> None:
    rows = vectors(3)
    assert store_vectors(database, *MODEL, [content("a"), content("b"), content("a")], rows) == 2
    assert store_vectors(database, *MODEL, [content("a"), content("b")], rows[[2, 1]]) == 0


LOADER = """
import sys
import psycopg
from dedup_assets_tests.resources.database.test_vectors import load_part
with psycopg.connect(sys.argv[1]) as connection:
    for part in range(1_000):
        load_part(connection, part)
        print(part, flush=True)
"""
IN_A_PART = 50


def load_part(connection: psycopg.Connection, part: int) -> int:
    """Store the images of a part and their vectors; returns how many rows were new or changed."""
    numbers = range(part * IN_A_PART + 1, (part + 1) * IN_A_PART + 1)
    written = embed(connection, *numbers)
    return written + put(connection, [image(number, f"g{number}", True) for number in numbers])


def assert_complete(connection: psycopg.Connection, parts: int) -> None:
    """Load all parts, those that are there and those that are not; then there is nothing left to write."""
    assert sum(load_part(connection, part) for part in range(parts)) > 0
    assert sum(load_part(connection, part) for part in range(parts)) == 0
    assert with_vector(connection) == list(range(1, parts * IN_A_PART + 1))


def test_a_load_that_is_killed_and_done_again_is_complete_and_exact_once(database: psycopg.Connection) -> None:
    process = subprocess.Popen([sys.executable, "-c", LOADER, database.info.dsn], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    reached = [int(process.stdout.readline()) for _ in range(5)][-1]
    process.kill()
    process.communicate()
    assert_complete(database, reached + 3)


def test_a_load_whose_server_is_killed_and_done_again_is_complete_and_exact_once(postgres_folder: Path) -> None:
    server = EmbeddedPostgres.start(postgres_folder / "crashes")
    with psycopg.connect(server.conninfo) as connection:
        migrate(connection)
    process = subprocess.Popen([sys.executable, "-c", LOADER, server.conninfo], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        reached = [int(process.stdout.readline()) for _ in range(5)][-1]
        os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert process.wait(30) != 0
        with psycopg.connect(EmbeddedPostgres.start(server.directory).conninfo) as connection:
            assert_complete(connection, reached + 3)
    finally:
        process.stdout.close()
        server.release()
        wait_until_stopped(server.directory)
