"""What the SQL of `migrations/` promises by itself, whatever program writes to it."""

from collections.abc import Sequence
from hashlib import sha256

import psycopg
import pytest

from dedup_assets_tests.resources.database.rows import content, scalars


def test_decisions_are_kept_and_the_newest_counts(database: psycopg.Connection) -> None:
    left, right = sorted((content("a"), content("b")))
    for verdict, kept in (("same", None), ("not_same", None), ("keep_this", right)):
        decide(database, (left, right, verdict, kept, "ann"))
    assert scalars(database, "SELECT verdict FROM dedup.current_decision") == ["keep_this"]
    assert scalars(database, "SELECT count(*) FROM dedup.decision") == [3]


@pytest.mark.parametrize(
    "row",
    [
        (content("x"), content("x"), "same", None, "ann"),
        (*sorted((content("a"), content("b"))), "keep_this", None, "ann"),
        (*sorted((content("a"), content("b"))), "keep_this", content("c"), "ann"),
        (*sorted((content("a"), content("b"))), "perhaps", None, "ann"),
        (*sorted((content("a"), content("b"))), "same", None, ""),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(database: psycopg.Connection, row: Sequence[object]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        decide(database, row)


def decide(database: psycopg.Connection, row: Sequence[object]) -> None:
    database.execute(
        "INSERT INTO dedup.decision (left_sha256, right_sha256, verdict, kept_sha256, decided_by)"
        " VALUES (%s, %s, %s, %s, %s)",
        row,
    )


def test_a_metadata_hash_is_the_sha256_of_the_recipe_and_unknown_recipes_have_none(
    database: psycopg.Connection,
) -> None:
    hashed = database.execute("SELECT dedup.compute_metadata_hash(%s), dedup.compute_metadata_hash(NULL)", ("größe|",))
    assert hashed.fetchone() == (sha256("größe|".encode()).hexdigest(), None)
