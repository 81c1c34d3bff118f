"""The stores that share one database: which rows of `dedup.image` are whose.

Belongs here: entering a store, and what the database lost of it. Does not belong here: its rows (`image_rows.py`), the
tables of the store itself (`resources/tables/store.py`).
"""

from dataclasses import dataclass

import psycopg


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """A store as the database knows it.

    `state` is another text whenever the database was begun anew, or somebody deleted rows or vectors of this store by hand:
    what was written under another state has to be written again.
    """

    store_id: int
    state: str


def enter_store(connection: psycopg.Connection, store: str, model_id: int) -> StoreEntry:
    """Return the entry of a store, which is made where there is none; `model_id` is the model that it uses from now on.

    Rows of a time when stores were not told apart become those of the first store that comes.
    """
    with connection.transaction():
        connection.execute("SELECT dedup.wait_for_turn()")
        connection.execute(
            "UPDATE dedup.store SET store = %(store)s"
            " WHERE store = '' AND NOT EXISTS (SELECT FROM dedup.store WHERE store = %(store)s)",
            {"store": store},
        )
        connection.execute("INSERT INTO dedup.store (store) VALUES (%s) ON CONFLICT (store) DO NOTHING", (store,))
        connection.execute(
            "UPDATE dedup.store SET model_id = %s WHERE store = %s AND model_id IS DISTINCT FROM %s",
            (model_id, store, model_id),
        )
        row = connection.execute(
            "SELECT store_id, entered_at, losses FROM dedup.store WHERE store = %s", (store,)
        ).fetchone()
    assert row is not None
    return StoreEntry(row[0], f"{row[1].timestamp()} {row[2]}")
