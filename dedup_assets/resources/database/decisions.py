"""What people decided about pictures: in the database, with a copy beside the tables.

Belongs here: writing decisions, reading those that count, and bringing them back where the database was lost: of all that it
holds, they alone cannot be computed again. Does not belong here: what follows from them (`stages/grouping/verdicts.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg

from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.tables.store import TableStore

SAME, NOT_SAME, KEEP_THIS, WITHDRAWN = "same", "not_same", "keep_this", "withdrawn"
DOCUMENT = "decisions.json"
ONE_COPIER = 0x6465636964  # "decid": copies are written in the order of what they hold

_COLUMNS = "left_sha256, right_sha256, verdict, kept_sha256, decided_by, decided_at, reason"
_INSERT = "INSERT INTO dedup.decision (left_sha256, right_sha256, verdict, kept_sha256, decided_by, reason)"
_RESTORE = f"""
    INSERT INTO dedup.decision ({_COLUMNS})
    SELECT * FROM (VALUES (%s::bytea, %s::bytea, %s, %s::bytea, %s, %s::timestamptz, %s)) AS lost ({_COLUMNS})
    WHERE NOT EXISTS (
        SELECT FROM dedup.decision AS known
        WHERE (known.left_sha256, known.right_sha256, known.verdict, known.decided_by, known.decided_at)
            = (lost.left_sha256, lost.right_sha256, lost.verdict, lost.decided_by, lost.decided_at))
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about two contents, or about one (both ends are it); `kept_sha256` is an end, for `keep_this` only."""

    left_sha256: bytes
    right_sha256: bytes
    verdict: str
    kept_sha256: bytes | None
    decided_by: str
    decided_at: datetime
    reason: str

    @property
    def is_about_a_pair(self) -> bool:
        """False where it is about one content alone."""
        return self.left_sha256 != self.right_sha256

    @property
    def who_when_why(self) -> str:
        """Name, day (UTC) and reason as one text, for the report."""
        day = self.decided_at.astimezone(UTC).date().isoformat()
        return ", ".join(filter(None, (self.decided_by, day, self.reason)))

    def document(self) -> dict[str, str | None]:
        """The decision as JSON values; hashes as hex digits."""
        values = {name: each.hex() if isinstance(each, bytes) else each for name, each in asdict(self).items()}
        return values | {"decided_at": self.decided_at.astimezone(UTC).isoformat(timespec="microseconds")}


def record_decisions(
    connection: psycopg.Connection,
    verdict: str,
    pairs: Iterable[tuple[bytes, bytes]],
    *,
    decided_by: str,
    reason: str = "",
    kept: bytes | None = None,
) -> None:
    """Write one decision for each pair of contents, all or none; an earlier one about the same pair stays, and counts no more.

    A pair of equal contents is a decision about that content alone. psycopg's CheckViolation for what makes no sense.
    """
    with connection.transaction():
        for one, other in pairs:
            ends = (*sorted((one, other)), verdict, kept, decided_by, reason)
            connection.execute(f"{_INSERT} VALUES (%s, %s, %s, %s, %s, %s)", ends)


def current_decisions(connection: psycopg.Connection) -> list[Decision]:
    """The newest decision about each pair and content that was not withdrawn, the newest first."""
    return _read(connection, "dedup.current_decision ORDER BY decided_at DESC, decision_id DESC")


def every_decision(connection: psycopg.Connection) -> list[Decision]:
    """All that was ever decided, the oldest first."""
    return _read(connection, "dedup.decision ORDER BY decided_at, decision_id")


def read_decisions(database: DatabaseResource, tables: TableStore) -> list[Decision]:
    """The decisions that count now, the newest first. No server is started where nobody ever decided anything.

    Raises:
        DatabaseAccessError: the database cannot be reached.
        MigrationError: it cannot be brought to the newest schema.
    """
    if not database.holds_data() and tables.read_document(DOCUMENT) is None:
        return []
    return database.work(partial(_read_current, tables))


def open_decisions(database: DatabaseResource, tables: TableStore) -> psycopg.Connection:
    """A connection to a database that knows every decision of the copy, and a copy of every decision of the database.

    Raises:
        DatabaseAccessError, MigrationError: as for `read_decisions`.
    """
    connection = database.connect_migrated()
    try:
        keep_copy(connection, tables)
    except BaseException:
        connection.close()
        raise
    return connection


def keep_copy(connection: psycopg.Connection, tables: TableStore) -> None:
    """Bring the database and the copy beside the tables to the same decisions: what one lacks it gets from the other."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_COPIER,))
        copied = tables.read_document(DOCUMENT) or []
        known = [decision.document() for decision in every_decision(connection)]
        here = {tuple(sorted(row.items())) for row in known}
        if lost := [row for row in copied if tuple(sorted(row.items())) not in here]:
            _restore(connection, lost)
            known = [decision.document() for decision in every_decision(connection)]
        if known != copied:
            tables.write_document(DOCUMENT, known)


def _read_current(tables: TableStore, connection: psycopg.Connection) -> list[Decision]:
    keep_copy(connection, tables)
    return current_decisions(connection)


def _read(connection: psycopg.Connection, source: str) -> list[Decision]:
    return [Decision(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM {source}".encode())]


def _restore(connection: psycopg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    hashes = ("left_sha256", "right_sha256", "kept_sha256")
    for row in rows:
        values = {name: bytes.fromhex(row[name]) if row[name] and name in hashes else row[name] for name in row}
        connection.execute(_RESTORE.encode(), [values[name] for name in _COLUMNS.split(", ")])
