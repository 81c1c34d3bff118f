"""Images and their groups in PostgreSQL, in bulk.

Belongs here: writing and removing rows of `dedup.image`. Does not belong here: their vectors (`vectors.py`), and how the
database itself heals a group that lost its representative (`migrations/`).

Writers take turns (`dedup.wait_for_turn`), so that two of them cannot elect for one group, nor deadlock.
Every function ends its own transaction when the connection has none open, and joins it otherwise.
"""

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

import psycopg
from psycopg import sql

DEMOTED: tuple[LiteralString, ...] = (  # a representative that comes as none or in another group; one replaced
    "(image.store_id, image.image_id) = (incoming.store_id, incoming.image_id)"
    " AND (NOT incoming.is_embedding_representative OR image.group_id <> incoming.group_id)",
    "(image.store_id, image.group_id) = (incoming.store_id, incoming.group_id) AND image.image_id <> incoming.image_id"
    " AND incoming.is_embedding_representative",
)
ROWS_WORTH_STATISTICS = 1000  # the planner knows nothing about a table that was just filled


class ImageRow(NamedTuple):
    """One image of `dedup.image`; `keep_rank` orders its group, lowest is kept first."""

    image_id: int
    path: str
    file_sha256: bytes
    metadata_hash: str | None
    group_id: str
    keep_rank: int
    is_embedding_representative: bool


def upsert_images(connection: psycopg.Connection, store_id: int, rows: Sequence[ImageRow]) -> int:
    """Write images and their groups of one store (`stores.enter_store`); returns how many rows were new or changed.

    Whatever stood there before, every group touched ends with one representative, and its images point at it: a row
    that says it is the representative takes the place of an earlier one.
    """
    with connection.transaction():
        connection.execute("SELECT dedup.wait_for_turn()")
        connection.execute("CREATE TEMPORARY TABLE incoming_image (LIKE dedup.image) ON COMMIT DROP")
        default = sql.SQL("ALTER TABLE incoming_image ALTER COLUMN store_id SET DEFAULT {}")
        connection.execute(default.format(sql.Literal(store_id)))
        columns = sql.SQL(", ").join(map(sql.Identifier, ImageRow._fields))
        statement = sql.SQL("COPY incoming_image ({}) FROM STDIN").format(columns)
        with connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("ANALYZE incoming_image")
        written = _merge_incoming_images(connection, columns)
        connection.execute("DROP TABLE incoming_image")
    return written


def remove_images(connection: psycopg.Connection, store_id: int, image_ids: Sequence[int]) -> int:
    """Delete images that are gone; returns how many there were. The database heals their groups (`migrations/`)."""
    with connection.transaction():
        connection.execute("SELECT dedup.wait_for_turn()")
        connection.execute("SET LOCAL dedup.removes_what_is_gone = 'yes'")
        removed = connection.execute(
            "DELETE FROM dedup.image WHERE store_id = %s AND image_id = ANY (%b)", (store_id, list(image_ids))
        ).rowcount
        connection.execute("SET LOCAL dedup.removes_what_is_gone = 'no'")
    return removed


def stored_images(connection: psycopg.Connection, store_id: int) -> list[int]:
    """The ids of all images of a store."""
    with connection.transaction():
        rows = connection.execute("SELECT image_id FROM dedup.image WHERE store_id = %s", (store_id,)).fetchall()
    return [row[0] for row in rows]


def _merge_incoming_images(connection: psycopg.Connection, columns: sql.Composed) -> int:
    connection.execute(
        "CREATE TEMPORARY TABLE touched ON COMMIT DROP AS"
        " SELECT store_id, group_id FROM incoming_image"
        " UNION SELECT store_id, image.group_id FROM dedup.image JOIN incoming_image USING (store_id, image_id)"
    )
    _complete_incoming_images(connection)
    for condition in DEMOTED:
        connection.execute(
            "UPDATE dedup.image SET is_embedding_representative = false FROM incoming_image AS incoming"
            " WHERE image.is_embedding_representative AND " + condition
        )
    written = _write_incoming_images(connection, columns)
    if written >= ROWS_WORTH_STATISTICS:
        connection.execute("ANALYZE dedup.image")
    connection.execute(
        "SELECT dedup.heal_groups(coalesce(array_agg(store_id), '{}'), coalesce(array_agg(group_id), '{}')) FROM touched"
    )
    connection.execute("DROP TABLE touched")
    return written


def _complete_incoming_images(connection: psycopg.Connection) -> None:
    """Note in the incoming rows what the table knows of them, and whose vector each uses."""
    connection.execute(  # an image stays the representative until another of its group takes its place
        "UPDATE incoming_image AS incoming SET is_embedding_representative = true FROM dedup.image"
        " WHERE (image.store_id, image.image_id, image.group_id)"
        "     = (incoming.store_id, incoming.image_id, incoming.group_id)"
        "   AND image.is_embedding_representative AND NOT EXISTS ("
        "     SELECT FROM incoming_image AS other"
        "     WHERE other.group_id = incoming.group_id AND other.is_embedding_representative)"
    )
    connection.execute(  # what is known is written at once: every row that is written twice takes its room twice
        "UPDATE incoming_image AS incoming SET embedding_source_id = kept.image_id FROM incoming_image AS kept"
        " WHERE kept.group_id = incoming.group_id AND kept.is_embedding_representative"
    )


def _write_incoming_images(connection: psycopg.Connection, columns: sql.Composed) -> int:
    """Insert the incoming rows, or update those that differ; returns how many there were."""
    changed = sql.SQL("({}) IS DISTINCT FROM ({})").format(_qualified("image"), _qualified("excluded"))
    return connection.execute(
        sql.SQL(
            "INSERT INTO dedup.image (store_id, embedding_source_id, {columns})"
            " SELECT store_id, embedding_source_id, {columns} FROM incoming_image"
            " ON CONFLICT (store_id, image_id) DO UPDATE SET ({columns}) = ROW ({excluded}) WHERE {changed}"
        ).format(columns=columns, excluded=_qualified("excluded"), changed=changed)
    ).rowcount


def _qualified(table: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in ImageRow._fields)
