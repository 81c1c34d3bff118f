import psycopg

from dedup_assets.resources.database.models import drop_model, find_model
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets_tests.resources.database.rows import MODEL, STORE, content, embed, image, put, vectors, with_vector


def test_another_revision_is_a_space_of_its_own_until_the_old_one_is_dropped(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", representative=True)])
    embed(database, 1)
    store_vectors(database, MODEL[0], "2", [content(1)], vectors(1, seed=1))
    assert with_vector(database) == [1, 1]
    assert drop_model(database, *MODEL, STORE) == 1
    assert with_vector(database) == [1]
    assert find_model(database, *MODEL) is None
    assert drop_model(database, *MODEL, STORE) == 0


def test_vectors_that_another_store_has_as_well_stay(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", True), image(2, "h", True)])
    put(database, [image(1, "g", True)], "other")
    embed(database, 1, 2)
    assert drop_model(database, *MODEL, STORE) == 1
    assert find_model(database, *MODEL) is not None
    assert drop_model(database, *MODEL, "other") == 0
    assert with_vector(database) == [1, 1]
