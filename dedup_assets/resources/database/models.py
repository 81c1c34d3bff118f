"""The models whose vectors PostgreSQL holds.

Belongs here: registering, finding and dropping one. Does not belong here: vectors (`vectors.py`), their index
(`hnsw.py`), which store uses which model (`store_entries.py`).

Every function that writes ends its own transaction when the connection has none open, and joins it otherwise.
"""

import psycopg
from psycopg import sql

from dedup_assets.errors import VectorError

OF_OTHER_STORES = (
    " AND NOT EXISTS (SELECT FROM dedup.image JOIN dedup.store USING (store_id)"
    " WHERE image.file_sha256 = vector.file_sha256 AND store.store <> %s)",
    " AND NOT EXISTS (SELECT FROM dedup.prompt_use JOIN dedup.store USING (store_id)"
    " WHERE prompt_use.prompt_sha256 = vector.prompt_sha256 AND store.store <> %s)",
)


def register_model(connection: psycopg.Connection, model: str, revision: str, dimension: int) -> int:
    """Return the model_id of a model of pictures or prompts; it becomes nobody's current one by that.

    Raises:
        VectorError: the same model and revision are known with another dimension.
    """
    with connection.transaction():
        connection.execute(
            "INSERT INTO dedup.embedding_model (model, revision, dimension) VALUES (%s, %s, %s)"
            " ON CONFLICT (model, revision) DO NOTHING",
            (model, revision, dimension),
        )
        model_id, known = find_model(connection, model, revision) or (0, 0)
    if known != dimension:
        raise VectorError(f"{model} {revision} has vectors of {known} numbers, not {dimension}")
    return model_id


def find_model(connection: psycopg.Connection, model: str, revision: str) -> tuple[int, int] | None:
    """The model_id and the dimension of a model; None where it is not known."""
    return connection.execute(
        "SELECT model_id, dimension FROM dedup.embedding_model WHERE model = %s AND revision = %s", (model, revision)
    ).fetchone()


def drop_model(connection: psycopg.Connection, model: str, revision: str, store: str) -> int:
    """Forget the vectors of a model that no other store's images and prompts have; returns how many of images there were.

    When none is left at all, the model and its index go too.
    """
    known = find_model(connection, model, revision)
    if known is None:
        return 0
    with connection.transaction():
        connection.execute("SELECT dedup.wait_for_turn()")
        removed = [
            connection.execute(
                f"DELETE FROM dedup.{table} AS vector WHERE model_id = %s{kept}".encode(), (known[0], store)
            ).rowcount
            for table, kept in zip(("image_embedding", "prompt_embedding"), OF_OTHER_STORES, strict=True)
        ]
        _forget_unused(connection, known[0])
    return removed[0]


def index_name(model_id: int) -> str:
    """The index of one model's vectors, in the schema `dedup`."""
    return f"image_embedding_hnsw_{model_id}"


def _forget_unused(connection: psycopg.Connection, model_id: int) -> None:
    forgotten = connection.execute(
        "DELETE FROM dedup.embedding_model WHERE model_id = %(model)s"
        " AND NOT EXISTS (SELECT FROM dedup.image_embedding WHERE model_id = %(model)s)"
        " AND NOT EXISTS (SELECT FROM dedup.prompt_embedding WHERE model_id = %(model)s)",
        {"model": model_id},
    ).rowcount
    if forgotten:
        connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier("dedup", index_name(model_id))))
