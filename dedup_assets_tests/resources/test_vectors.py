from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from dedup_assets.resources.image_rows import ImageRow, remove_images, upsert_images
from dedup_assets.resources.vector_copy import VectorError
from dedup_assets.resources.vectors import (
    build_vector_index,
    drop_model,
    missing_vectors,
    register_model,
    store_vectors,
)

MODEL = ("rootsift", "1")


def content(name: object) -> bytes:
    return sha256(str(name).encode()).digest()


def image(image_id: int, group: str, representative: bool = False, of: object = None) -> ImageRow:
    return ImageRow(image_id, f"{image_id}.jpg", content(of or image_id), None, group, image_id, representative)


def vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, 256)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def store(database: psycopg.Connection, *names: object) -> int:
    return store_vectors(database, *MODEL, [content(name) for name in names], vectors(len(names)))


def sources(database: psycopg.Connection) -> dict[int, tuple[int, bool]]:
    rows = database.execute("SELECT image_id, embedding_source_id, is_embedding_representative FROM dedup.image")
    return {image_id: (source, representative) for image_id, source, representative in rows}


def scalars(database: psycopg.Connection, query: str) -> list[object]:
    return [row[0] for row in database.execute(query.encode())]


def waiting(database: psycopg.Connection) -> list[object]:
    return scalars(database, "SELECT image_id FROM dedup.orphaned_images ORDER BY image_id")


def with_vector(database: psycopg.Connection) -> list[object]:
    return scalars(database, "SELECT image_id FROM dedup.image_vector ORDER BY image_id")


def test_writing_the_same_twice_writes_nothing_the_second_time(database: psycopg.Connection) -> None:
    rows = [image(number, f"g{number // 3}", representative=number % 3 == 0) for number in range(1, 100)]
    assert upsert_images(database, rows) == 99
    assert upsert_images(database, rows) == 0
    assert store(database, *range(50)) == 50
    assert store(database, *range(50)) == 0


def test_vectors_come_back_in_half_precision(database: psycopg.Connection) -> None:
    store(database, "a", "b")
    stored = scalars(database, "SELECT embedding::text FROM dedup.image_embedding ORDER BY file_sha256")
    expected = {content(name): row for name, row in zip("ab", vectors(2), strict=True)}
    for text, key in zip(stored, sorted(expected), strict=True):
        np.testing.assert_allclose(np.fromstring(str(text)[1:-1], sep=","), expected[key].astype(np.float16), atol=1e-4)


def test_only_missing_contents_are_named_once_and_in_order(database: psycopg.Connection) -> None:
    assert missing_vectors(database, *MODEL, [content("z"), content("a")]) == [content("z"), content("a")]
    store(database, "a")
    asked = [content("z"), content("a"), content("b"), content("z")]
    assert missing_vectors(database, *MODEL, asked) == [content("z"), content("b")]
    assert missing_vectors(database, MODEL[0], "2", [content("a")]) == [content("a")]


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
    store(database, "a")
    with pytest.raises(VectorError, match="vectors of 256 numbers, not 8"):
        store_vectors(database, *MODEL, [content("b")], vectors(1)[:, :8])


