import psycopg
import pytest

from dedup_assets.resources.database.image_rows import remove_images, stored_images, upsert_images
from dedup_assets_tests.resources.database.rows import embed, enter, image, put, scalars, states, waiting, with_vector


def test_stores_with_the_same_paths_and_groups_leave_each_other_alone(database: psycopg.Connection) -> None:
    rows = [image(1, "g", True), image(2, "g"), image(3, "h", True)]
    assert [put(database, rows, store) for store in ("one", "other", "one")] == [3, 3, 0]
    embed(database, 1, 3)
    one, other = enter(database, "one"), enter(database, "other")
    assert remove_images(database, one, stored_images(database, one)) == 3
    assert stored_images(database, other) == [1, 2, 3]
    assert with_vector(database) == [1, 2, 3]
    upsert_images(database, one, [image(2, "g", True)])
    assert scalars(database, "SELECT count(*) FROM dedup.image WHERE is_embedding_representative") == [3]


def test_a_vector_is_shared_by_content_and_goes_with_the_last_store_that_has_it(database: psycopg.Connection) -> None:
    for store in ("one", "other"):
        put(database, [image(1, "g", True)], store)
    embed(database, 1)
    assert with_vector(database) == [1, 1]
    for left in (1, 0):
        database.execute("DELETE FROM dedup.store WHERE store = (SELECT min(store) FROM dedup.store)")
        assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [left]


def test_the_state_changes_only_when_another_hand_deletes(database: psycopg.Connection) -> None:
    for store in ("one", "other"):
        put(database, [image(1, "g", True), image(2, "g"), image(3, "h", True)], store)
    embed(database, 1, 3)
    before = states(database)
    remove_images(database, enter(database, "one"), [3])
    assert states(database) == before
    database.execute("DELETE FROM dedup.image WHERE image_id = 2 AND store_id = %s", (enter(database, "one"),))
    after = states(database)
    assert (after["one"] != before["one"], after["other"] == before["other"]) == (True, True)


@pytest.mark.parametrize("statement", ["DELETE FROM dedup.image_embedding", "TRUNCATE dedup.image_embedding"])
def test_the_state_changes_when_a_vector_in_use_is_deleted(database: psycopg.Connection, statement: str) -> None:
    put(database, [image(1, "g", True)])
    embed(database, 1)
    before = states(database)
    database.execute(statement.encode())
    assert states(database) != before
    assert waiting(database) == [1]


def test_a_database_that_was_begun_anew_has_another_state(database: psycopg.Connection) -> None:
    enter(database, "one")
    before = states(database)
    database.execute("DELETE FROM dedup.store")
    database.commit()
    enter(database, "one")
    assert states(database) != before
