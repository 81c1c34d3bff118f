"""Small images and vectors for the tests on PostgreSQL, and what one asks the database about them."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import psycopg
from numpy.typing import NDArray

from dedup_assets.resources.database.image_rows import ImageRow, upsert_images
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.store_entries import enter_store
from dedup_assets.resources.database.vectors import store_vectors

MODEL = ("rootsift", "1")
DIMENSION = 16
STORE = "/photos/store"


def content(name: object) -> bytes:
    return sha256(str(name).encode()).digest()


def image(image_id: int, group: str, representative: bool = False, of: object = None) -> ImageRow:
    return ImageRow(image_id, f"{image_id}.jpg", content(of or image_id), None, group, image_id, representative)


def vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def enter(database: psycopg.Connection, store: str = STORE) -> int:
    """The number of a store that uses `MODEL`."""
    return enter_store(database, store, register_model(database, *MODEL, DIMENSION)).store_id


def put(database: psycopg.Connection, rows: Sequence[ImageRow], store: str = STORE) -> int:
    """Write images of a store; returns how many rows were new or changed."""
    return upsert_images(database, enter(database, store), rows)


def embed(database: psycopg.Connection, *names: object) -> int:
    """Store vectors of contents; returns how many rows were new or changed."""
    return store_vectors(database, *MODEL, [content(name) for name in names], vectors(len(names)))


def scalars(database: psycopg.Connection, query: str) -> list[object]:
    return [row[0] for row in database.execute(query.encode())]


def sources(database: psycopg.Connection) -> dict[int, tuple[int, bool]]:
    """By image: the image whose vector it uses, and whether it is the representative."""
    rows = database.execute("SELECT image_id, embedding_source_id, is_embedding_representative FROM dedup.image")
    return {image_id: (source, representative) for image_id, source, representative in rows}


def waiting(database: psycopg.Connection) -> list[object]:
    return scalars(database, "SELECT image_id FROM dedup.orphaned_images ORDER BY image_id")


def with_vector(database: psycopg.Connection) -> list[object]:
    return scalars(database, "SELECT image_id FROM dedup.image_vector ORDER BY image_id")


def states(database: psycopg.Connection) -> dict[str, str]:
    """By store: its state."""
    rows = database.execute("SELECT store, model_id FROM dedup.store ORDER BY store").fetchall()
    return {store: enter_store(database, store, model_id).state for store, model_id in rows}
