"""The HNSW index of one model's vectors (Malkov and Yashunin, 2016), built after the bulk load.

Belongs here: the shape of the graph, and what its build may take of the machine. Does not belong here: searching it
(`nearest_images.py`), the vectors themselves (`vectors.py`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import psycopg
from psycopg import sql

from dedup_assets.resources.database.models import find_model, index_name

LEAST_BUILD_BYTES = 64 << 20
BYTES_A_LINK = 24
BYTES_A_NODE = 300
"""What pgvector's build holds beside the vector: measured upper bounds, with its allocator's own need."""


@dataclass(frozen=True, slots=True)
class Graph:
    """How dense the graph is: links a node on each level above the lowest, and nodes looked at to place one.

    The defaults reach a recall@10 of 0.98 with room to spare (benchmarks/vectors.md). Up to 40 links cost no storage for
    1024 numbers in half precision: three nodes fill a page of 8 KB either way.
    """

    links: int = 24
    looked_at: int = 100

    def build_bytes(self, rows: int, dimension: int) -> int:
        """Memory in which the build of `rows` vectors stays whole; beyond it every row goes through the disk."""
        return rows * (2 * dimension + 2 * self.links * BYTES_A_LINK + BYTES_A_NODE)


def build_vector_index(
    connection: psycopg.Connection,
    model: str,
    revision: str,
    log: Callable[[str], None] = lambda _: None,
    graph: Graph = Graph(),
    memory_bytes: int | None = None,
) -> bool:
    """Build the index of one model after its bulk load; False where there is one already or nothing to index.

    The build takes `memory_bytes`, by default what the graph needs, or half of what is free on this machine, and all its
    processors; a server elsewhere knows its own settings. `log` gets what the server has to say, such as that the graph
    no longer fits into the memory of the build.
    """
    known = find_model(connection, model, revision)
    if known is None:
        return False
    model_id, dimension = known
    with connection.transaction():
        row = connection.execute(
            "SELECT to_regclass(%s) IS NULL, (SELECT count(*) FROM dedup.image_embedding WHERE model_id = %s)",
            (f"dedup.{index_name(model_id)}", model_id),
        ).fetchone()
        if row is None or not row[0]:
            return False
        if connection.info.host.startswith("/"):
            wanted = max(LEAST_BUILD_BYTES, graph.build_bytes(int(row[1]), dimension))
            _take_of_the_machine(connection, memory_bytes or min(wanted, psutil.virtual_memory().available // 2))
        with _told_to(connection, log):
            connection.execute(_create_index(model_id, dimension, graph))
    return True


def _create_index(model_id: int, dimension: int, graph: Graph) -> sql.Composed:
    return sql.SQL(
        "CREATE INDEX {} ON dedup.image_embedding USING hnsw ((embedding::halfvec({})) halfvec_cosine_ops)"
        " WITH (m = {}, ef_construction = {}) WHERE model_id = {}"
    ).format(
        sql.Identifier(index_name(model_id)), *map(sql.Literal, (dimension, graph.links, graph.looked_at, model_id))
    )


def _take_of_the_machine(connection: psycopg.Connection, memory_bytes: int) -> None:
    settings = {
        "maintenance_work_mem": f"{memory_bytes >> 10}kB",
        "max_parallel_maintenance_workers": str(os.cpu_count() or 1),
    }
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, true)", (name, value))


@contextmanager
def _told_to(connection: psycopg.Connection, log: Callable[[str], None]) -> Iterator[None]:
    def tell(notice: psycopg.errors.Diagnostic) -> None:
        log(" ".join(filter(None, (notice.message_primary, notice.message_detail))))

    connection.add_notice_handler(tell)
    try:
        yield
    finally:
        connection.remove_notice_handler(tell)
