"""Vectors in PostgreSQL, in bulk.

Belongs here: writing and asking for many rows at once, each function so that doing it twice changes nothing.
Does not belong here: computing vectors (`embedders/`), the images that use them (`image_rows.py`), the schema
(`migrations/`).

Every function that writes ends its own transaction when the connection has none open, and joins it otherwise.
"""

from collections.abc import Sequence

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from dedup_assets.resources.vector_copy import VectorError, check_vectors, copy_bytes


def register_model(connection: psycopg.Connection, model: str, revision: str, dimension: int) -> int:
    """Return the model_id of a model, and make it the current one, whose missing vectors are listed as waiting.

    Raises:
        VectorError: the same model and revision are known with another dimension.
    """
    with connection.transaction():
        connection.execute(
            "INSERT INTO dedup.embedding_model (model, revision, dimension) VALUES (%s, %s, %s)"
            " ON CONFLICT (model, revision) DO NOTHING",
            (model, revision, dimension),
        )
        model_id, known = _model(connection, model, revision) or (0, 0)
        if known != dimension:
            raise VectorError(f"{model} {revision} has vectors of {known} numbers, not {dimension}")
        connection.execute(
            "UPDATE dedup.embedding_model SET is_current = false WHERE is_current AND model_id <> %s", (model_id,)
        )
        connection.execute(
            "UPDATE dedup.embedding_model SET is_current = true WHERE NOT is_current AND model_id = %s", (model_id,)
        )
    return model_id


def store_vectors(
    connection: psycopg.Connection, model: str, revision: str, sha256s: Sequence[bytes], vectors: NDArray[np.float32]
) -> int:
    """Write (n, dimension) vectors of the contents `sha256s`; returns how many rows were new or changed.

    A content that stands twice is written once, by its last vector. The vectors are kept in half precision.

    Raises:
        VectorError: shapes do not fit, a hash is not 32 bytes, or a vector is zero, NaN or too large for half
            precision; then nothing is written.
    """
    check_vectors(sha256s, vectors)
    if not len(sha256s):
        return 0
    last = {sha256: row for row, sha256 in enumerate(sha256s)}
    keys = sorted(last)
    with connection.transaction():
        model_id = register_model(connection, model, revision, vectors.shape[1])
        connection.execute(
            "CREATE TEMPORARY TABLE incoming_vector (file_sha256 bytea, embedding halfvec) ON COMMIT DROP"
        )
        with connection.cursor().copy("COPY incoming_vector FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.write(copy_bytes(keys, vectors[[last[key] for key in keys]]))
        written = connection.execute(
            "INSERT INTO dedup.image_embedding (model_id, file_sha256, dimension, embedding)"
            " SELECT %s, file_sha256, %s, embedding FROM incoming_vector"
            " ON CONFLICT (model_id, file_sha256) DO UPDATE SET embedding = excluded.embedding"
            " WHERE image_embedding.embedding <> excluded.embedding",
            (model_id, vectors.shape[1]),
        ).rowcount
        connection.execute("DROP TABLE incoming_vector")
    return written


def missing_vectors(connection: psycopg.Connection, model: str, revision: str, sha256s: Sequence[bytes]) -> list[bytes]:
    """Those of the contents that have no vector of this model, each once, in the order in which they came."""
    wanted = list(dict.fromkeys(sha256s))
    known = _model(connection, model, revision)
    if known is None or not wanted:
        return wanted
    rows = connection.execute(
        "SELECT file_sha256 FROM dedup.image_embedding WHERE model_id = %s AND file_sha256 = ANY (%b)",
        (known[0], wanted),
    )
    present = {bytes(row[0]) for row in rows}
    return [sha256 for sha256 in wanted if sha256 not in present]


def drop_model(connection: psycopg.Connection, model: str, revision: str) -> int:
    """Forget a model with all its vectors and its index; returns how many vectors there were."""
    known = _model(connection, model, revision)
    if known is None:
        return 0
    with connection.transaction():
        connection.execute(sql.SQL("DROP INDEX IF EXISTS dedup.{}").format(_index_name(known[0])))
        connection.execute("DELETE FROM dedup.prompt_embedding WHERE model_id = %s", (known[0],))
        removed = connection.execute("DELETE FROM dedup.image_embedding WHERE model_id = %s", (known[0],)).rowcount
        connection.execute("DELETE FROM dedup.embedding_model WHERE model_id = %s", (known[0],))
    return removed


def build_vector_index(connection: psycopg.Connection, model: str, revision: str) -> bool:
    """Build the HNSW index of one model after its bulk load; False where there is one already or nothing to index."""
    known = _model(connection, model, revision)
    if known is None:
        return False
    model_id, dimension = known
    with connection.transaction():
        row = connection.execute(
            "SELECT to_regclass(%s) IS NULL", (f"dedup.image_embedding_hnsw_{model_id}",)
        ).fetchone()
        if row is None or not row[0]:
            return False
        connection.execute(
            sql.SQL(
                "CREATE INDEX {} ON dedup.image_embedding USING hnsw ((embedding::halfvec({})) halfvec_cosine_ops)"
                " WHERE model_id = {}"
            ).format(_index_name(model_id), sql.Literal(dimension), sql.Literal(model_id))
        )
    return True


def _model(connection: psycopg.Connection, model: str, revision: str) -> tuple[int, int] | None:
    return connection.execute(
        "SELECT model_id, dimension FROM dedup.embedding_model WHERE model = %s AND revision = %s", (model, revision)
    ).fetchone()


def _index_name(model_id: int) -> sql.Identifier:
    return sql.Identifier(f"image_embedding_hnsw_{model_id}")
