import psycopg
import pytest

from dedup_assets.resources.database.image_rows import remove_images
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets_tests.resources.database.rows import (
    MODEL,
    embed,
    enter,
    image,
    put,
    scalars,
    sources,
    vectors,
    waiting,
    with_vector,
)


def test_writing_the_same_twice_writes_nothing_the_second_time(database: psycopg.Connection) -> None:
    rows = [image(number, f"g{number // 3}", representative=number % 3 == 0) for number in range(1, 100)]
    assert put(database, rows) == 99
    assert put(database, rows) == 0
    assert embed(database, *range(50)) == 50
    assert embed(database, *range(50)) == 0


def test_duplicates_use_the_vector_of_their_representative(database: psycopg.Connection) -> None:
    put(database, [image(1, "g"), image(2, "g", representative=True), image(3, "g")])
    embed(database, 2)
    assert sources(database) == {1: (2, False), 2: (2, True), 3: (2, False)}
    assert with_vector(database) == [1, 2, 3]


def test_the_rows_of_a_new_group_are_written_once(database: psycopg.Connection) -> None:
    put(database, [image(number, f"g{number // 3}", number % 3 == 0) for number in range(3, 30)])
    places = scalars(database, "SELECT ctid::text FROM dedup.image")
    assert set(places) == {f"(0,{number})" for number in range(1, 28)}


def test_two_representatives_of_a_group_are_impossible(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", representative=True), image(2, "g")])
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("UPDATE dedup.image SET is_embedding_representative = true")


def test_a_late_larger_final_makes_one_representative_not_two(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", representative=True), image(2, "g")])
    assert put(database, [image(1, "g"), image(2, "g"), image(3, "g", representative=True)]) == 1
    assert sources(database) == {1: (3, False), 2: (3, False), 3: (3, True)}


@pytest.mark.parametrize("first", [0, 1])
def test_the_order_in_which_partitions_arrive_does_not_matter(database: psycopg.Connection, first: int) -> None:
    partitions = [[image(1, "g"), image(2, "g")], [image(3, "g", representative=True)]]
    for partition in (partitions[first], partitions[1 - first], *partitions):
        put(database, partition)
    assert sources(database) == {1: (3, False), 2: (3, False), 3: (3, True)}
    assert [put(database, partition) for partition in partitions] == [0, 0]


def test_a_group_whose_representative_moves_away_elects_another(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", representative=True), image(2, "g"), image(3, "g")])
    put(database, [image(1, "other", representative=True)])
    assert sources(database) == {1: (1, True), 2: (2, True), 3: (2, False)}


def test_deleting_a_representative_queues_exactly_one_duplicate_and_leaves_no_dead_vector(
    database: psycopg.Connection,
) -> None:
    put(database, [image(1, "g", representative=True), *(image(number, "g") for number in range(2, 6))])
    embed(database, 1)
    database.execute("DELETE FROM dedup.image WHERE image_id = 1")
    database.commit()
    assert sources(database) == {number: (2, number == 2) for number in range(2, 6)}
    assert waiting(database) == [2]
    assert scalars(database, "SELECT images_waiting FROM dedup.orphaned_images") == [4]
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]
    embed(database, 2)
    assert with_vector(database) == [2, 3, 4, 5]
    assert waiting(database) == []


def test_a_duplicate_with_the_same_bytes_keeps_the_vector_and_nothing_is_queued(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", True, of="x"), image(2, "g"), image(3, "g", of="x")])
    embed(database, "x")
    assert remove_images(database, enter(database), [1]) == 1
    assert sources(database) == {2: (3, False), 3: (3, True)}
    assert with_vector(database) == [2, 3]
    assert waiting(database) == []


def test_a_whole_group_and_its_representative_are_deleted_in_one_statement(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", representative=True), image(2, "g"), image(3, "h", representative=True)])
    embed(database, 1, 3)
    database.execute("DELETE FROM dedup.image WHERE group_id = 'g'")
    database.commit()
    assert with_vector(database) == [3]
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [1]


def test_thousands_of_representatives_are_deleted_at_once(database: psycopg.Connection) -> None:
    rows = [image(number, f"g{number // 3}", representative=number % 3 == 0) for number in range(3, 12_003)]
    put(database, rows)
    store_vectors(database, *MODEL, [row.file_sha256 for row in rows[::3]], vectors(4_000))
    database.execute("DELETE FROM dedup.image WHERE is_embedding_representative")
    database.commit()
    assert len(waiting(database)) == 4_000
    assert scalars(database, "SELECT count(DISTINCT embedding_source_id) FROM dedup.image") == [4_000]
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]


def test_changed_bytes_leave_no_dead_vector(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", True), image(2, "h", True, of="y"), image(3, "i", True, of="y")])
    embed(database, 1, "y")
    put(database, [image(1, "g", True, of="new"), image(2, "h", True, of="newer")])
    assert waiting(database) == [1, 2]
    assert with_vector(database) == [3]


def test_an_emptied_table_leaves_no_vector(database: psycopg.Connection) -> None:
    put(database, [image(1, "g", representative=True)])
    embed(database, 1)
    database.execute("TRUNCATE dedup.image")
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]
