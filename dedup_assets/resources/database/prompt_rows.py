"""Prompts in PostgreSQL: which have vectors, which store uses them, and which worker is at which of them.

Belongs here: claims and uses. Does not belong here: the vectors (`vectors.py`), computing them (`embedders/prompts.py`), or
which prompts there are (`stages/vectors/prompt_vectors.py`).

Every function ends its own transaction when the connection has none open, and joins it otherwise.
"""

from collections.abc import Collection, Sequence

import psycopg

LEASE_S = 120.0
"""Seconds that a claim holds; a worker renews it after every batch, and a killed one holds others up for that long."""


def claim_prompts(
    connection: psycopg.Connection, model_id: int, worker: str, sha256s: Sequence[bytes], lease_s: float = LEASE_S
) -> set[bytes]:
    """Claim those of the prompts that no other worker holds, or hold them for longer; returns the claimed ones."""
    with connection.transaction():
        rows = connection.execute(
            "INSERT INTO dedup.prompt_claim (model_id, prompt_sha256, claimed_by, claimed_until)"
            " SELECT %s, prompt_sha256, %s, clock_timestamp() + make_interval(secs => %s)"
            " FROM unnest(%b::bytea[]) AS wanted (prompt_sha256) ORDER BY prompt_sha256"  # one order: no deadlock
            " ON CONFLICT (model_id, prompt_sha256) DO UPDATE"
            " SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until"
            " WHERE prompt_claim.claimed_by = excluded.claimed_by OR prompt_claim.claimed_until < clock_timestamp()"
            " RETURNING prompt_sha256",
            (model_id, worker, lease_s, list(sha256s)),
        ).fetchall()
    return {bytes(row[0]) for row in rows}


def release_prompts(connection: psycopg.Connection, worker: str) -> None:
    """Give up all claims of a worker."""
    with connection.transaction():
        connection.execute(  # in the order in which others ask for them: no deadlock
            "WITH held AS MATERIALIZED (SELECT model_id, prompt_sha256 FROM dedup.prompt_claim WHERE claimed_by = %s"
            " ORDER BY model_id, prompt_sha256 FOR UPDATE)"
            " DELETE FROM dedup.prompt_claim USING held"
            " WHERE (prompt_claim.model_id, prompt_claim.prompt_sha256) = (held.model_id, held.prompt_sha256)",
            (worker,),
        )


def stored_prompts(connection: psycopg.Connection, model_id: int, sha256s: Sequence[bytes]) -> set[bytes]:
    """Those of the prompts that have a vector of this model."""
    with connection.transaction():
        rows = connection.execute(
            "SELECT prompt_sha256 FROM dedup.prompt_embedding WHERE model_id = %s AND prompt_sha256 = ANY (%b)",
            (model_id, list(sha256s)),
        ).fetchall()
    return {bytes(row[0]) for row in rows}


def use_prompts(connection: psycopg.Connection, store_id: int, sha256s: Collection[bytes]) -> None:
    """Note that a store has these prompts, before their vectors are looked for: other stores then leave them there."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO dedup.prompt_use (store_id, prompt_sha256) SELECT %s, prompt_sha256"
            " FROM unnest(%b::bytea[]) AS wanted (prompt_sha256) ORDER BY prompt_sha256 ON CONFLICT DO NOTHING",
            (store_id, list(sha256s)),
        )


def remove_prompts(connection: psycopg.Connection, store_id: int, present: Collection[bytes]) -> int:
    """Forget the prompts of a store that are not `present` any more; returns how many vectors went, as no store uses them."""
    with connection.transaction():
        used = connection.execute(
            "SELECT prompt_sha256 FROM dedup.prompt_use WHERE store_id = %s", (store_id,)
        ).fetchall()
        gone = sorted(bytes(row[0]) for row in used if bytes(row[0]) not in present)
        connection.execute(
            "DELETE FROM dedup.prompt_use WHERE store_id = %s AND prompt_sha256 = ANY (%b)", (store_id, gone)
        )
        return connection.execute(
            "DELETE FROM dedup.prompt_embedding AS vector WHERE prompt_sha256 = ANY (%b)"
            " AND NOT EXISTS (SELECT FROM dedup.prompt_use WHERE prompt_use.prompt_sha256 = vector.prompt_sha256)",
            (gone,),
        ).rowcount
