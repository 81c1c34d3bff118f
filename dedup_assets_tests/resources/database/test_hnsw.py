import psycopg

from dedup_assets.resources.database.hnsw import Graph, build_vector_index
from dedup_assets.resources.database.models import find_model
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets_tests.resources.database.rows import DIMENSION, MODEL, content, scalars, vectors


def fill(database: psycopg.Connection, count: int) -> None:
    store_vectors(database, *MODEL, [content(number) for number in range(count)], vectors(count))


def test_the_index_is_built_once_and_finds_the_nearest(database: psycopg.Connection) -> None:
    assert not build_vector_index(database, *MODEL)
    fill(database, 500)
    assert build_vector_index(database, *MODEL)
    assert not build_vector_index(database, *MODEL)
    model_id, _ = find_model(database, *MODEL) or (0, 0)
    query = f"""SELECT file_sha256 FROM dedup.image_embedding WHERE model_id = {model_id}
        ORDER BY embedding::halfvec({DIMENSION}) <=> '{vectors(500)[123].tolist()}'::halfvec({DIMENSION}) LIMIT 1"""
    database.execute("SET enable_seqscan = off; SET enable_sort = off")
    assert f"image_embedding_hnsw_{model_id}" in "".join(map(str, scalars(database, f"EXPLAIN {query}")))
    assert scalars(database, query) == [content(123)]


def test_what_does_not_fit_into_memory_is_said(database: psycopg.Connection) -> None:
    fill(database, 4_000)
    said: list[str] = []
    database.commit()
    least = Graph(links=2, looked_at=4)
    assert build_vector_index(database, *MODEL, said.append, least, memory_bytes=1 << 20)
    assert len(said) == 1
    assert "graph no longer fits into maintenance_work_mem" in said[0]


def test_the_memory_of_a_graph_grows_with_its_vectors_and_links() -> None:
    assert Graph().build_bytes(500_000, 1024) < 3 << 30
    assert Graph(links=40).build_bytes(10, 8) > Graph(links=16).build_bytes(10, 8)
