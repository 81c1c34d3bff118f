"""The way to PostgreSQL: the server of DATABASE_URL, or the embedded one.

Belongs here: which server, connecting to it, again where it is gone for a while, and saying in one sentence why that failed,
without the secret.
Does not belong here: the schema (`migrations/`) or what is read and written (`vectors.py`).
"""

import logging
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import dagster as dg
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn, Ping
from pydantic import Field

from dedup_assets.errors import DatabaseAccessError, DatabaseAwayError, EmbeddedPostgresError
from dedup_assets.resources.database.embedded.data import default_data_directory, own_directory
from dedup_assets.resources.database.embedded.folders import note_store
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.migrations import migrate
from dedup_assets.resources.locations import parse_location

URL_VARIABLE, RECORDS_VARIABLE = "DATABASE_URL", "DAGSTER_DATABASE_URL"
CONNECT_TIMEOUT_S = 10
TRIED_AGAIN_AFTER_S = (1, 2, 4, 8, 15, 30)
"""Waits of a stage for a database that is gone: a minute, in which a server starts again and replays its log."""

Result = TypeVar("Result")
_log = logging.getLogger(__name__)

BEFORE_CAUSE = re.compile(r"(connection (failed|is bad): )?(connection to server .+? failed: )?")
"""What the driver and its client write before the cause; it names the host, which may be called anything."""

CUT_OFF = r"SSL SYSCALL|SSL connection has been closed|SSL error: unexpected eof"
"""What the client says where a server ends, as one does that starts again, while they agree upon encryption."""

REFUSALS = (  # how the server or its client begins to say it, and what that means
    (r"FATAL:  password authentication failed", "the user name or the password is wrong"),
    (r"FATAL:  no pg_hba\.conf entry", "the server does not let this user in from this machine"),
    (r'FATAL:  role ".*" is not permitted to log in', "the server does not let this user in"),
    (r'FATAL:  role ".*" does not exist', "the user does not exist there"),
    (r'FATAL:  database ".*" does not exist', "the database does not exist there"),
    (r"received invalid response", "what answers there is no PostgreSQL server, so look at host and port"),
    (rf"(?!FATAL|{CUT_OFF}).*(SSL|certificate)", "an encrypted connection could not be made"),
)
ABSENCES = (  # and of what may be otherwise a little later
    (r"FATAL:  (sorry, )?too many|FATAL:  remaining connection slots", "the server has no connection left"),
    (r"failed to resolve host", "the host name is unknown"),
    (r"Connection refused", "nothing listens there"),
    (
        rf".*({CUT_OFF}|No route to host|unreachable|timed out|server closed the connection)",
        "the server cannot be reached",
    ),
    (r"No such file", "there is no such socket"),
)
PASSWORD_ELSEWHERE = re.compile(r"\w+://([^/?]*@[^/?]*@|[^?]*/[^?]*@)")
"""An address whose password holds "@" or "/" as they are: a piece of it would be taken for the host, the port or the name."""

LOST_STATES = ("08", "57P")
"""How the SQLSTATE of an error begins that says that the connection is lost; the client's own errors have none."""


