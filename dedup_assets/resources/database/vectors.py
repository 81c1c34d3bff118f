"""Vectors in PostgreSQL, in bulk.

Belongs here: writing many rows at once, so that doing it twice changes nothing.
Does not belong here: computing vectors (`embedders/`), the images that use them (`image_rows.py`), their models
(`models.py`), index (`hnsw.py`) and search (`nearest_images.py`), the schema (`migrations/`).

Writing ends its own transaction when the connection has none open, and joins it otherwise.
"""

from collections.abc import Sequence

import numpy as np
import psycopg
from numpy.typing import NDArray

from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.vector_copy import check_vectors, copy_bytes


def store_vectors(
    connection: psycopg.Connection, model: str, revision: str, sha256s: Sequence[bytes], vectors: NDArray[np.float32]
) -> int:
    """Write (n, dimension) vectors of the contents `sha256s`; returns how many rows were new or changed.

    A content that stands twice is written once, by its last vector. The vectors are kept in half precision.

    Raises:
        VectorError: shapes do not fit, a hash is not 32 bytes, a vector is zero, NaN or too large for half
            precision, or the model has another dimension; then nothing is written.
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
        connection.execute("SELECT dedup.wait_for_turn()")
        written = connection.execute(
            "INSERT INTO dedup.image_embedding (model_id, file_sha256, dimension, embedding)"
            " SELECT %s, file_sha256, %s, embedding FROM incoming_vector"
            " ON CONFLICT (model_id, file_sha256) DO UPDATE SET embedding = excluded.embedding"
            " WHERE image_embedding.embedding <> excluded.embedding",
            (model_id, vectors.shape[1]),
        ).rowcount
        connection.execute("DROP TABLE incoming_vector")
    return written
