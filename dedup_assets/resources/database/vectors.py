"""Vectors of pictures and prompts in PostgreSQL, in bulk.

Belongs here: refusing what may not be stored, and writing many rows at once, so that doing it twice changes nothing.
Does not belong here: computing vectors (`embedders/`), the images and prompts that use them (`image_rows.py`,
`prompt_rows.py`), their models (`models.py`), index (`hnsw.py`) and search (`nearest_images.py`), the schema
(`migrations/`).

Writing ends its own transaction when the connection has none open, and joins it otherwise.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector

from dedup_assets.errors import VectorError
from dedup_assets.resources.database.models import register_model

SHA256_BYTES = 32
LARGEST_HALF = float(np.finfo(np.float16).max)
KEYS = {"image": "file_sha256", "prompt": "prompt_sha256"}


def store_vectors(
    connection: psycopg.Connection,
    model: str,
    revision: str,
    sha256s: Sequence[bytes],
    vectors: NDArray[np.float32],
    subject: Literal["image", "prompt"] = "image",
) -> int:
    """Write (n, dimension) vectors of the contents or prompts `sha256s`; returns how many rows were new or changed.

    One that stands twice is written once, by its last vector. The vectors are kept in half precision.

    Raises:
        VectorError: shapes do not fit, a hash is not 32 bytes, a vector is zero, NaN or too large for half
            precision, or the model has another dimension; then nothing is written.
    """
    check_vectors(sha256s, vectors)
    if not len(sha256s):
        return 0
    key, dimension = KEYS[subject], vectors.shape[1]
    with connection.transaction():
        model_id = register_model(connection, model, revision, dimension)
        _copy_in(connection, dict(zip(sha256s, vectors, strict=True)))
        if subject == "image":
            connection.execute("SELECT dedup.wait_for_turn()")
        written = connection.execute(
            f"INSERT INTO dedup.{subject}_embedding AS known (model_id, {key}, dimension, embedding)"
            " SELECT %s, sha256, %s, embedding FROM incoming_vector"
            f" ON CONFLICT (model_id, {key}) DO UPDATE SET embedding = excluded.embedding"
            " WHERE known.embedding <> excluded.embedding".encode(),
            (model_id, dimension),
        ).rowcount
        connection.execute("DROP TABLE incoming_vector")
    return written


def check_vectors(sha256s: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
    """Pass (n, dimension) vectors of n contents that may be stored in half precision.

    Raises:
        VectorError: shapes do not fit, a hash is not 32 bytes, or a vector is NaN, zero, or out of range.
    """
    if vectors.ndim != 2 or len(vectors) != len(sha256s):
        raise VectorError(f"{len(sha256s)} hashes came with vectors of shape {vectors.shape}; expected (n, dimension)")
    if any(len(sha256) != SHA256_BYTES for sha256 in sha256s):
        raise VectorError(f"a SHA-256 has {SHA256_BYTES} bytes; another length came")
    _refuse(sha256s, ~np.isfinite(vectors).all(axis=1), "holds NaN or infinity")
    _refuse(sha256s, (np.abs(vectors) > LARGEST_HALF).any(axis=1), "holds a number too large for half precision")
    _refuse(sha256s, ~vectors.astype(np.float16).any(axis=1), "is zero")


def _copy_in(connection: psycopg.Connection, vectors: dict[bytes, NDArray[np.float32]]) -> None:
    """Fill a table of this transaction in the order of the hashes, in which all writers lock rows: no deadlock."""
    connection.execute("CREATE TEMPORARY TABLE incoming_vector (sha256 bytea, embedding halfvec) ON COMMIT DROP")
    with connection.cursor().copy("COPY incoming_vector FROM STDIN WITH (FORMAT BINARY)") as copy:
        for sha256 in sorted(vectors):
            copy.write_row((sha256, HalfVector(vectors[sha256]).to_binary()))


def _refuse(sha256s: Sequence[bytes], broken: NDArray[np.bool_] | np.bool_, complaint: str) -> None:
    if np.any(broken):
        first = sha256s[int(np.argmax(broken))].hex()
        raise VectorError(
            f"{int(np.sum(broken))} of {len(sha256s)} vectors cannot be stored; the first, of {first}, {complaint}"
        )