class DatabaseResource(dg.ConfigurableResource[None]):
    """PostgreSQL with pgvector: the server that the environment variable DATABASE_URL names, else an embedded one.

    The URL is read when a connection is made, so that its password stands in no configuration, log or page.
    """

    store: str = Field(
        default="", description="Where the tables lie; the embedded server keeps one set of vectors for each store."
    )
    data_directory: str | None = Field(
        default=None,
        description="Folder of the embedded server's data; by default below /var/tmp, or what DEDUP_DATABASE_FOLDER names.",
    )

    def connect(self) -> psycopg.Connection:
        """Return a new connection; a `with` block commits or rolls back, and closes it.

        Raises:
            DatabaseAccessError: the server cannot be reached, refuses, or cannot be started.
        """
        return connect_to(url) if (url := os.environ.get(URL_VARIABLE)) else self._connect_to_embedded()

    def connect_migrated(self) -> psycopg.Connection:
        """The same, with every migration applied.

        Raises:
            DatabaseAccessError: as for `connect`.
            MigrationError: a migration cannot be applied.
        """
        connection = self.connect()
        try:
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def work(self, task: Callable[[psycopg.Connection], Result]) -> Result:
        """Do a task with a connection as of `connect_migrated`: anew, with another, where that or the server is lost meanwhile.

        Raises:
            DatabaseAwayError: it stayed lost for a minute.
            DatabaseAccessError, MigrationError: as for `connect_migrated`.
        """
        for wait_s in TRIED_AGAIN_AFTER_S:
            try:
                return self._work_once(task)
            except DatabaseAwayError as error:
                _log.warning("%s; trying again in %s s", error, wait_s)
                time.sleep(wait_s)
        return self._work_once(task)

    def _work_once(self, task: Callable[[psycopg.Connection], Result]) -> Result:
        try:
            with self.connect_migrated() as connection:
                return task(connection)
        except psycopg.OperationalError as error:
            if (error.sqlstate or LOST_STATES[0]).startswith(LOST_STATES):
                raise DatabaseAwayError(f"the connection to {self._where()} was lost while it was at work") from error
            raise

    def check(self, is_needed: bool = True) -> None:
        """Make sure, before any work is done, that a server that is named can be reached, or an embedded one can be started.

        An embedded one is only looked at where it `is_needed`.

        Raises:
            DatabaseAccessError: it cannot.
        """
        if os.environ.get(URL_VARIABLE):
            self.connect().close()
        elif is_needed:
            own_directory(self._directory())

    def holds_data(self) -> bool:
        """True where a server is named, or the embedded one was started before; starts nothing."""
        return bool(os.environ.get(URL_VARIABLE)) or (self._directory() / "data" / "PG_VERSION").exists()

    @property
    def last_start(self) -> int | None:
        """When the embedded server was last started, in nanoseconds; None where it never was."""
        written_by_each = self._directory() / "data" / "postmaster.opts"
        return written_by_each.stat().st_mtime_ns if written_by_each.exists() else None

    @property
    def store_name(self) -> str:
        """What the database calls the store, to tell its rows from those of others: its address, without any secret."""
        return str(parse_location(self.store)) if self.store else ""

    def _where(self) -> str:
        url = os.environ.get(URL_VARIABLE)
        return f"the database at {_where(_parse(url))}" if url else f"the embedded PostgreSQL in {self._directory()}"

    def _directory(self) -> Path:
        return Path(self.data_directory) if self.data_directory else default_data_directory(self.store_name)

    def _connect_to_embedded(self) -> psycopg.Connection:
        try:
            server = EmbeddedPostgres.start(self._directory())
            if self.store:
                note_store(server.directory, self.store_name)
            return psycopg.connect(server.conninfo)
        except (EmbeddedPostgresError, OSError, psycopg.OperationalError) as error:
            kind = DatabaseAwayError if isinstance(error, psycopg.OperationalError) else DatabaseAccessError
            raise kind(f"{self._where()} cannot be used: {error}") from error


def connect_to(url: str, variable: str = URL_VARIABLE) -> psycopg.Connection:
    """Connect to the server of `url` (postgresql://user:password@host:port/name, or any libpq connection string).

    Args:
        url: as `variable` of the environment holds it.
        variable: what a person has to mend.

    Raises:
        DatabaseAccessError: one sentence that names the server and the cause. The cause is not chained, as the
            driver's own text may repeat the URL.
    """
    parameters = {"connect_timeout": CONNECT_TIMEOUT_S} | _parse(url, variable)
    conninfo = make_conninfo("", **parameters)
    try:
        return psycopg.connect(conninfo)
    except psycopg.Error as error:
        refusal, cause = _refusal(error), _cause(error, conninfo)
    kind = DatabaseAccessError if refusal else DatabaseAwayError
    raise kind(f"cannot use the database at {_where(parameters)} ({variable}): {refusal or cause}")


def _parse(url: str, variable: str = URL_VARIABLE) -> dict[str, str | int | None]:
    try:
        parameters = dict(conninfo_to_dict(url.replace("+psycopg2://", "://", 1)))
    except psycopg.ProgrammingError:
        parameters = {"port": "none"}
    if re.fullmatch(r"[\d,]*", str(parameters.get("port", ""))) and not PASSWORD_ELSEWHERE.match(url):
        return parameters
    raise DatabaseAccessError(
        f"{variable} is not a PostgreSQL URL; expected postgresql://user:password@host:port/name, "
        "with special characters of the password percent-encoded"
    )


def _where(parameters: dict[str, str | int | None]) -> str:
    host = parameters.get("host") or parameters.get("hostaddr") or "the default socket"
    port = f":{parameters['port']}" if parameters.get("port") else ""
    name = f"/{parameters['dbname']}" if parameters.get("dbname") else ""
    return f"{host}{port}{name}"


def _refusal(error: psycopg.Error) -> str:
    """Why the server will not let us in, now or later; "" where it was not asked."""
    if error.pgconn is not None and error.pgconn.needs_password:
        return "the password is missing"
    return _meaning(error, REFUSALS)


def _meaning(error: psycopg.Error, meanings: Sequence[tuple[str, str]]) -> str:
    words = BEFORE_CAUSE.sub("", str(error), count=1)
    return next((meaning for pattern, meaning in meanings if re.match(pattern, words)), "")


def _cause(error: psycopg.Error, conninfo: str) -> str:
    """What else kept a connection from being made.

    No SQLSTATE is on such an error. The client keeps it to itself, but tells by a ping whether it was 57P03.
    """
    if isinstance(error, psycopg.errors.ConnectionTimeout):
        return "it did not answer in time"
    if meaning := _meaning(error, ABSENCES):
        return meaning
    is_closed = PGconn.ping(conninfo.encode()) == Ping.REJECT
    return "the server is starting up or shutting down" if is_closed else "the connection failed"
