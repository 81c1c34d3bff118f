"""Load, index, search and storage of vectors: `python benchmarks/vectors.py [--vectors 500000 --dimension 1024]`.

Synthetic vectors like embeddings: about 50 around each cluster centre, centre and noise both of a spectrum that falls as
that of real embeddings does, L2-normalised. Recall@10 is measured against brute force over the same vectors in half
precision. The server is an embedded one of its own in a temporary folder. Prints Markdown; `--out` also writes it.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.hnsw import Graph, build_vector_index
from dedup_assets.resources.database.image_rows import ImageRow, upsert_images
from dedup_assets.resources.database.migrations import migrate
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.nearest_images import nearest_images
from dedup_assets.resources.database.store_entries import enter_store
from dedup_assets.resources.database.vectors import store_vectors

MODEL, REVISION = "synthetic", "1"
BATCH = 10_000
IN_A_CLUSTER = 50
NOISE = 0.7
NEAREST = 10
STORE, SHELVES = "benchmark", 100
Rows = NDArray[np.float32]


class Clusters:
    """Vectors around common centres; the same number gives the same rows."""

    def __init__(self, count: int, dimension: int) -> None:
        self.dimension = dimension
        self._spectrum = (1 + np.arange(dimension, dtype=np.float32)) ** -0.5
        self._centres = np.random.default_rng(0).standard_normal((count, dimension), np.float32)

    def rows(self, number: int, count: int) -> Rows:
        """`count` rows of length 1, as they are after half precision."""
        random = np.random.default_rng((1, number))
        chosen = random.integers(0, len(self._centres), count)
        noise = random.standard_normal((count, len(self._spectrum)), np.float32)
        rows = (self._centres[chosen] + NOISE * noise) * self._spectrum
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows.astype(np.float16), np.float32)


def path_of(row: int) -> str:
    return f"shelf-{row % SHELVES:02}/{row}.jpg"


def key_of(row: int) -> bytes:
    return sha256(str(row).encode()).digest()


def batches(clusters: Clusters, count: int) -> Iterator[tuple[int, Rows]]:
    for number, first in enumerate(range(0, count, BATCH)):
        yield first, clusters.rows(number, min(BATCH, count - first))


class Nearest:
    """The exact neighbours of some queries among the rows that were shown so far."""

    def __init__(self, queries: Rows) -> None:
        self._queries = queries
        self._cosines = np.full((len(queries), NEAREST), -np.inf, np.float32)
        self.rows = np.zeros((len(queries), NEAREST), np.int64)

    def show(self, rows: Rows, numbers: NDArray[np.int64]) -> None:
        """Go on with more rows and their numbers."""
        cosines = np.hstack([self._cosines, self._queries @ rows.T])
        every = np.hstack([self.rows, np.broadcast_to(numbers, (len(self._queries), len(numbers)))])
        order = np.argsort(-cosines, axis=1)[:, :NEAREST]
        self._cosines, self.rows = np.take_along_axis(cosines, order, 1), np.take_along_axis(every, order, 1)


def load(connection: psycopg.Connection, clusters: Clusters, count: int, nearest: Nearest, shelf: Nearest) -> float:
    """Store all vectors and an image of each; returns the seconds of storing the vectors alone."""
    model_id = register_model(connection, MODEL, REVISION, clusters.dimension)
    store_id = enter_store(connection, STORE, model_id).store_id
    seconds = 0.0
    for first, rows in batches(clusters, count):
        numbers = first + np.arange(len(rows))
        keys = [key_of(int(number)) for number in numbers]
        began = time.perf_counter()
        store_vectors(connection, MODEL, REVISION, keys, rows)
        seconds += time.perf_counter() - began
        images = [
            ImageRow(int(number) + 1, path_of(int(number)), key, None, f"g{number}", 1, True)
            for number, key in zip(numbers, keys, strict=True)
        ]
        upsert_images(connection, store_id, images)
        nearest.show(rows, numbers)
        on_shelf = numbers % SHELVES == 0
        shelf.show(rows[on_shelf], numbers[on_shelf])
    connection.commit()
    connection.execute("ANALYZE")
    return seconds


def search(connection: psycopg.Connection, queries: Rows, nearest: NDArray[np.int64], looked_at: int) -> str:
    dimension = queries.shape[1]
    statement = (
        f"SELECT file_sha256 FROM dedup.image_embedding WHERE model_id = 1"
        f" ORDER BY embedding::halfvec({dimension}) <=> %s::halfvec({dimension}) LIMIT {NEAREST}"
    ).encode()
    found, milliseconds = 0, []
    with connection.transaction():
        connection.execute(f"SET LOCAL hnsw.ef_search = {looked_at}".encode())
        connection.execute("SET LOCAL enable_seqscan = off")
        for query, wanted in zip(queries, nearest, strict=True):
            began = time.perf_counter()
            rows = connection.execute(statement, (str(query.tolist()),)).fetchall()
            milliseconds.append(1000 * (time.perf_counter() - began))
            found += len({bytes(row[0]) for row in rows} & {key_of(int(each)) for each in wanted})
    middle, slow = np.percentile(milliseconds, [50, 95])
    return f"| {looked_at} | {found / nearest.size:.4f} | {middle:.1f} | {slow:.1f} |"


def search_images(connection: psycopg.Connection, queries: Rows, nearest: NDArray[np.int64], prefix: str) -> str:
    """The program's own search, whole and through a filter that keeps 1 %."""
    found, milliseconds = 0, []
    for query, wanted in zip(queries, nearest, strict=True):
        began = time.perf_counter()
        images = nearest_images(connection, STORE, MODEL, REVISION, query, NEAREST, prefix)
        milliseconds.append(1000 * (time.perf_counter() - began))
        found += len({image.path for image in images} & {path_of(int(each)) for each in wanted})
    middle, slow = np.percentile(milliseconds, [50, 95])
    return f"| {prefix or 'all'} | {found / nearest.size:.4f} | {middle:.1f} | {slow:.1f} |"


