"""The images of a store whose vectors are nearest to a given one.

Belongs here: the search through the index, with filters. Does not belong here: building the index (`hnsw.py`), what
a person is told (`stages/vectors/similar_images.py`).
"""

from typing import NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql

from dedup_assets.resources.database.models import find_model

LOOKED_AT = 200
"""Nodes looked at for one search (`hnsw.ef_search`): recall@10 is 0.98 and more in benchmarks/vectors.md."""

MOST_LOOKED_AT = 1000
"""The most that pgvector allows."""

MOST_SCANNED = 40_000
"""Vectors that a filtered search goes through until it has enough; beyond them, all that pass the filter are compared."""

_SEARCH = """
    WITH near AS MATERIALIZED (
        SELECT vector.file_sha256, {distance} AS distance FROM dedup.image_embedding AS vector
        WHERE vector.model_id = {model_id} AND EXISTS (
            SELECT FROM dedup.image WHERE image.file_sha256 = vector.file_sha256 AND {wanted})
        ORDER BY {order} LIMIT {limit}
    )
    SELECT image.image_id, image.path, 1 - near.distance FROM near JOIN dedup.image USING (file_sha256)
    WHERE {wanted} ORDER BY near.distance, image.path LIMIT {limit}
"""


class Neighbour(NamedTuple):
    """A kept image and the cosine, -1 to 1, of its vector."""

    image_id: int
    path: str
    cosine: float


def nearest_images(
    connection: psycopg.Connection,
    store: str,
    model: str,
    revision: str,
    vector: NDArray[np.float32],
    limit: int = 10,
    prefix: str = "",
) -> list[Neighbour]:
    """The `limit` kept images of a store that are nearest to a vector (dimension,), nearest first; equally near ones by path.

    `prefix` keeps those whose path begins with it. Through the index the result is approximate (`LOOKED_AT`); without one,
    or where the filter leaves so few that the index does not bring enough, it is exact. [] for a model that is not known.
    """
    known = find_model(connection, model, revision)
    if known is None:
        return []
    with connection.transaction():
        for name, value in (
            ("hnsw.ef_search", min(max(LOOKED_AT, limit), MOST_LOOKED_AT)),
            ("hnsw.iterative_scan", "strict_order"),
            ("hnsw.max_scan_tuples", MOST_SCANNED),
        ):
            connection.execute("SELECT set_config(%s, %s, true)", (name, str(value)))
        wanted = _wanted(store, prefix)
        found = connection.execute(_query(*known, vector, wanted, limit, exact=False)).fetchall()
        if len(found) < limit:
            found = connection.execute(_query(*known, vector, wanted, limit, exact=True)).fetchall()
    return [Neighbour(*row) for row in found]


def vector_of_image(
    connection: psycopg.Connection, store: str, model: str, revision: str, image_id: int
) -> NDArray[np.float32] | None:
    """The vector (dimension,) of an image, or of the image kept in its place; None where there is none."""
    row = connection.execute(
        "SELECT embedding::text FROM dedup.image_vector WHERE (store, model, revision, image_id) = (%s, %s, %s, %s)",
        (store, model, revision, image_id),
    ).fetchone()
    return None if row is None else HalfVector.from_text(row[0]).to_numpy().astype(np.float32)


def _wanted(store: str, prefix: str) -> sql.Composable:
    of_store = (
        "image.store_id = (SELECT store_id FROM dedup.store WHERE store = {}) AND image.is_embedding_representative"
    )
    wanted = sql.SQL(of_store).format(sql.Literal(store))
    return wanted + sql.SQL(' AND image.path COLLATE "C" ^@ {}').format(sql.Literal(prefix)) if prefix else wanted


def _query(
    model_id: int, dimension: int, vector: NDArray[np.float32], wanted: sql.Composable, limit: int, *, exact: bool
) -> sql.Composed:
    """The search; its exact form orders by an expression that is not that of the index."""
    distance = sql.SQL("vector.embedding::halfvec({0}) <=> {1}::halfvec({0})").format(
        sql.Literal(dimension), sql.Literal(str(vector.tolist()))
    )
    return sql.SQL(_SEARCH).format(
        distance=distance,
        model_id=sql.Literal(model_id),
        wanted=wanted,
        order=sql.SQL("({}) + 0").format(distance) if exact else distance,
        limit=sql.Literal(limit),
    )
