"""The numbered SQL files of `migrations/`, applied once each and in order.

Belongs here: finding the files, applying them, telling what is applied and what is not.
Does not belong here: the schema itself, which is plain SQL, forward only, never edited.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import psycopg

from dedup_assets.errors import MigrationError

ADVISORY_LOCK = 0x6465647570  # "dedup": held while migrations are applied, so that only one process does
LOCK_TIMEOUT_S = 600
"""Another process may build an index over millions of vectors meanwhile."""

WHO_MIGRATES = """
SELECT pid, usename,
    coalesce(client_addr::text, CASE WHEN backend_start IS NULL THEN 'an unknown address' ELSE 'this machine' END),
    coalesce(to_char(backend_start, 'YYYY-MM-DD HH24:MI'), 'an unknown time')
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND ((classid::bigint << 32) | objid::bigint) = %s"""
"""The server tells address and time to the role of the session and to those who may see all."""

CREATE_REGISTER = """
CREATE SCHEMA IF NOT EXISTS dedup;
CREATE TABLE IF NOT EXISTS dedup.migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name, its SQL, and when the database applied it (None: not yet)."""

    name: str
    sql: str
    applied_at: datetime | None = None

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL, in hexadecimal."""
        return sha256(self.sql.encode()).hexdigest()


def migrations_directory() -> Path:
    """The folder of the SQL files: package data of an installed wheel, else the top level of the source tree."""
    package = Path(__file__).resolve().parents[2]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def read_migrations(directory: Path) -> list[Migration]:
    """Return all files in their order.

    Raises:
        MigrationError: there is none, or their numbers are not 1, 2, 3, ...
    """
    files = sorted(directory.glob("[0-9]*.sql"))
    numbers = [int(path.name.split("_")[0]) for path in files]
    if not files or numbers != list(range(1, len(files) + 1)):
        raise MigrationError(f"{directory} should hold the files 0001_….sql, 0002_….sql, ...; found numbers {numbers}")
    return [Migration(path.name, path.read_text(encoding="utf-8")) for path in files]


def migration_status(connection: psycopg.Connection, directory: Path | None = None) -> list[Migration]:
    """Return all files with the time at which each was applied to this database; changes nothing.

    Raises:
        MigrationError: an applied file was edited since, or the database has one that is not here.
    """
    migrations = read_migrations(directory or migrations_directory())
    applied = _applied(connection)
    unknown = sorted(applied.keys() - {migration.name for migration in migrations})
    if unknown:
        raise MigrationError(f"the database has {unknown[-1]}, which this version does not know; install a later one")
    for migration in migrations:
        if migration.name in applied and applied[migration.name][0] != migration.checksum:
            raise MigrationError(f"{migration.name} was edited after it was applied; restore it and add a new file")
    return [replace(each, applied_at=applied.get(each.name, ("", None))[1]) for each in migrations]


def migrate(connection: psycopg.Connection, directory: Path | None = None) -> list[str]:
    """Apply what is missing, one transaction a file, and return the names; [] when the database is at the head.

    A file that fails leaves the database as the one before it did. Anything open on `connection` is committed first.

    Raises:
        MigrationError: as for `migration_status`; or a file fails, with the server's reason.
    """
    with _only_one_migrates(connection):
        pending = [each for each in migration_status(connection, directory) if each.applied_at is None]
        if pending:
            connection.execute(CREATE_REGISTER)
        connection.commit()
        for migration in pending:
            _apply(connection, migration)
    return [migration.name for migration in pending]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO dedup.migration (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum)
            )
    except psycopg.Error as error:
        raise MigrationError(f"{migration.name} could not be applied: {error}") from error


def _applied(connection: psycopg.Connection) -> dict[str, tuple[str, datetime]]:
    register = connection.execute("SELECT to_regclass('dedup.migration')").fetchone()
    if register is None or register[0] is None:
        return {}
    rows = connection.execute("SELECT name, checksum, applied_at FROM dedup.migration").fetchall()
    return {name: (checksum, applied_at) for name, checksum, applied_at in rows}


@contextmanager
def _only_one_migrates(connection: psycopg.Connection) -> Iterator[None]:
    connection.commit()
    try:
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'; SELECT pg_advisory_lock({ADVISORY_LOCK})")
    except psycopg.errors.LockNotAvailable:
        connection.rollback()
        row = connection.execute(WHO_MIGRATES, (ADVISORY_LOCK,)).fetchone()
        connection.rollback()
        who = "session {} of {} at {}, since {}".format(*row) if row else "another session"
        raise MigrationError(
            f"migrations have been held up for {LOCK_TIMEOUT_S} s by {who}: wait for it or end it"
        ) from None
    connection.commit()
    try:
        yield
    finally:
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.UNKNOWN:
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))
            connection.commit()
