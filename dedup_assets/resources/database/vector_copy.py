"""Vectors as PostgreSQL's binary COPY takes them.

Belongs here: refusing what may not be stored, and the bytes of the rest.
Does not belong here: connections and tables (`vectors.py`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup_assets.errors import VectorError

SHA256_BYTES = 32
LARGEST_HALF = float(np.finfo(np.float16).max)
COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER = b"\xff\xff"


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


def copy_bytes(keys: Sequence[bytes], vectors: NDArray[np.float32]) -> bytes:
    """The rows (bytea of 32 bytes, halfvec) in PostgreSQL's binary COPY format, all numbers big-endian."""
    count, dimension = vectors.shape
    head = [("fields", ">i2"), ("key_size", ">i4"), ("key", "V32"), ("vector_size", ">i4"), ("dimension", ">i2")]
    rows = np.zeros(count, dtype=[*head, ("unused", ">i2"), ("values", ">f2", (dimension,))])
    rows["fields"], rows["key_size"] = 2, SHA256_BYTES
    rows["vector_size"], rows["dimension"] = 4 + 2 * dimension, dimension
    rows["key"] = np.frombuffer(b"".join(keys), dtype="V32")
    rows["values"] = vectors
    return COPY_HEADER + rows.tobytes() + COPY_TRAILER


def _refuse(sha256s: Sequence[bytes], broken: NDArray[np.bool_] | np.bool_, complaint: str) -> None:
    if np.any(broken):
        first = sha256s[int(np.argmax(broken))].hex()
        raise VectorError(
            f"{int(np.sum(broken))} of {len(sha256s)} vectors cannot be stored; the first, of {first}, {complaint}"
        )
