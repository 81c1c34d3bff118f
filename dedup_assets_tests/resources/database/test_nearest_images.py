import numpy as np
import psycopg
import pytest

from dedup_assets.resources.database.hnsw import build_vector_index
from dedup_assets.resources.database.image_rows import ImageRow
from dedup_assets.resources.database.nearest_images import nearest_images, vector_of_image
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets_tests.resources.database.rows import MODEL, STORE, content, put, vectors

COUNT = 600
ROWS = vectors(COUNT)
RARE = 37
"""One image in so many lies below rare/."""


def path_of(number: int) -> str:
    return f"{'rare' if number % RARE == 0 else 'common'}/{number:03}.jpg"


@pytest.fixture(params=[True, False], ids=["index", "no index"])
def filled(request: pytest.FixtureRequest, database: psycopg.Connection) -> psycopg.Connection:
    """Groups of an image and its duplicate, whose path ends in .png, and another store with the same contents."""
    kept = [ImageRow(n + 1, path_of(n), content(n), None, f"g{n}", 1, True) for n in range(COUNT)]
    copies = [ImageRow(n + 1001, f"copies/{n:03}.png", content(-1 - n), None, f"g{n}", 2, False) for n in range(COUNT)]
    put(database, [*kept, *copies])
    put(database, kept, "another")
    store_vectors(database, *MODEL, [row.file_sha256 for row in kept], ROWS)
    if request.param:
        build_vector_index(database, *MODEL)
    database.commit()
    database.execute("ANALYZE")
    return database


def exactly(query: int, numbers: range, limit: int) -> list[int]:
    cosines = ROWS[numbers] @ ROWS[query]
    return [numbers[place] for place in np.argsort(-cosines)[:limit]]


def test_the_nearest_are_those_of_brute_force(filled: psycopg.Connection) -> None:
    found = nearest_images(filled, STORE, *MODEL, ROWS[5], limit=20)
    assert [each.path for each in found] == [path_of(number) for number in exactly(5, range(COUNT), 20)]
    assert found[0].cosine == pytest.approx(1, abs=1e-3)
    assert found[1].cosine == pytest.approx(float(ROWS[found[1].image_id - 1] @ ROWS[5]), abs=1e-3)


def test_a_filter_that_keeps_few_still_gives_as_many_as_asked_for(filled: psycopg.Connection) -> None:
    found = nearest_images(filled, STORE, *MODEL, ROWS[5], limit=10, prefix="rare/")
    assert [each.path for each in found] == [path_of(number) for number in exactly(5, range(0, COUNT, RARE), 10)]
    filled.execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
    assert nearest_images(filled, STORE, *MODEL, ROWS[5], limit=10, prefix="rare/") == found


def test_duplicates_stand_behind_the_image_that_is_kept_in_their_place(filled: psycopg.Connection) -> None:
    assert nearest_images(filled, STORE, *MODEL, ROWS[5], limit=2, prefix="copies/") == []


def test_what_a_search_set_is_gone_after_it(filled: psycopg.Connection) -> None:
    nearest_images(filled, STORE, *MODEL, ROWS[5])
    filled.commit()
    assert filled.execute("SHOW hnsw.iterative_scan").fetchone() == ("off",)


def test_other_stores_and_unknown_models_have_nothing(filled: psycopg.Connection) -> None:
    assert nearest_images(filled, "no such store", *MODEL, ROWS[5]) == []
    assert nearest_images(filled, STORE, MODEL[0], "2", ROWS[5]) == []


def test_every_image_has_a_vector_also_after_deletes(filled: psycopg.Connection) -> None:
    of_copy = vector_of_image(filled, STORE, *MODEL, 1006)
    assert of_copy is not None
    np.testing.assert_allclose(of_copy, ROWS[5], atol=1e-3)
    filled.execute("DELETE FROM dedup.image WHERE image_id = 1006")
    assert vector_of_image(filled, STORE, *MODEL, 6) is not None
    assert vector_of_image(filled, STORE, *MODEL, 1006) is None