def test_another_revision_is_a_space_of_its_own_until_the_old_one_is_dropped(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", representative=True)])
    store(database, 1)
    store_vectors(database, MODEL[0], "2", [content(1)], vectors(1, seed=1))
    assert with_vector(database) == [1, 1]
    assert drop_model(database, *MODEL) == 1
    assert with_vector(database) == [1]
    assert drop_model(database, *MODEL) == 0


def test_duplicates_use_the_vector_of_their_representative(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g"), image(2, "g", representative=True), image(3, "g")])
    store(database, 2)
    assert sources(database) == {1: (2, False), 2: (2, True), 3: (2, False)}
    assert with_vector(database) == [1, 2, 3]


def test_two_representatives_of_a_group_are_impossible(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", representative=True), image(2, "g")])
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("UPDATE dedup.image SET is_embedding_representative = true")


def test_a_late_larger_final_makes_one_representative_not_two(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", representative=True), image(2, "g")])
    assert upsert_images(database, [image(1, "g"), image(2, "g"), image(3, "g", representative=True)]) == 1
    assert sources(database) == {1: (3, False), 2: (3, False), 3: (3, True)}


@pytest.mark.parametrize("first", [0, 1])
def test_the_order_in_which_partitions_arrive_does_not_matter(database: psycopg.Connection, first: int) -> None:
    partitions = [[image(1, "g"), image(2, "g")], [image(3, "g", representative=True)]]
    for partition in (partitions[first], partitions[1 - first], *partitions):
        upsert_images(database, partition)
    assert sources(database) == {1: (3, False), 2: (3, False), 3: (3, True)}
    assert [upsert_images(database, partition) for partition in partitions] == [0, 0]


def test_a_group_whose_representative_moves_away_elects_another(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", representative=True), image(2, "g"), image(3, "g")])
    upsert_images(database, [image(1, "other", representative=True)])
    assert sources(database) == {1: (1, True), 2: (2, True), 3: (2, False)}


def test_deleting_a_representative_queues_exactly_one_duplicate_and_leaves_no_dead_vector(
    database: psycopg.Connection,
) -> None:
    upsert_images(database, [image(1, "g", representative=True), *(image(number, "g") for number in range(2, 6))])
    store(database, 1)
    database.execute("DELETE FROM dedup.image WHERE image_id = 1")
    database.commit()
    assert sources(database) == {number: (2, number == 2) for number in range(2, 6)}
    assert waiting(database) == [2]
    assert scalars(database, "SELECT images_waiting FROM dedup.orphaned_images") == [4]
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]
    store(database, 2)
    assert with_vector(database) == [2, 3, 4, 5]
    assert waiting(database) == []


def test_a_duplicate_with_the_same_bytes_keeps_the_vector_and_nothing_is_queued(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", True, of="x"), image(2, "g"), image(3, "g", of="x")])
    store(database, "x")
    assert remove_images(database, [1]) == 1
    assert sources(database) == {2: (3, False), 3: (3, True)}
    assert with_vector(database) == [2, 3]
    assert waiting(database) == []


def test_a_whole_group_and_its_representative_are_deleted_in_one_statement(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", representative=True), image(2, "g"), image(3, "h", representative=True)])
    store(database, 1, 3)
    database.execute("DELETE FROM dedup.image WHERE group_id = 'g'")
    database.commit()
    assert with_vector(database) == [3]
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [1]


def test_thousands_of_representatives_are_deleted_at_once(database: psycopg.Connection) -> None:
    rows = [image(number, f"g{number // 3}", representative=number % 3 == 0) for number in range(3, 12_003)]
    upsert_images(database, rows)
    store_vectors(database, *MODEL, [row.file_sha256 for row in rows[::3]], vectors(4_000)[:, :8])
    database.execute("DELETE FROM dedup.image WHERE is_embedding_representative")
    database.commit()
    assert len(waiting(database)) == 4_000
    assert scalars(database, "SELECT count(DISTINCT embedding_source_id) FROM dedup.image") == [4_000]
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]


def test_changed_bytes_leave_no_dead_vector(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", True), image(2, "h", True, of="y"), image(3, "i", True, of="y")])
    store(database, 1, "y")
    upsert_images(database, [image(1, "g", True, of="new"), image(2, "h", True, of="newer")])
    assert waiting(database) == [1, 2]
    assert with_vector(database) == [3]


def test_an_emptied_table_leaves_no_vector(database: psycopg.Connection) -> None:
    upsert_images(database, [image(1, "g", representative=True)])
    store(database, 1)
    database.execute("TRUNCATE dedup.image")
    assert scalars(database, "SELECT count(*) FROM dedup.image_embedding") == [0]


def test_the_index_is_built_once_and_finds_the_nearest(database: psycopg.Connection) -> None:
    rows = vectors(500)
    store_vectors(database, *MODEL, [content(number) for number in range(500)], rows)
    assert build_vector_index(database, *MODEL)
    assert not build_vector_index(database, *MODEL)
    model_id = register_model(database, *MODEL, 256)
    query = f"""SELECT file_sha256 FROM dedup.image_embedding WHERE model_id = {model_id}
        ORDER BY embedding::halfvec(256) <=> '{rows[123].tolist()}'::halfvec(256) LIMIT 1"""
    database.execute("SET enable_seqscan = off; SET enable_sort = off")
    assert f"image_embedding_hnsw_{model_id}" in "".join(map(str, scalars(database, f"EXPLAIN {query}")))
    assert scalars(database, query) == [content(123)]


def test_decisions_are_kept_and_the_newest_counts(database: psycopg.Connection) -> None:
    left, right = sorted((content("a"), content("b")))
    for verdict, kept in (("same", None), ("not_same", None), ("keep_this", right)):
        decide(database, (left, right, verdict, kept, "ann"))
    assert scalars(database, "SELECT verdict FROM dedup.current_decision") == ["keep_this"]
    assert scalars(database, "SELECT count(*) FROM dedup.decision") == [3]


@pytest.mark.parametrize(
    "row",
    [
        (content("x"), content("x"), "same", None, "ann"),
        (*sorted((content("a"), content("b"))), "keep_this", None, "ann"),
        (*sorted((content("a"), content("b"))), "keep_this", content("c"), "ann"),
        (*sorted((content("a"), content("b"))), "perhaps", None, "ann"),
        (*sorted((content("a"), content("b"))), "same", None, ""),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(database: psycopg.Connection, row: Sequence[object]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        decide(database, row)


def decide(database: psycopg.Connection, row: Sequence[object]) -> None:
    database.execute(
        "INSERT INTO dedup.decision (left_sha256, right_sha256, verdict, kept_sha256, decided_by)"
        " VALUES (%s, %s, %s, %s, %s)",
        row,
    )


def test_a_metadata_hash_is_the_sha256_of_the_recipe_and_unknown_recipes_have_none(
    database: psycopg.Connection,
) -> None:
    hashed = database.execute("SELECT dedup.compute_metadata_hash(%s), dedup.compute_metadata_hash(NULL)", ("größe|",))
    assert hashed.fetchone() == (sha256("größe|".encode()).hexdigest(), None)