def storage(connection: psycopg.Connection, count: int) -> str:
    """Of the vectors, and of the images that use them."""
    row = connection.execute(
        "SELECT pg_relation_size(oid), pg_table_size(oid) - pg_relation_size(oid),"
        " pg_indexes_size(oid) - pg_relation_size('dedup.image_embedding_hnsw_1'),"
        " pg_relation_size('dedup.image_embedding_hnsw_1'), pg_total_relation_size(oid),"
        " pg_total_relation_size('dedup.image')"
        " FROM pg_class WHERE oid = 'dedup.image_embedding'::regclass"
    ).fetchone()
    assert row is not None
    return "| " + " | ".join(f"{size / count:,.0f}" for size in row) + " |"


def measure(connection: psycopg.Connection, arguments: argparse.Namespace) -> Iterator[str]:
    count, dimension = arguments.vectors, arguments.dimension
    clusters = Clusters(max(1, count // IN_A_CLUSTER), dimension)
    queries = clusters.rows(10**6, arguments.queries)
    nearest, shelf = Nearest(queries), Nearest(queries)
    seconds = load(connection, clusters, count, nearest, shelf)
    graph = Graph(arguments.links, arguments.looked_at)
    notices: list[str] = []
    began = time.perf_counter()
    build_vector_index(connection, MODEL, REVISION, notices.append, graph)
    building = time.perf_counter() - began
    yield f"\n{count:,} vectors of {dimension} numbers, m = {graph.links}, ef_construction = {graph.looked_at}.\n"
    yield "| load, s | rows/s | index, s | rows/s |\n|---:|---:|---:|---:|"
    yield f"| {seconds:.1f} | {count / seconds:,.0f} | {building:.1f} | {count / building:,.0f} |"
    yield from (f"\nThe server said: {notice}" for notice in notices)
    yield f"\n| ef_search | recall@10 of {len(queries)} | ms, median | ms, 95 % |\n|---:|---:|---:|---:|"
    yield from (search(connection, queries, nearest.rows, each) for each in arguments.ef_search)
    yield "\n| `nearest_images` | recall@10 | ms, median | ms, 95 % |\n|---|---:|---:|---:|"
    yield search_images(connection, queries, nearest.rows, "")
    yield search_images(connection, queries, shelf.rows, "shelf-00/")
    yield "\nBytes a vector, and of the row of its image with all B-trees:\n"
    yield "| table | TOAST | B-trees | HNSW | all | image |\n|---:|---:|---:|---:|---:|---:|"
    yield storage(connection, count)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=1024)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--links", type=int, default=Graph().links)
    parser.add_argument("--looked-at", type=int, default=Graph().looked_at)
    parser.add_argument("--ef-search", type=int, nargs="+", default=[40, 100, 200, 400])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="dedup-vectors-", dir="/var/tmp"))
    folder.chmod(0o711)
    server = EmbeddedPostgres.start(folder / "server")
    try:
        with psycopg.connect(server.conninfo) as connection:
            migrate(connection)
            lines = []
            for line in measure(connection, arguments):
                print(line, flush=True)
                lines.append(line)
        if arguments.out:
            arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    finally:
        server.release()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
