"""A PostgreSQL server with pgvector out of a pip wheel, started by whoever needs it first.

Belongs here: starting it once, and knowing who uses it.
Does not belong here: its directory (`data.py`), its programs (`programs.py`), what is stored
(`migrations/`), servers elsewhere (`resources/database/connection.py`).

Every process that uses the server holds a shared lock on one file. A small watcher (`watcher.py`)
asks for that lock for itself alone, gets it when the last user has ended, in whatever way, and then stops the server. It
is there before the server is, and waits for one that was being started when its starter was killed.
So the server is never stopped under someone, and never left behind, not even by SIGKILL. It listens on a Unix socket
only, in a directory that only its owner may enter. The wheel's own start-up code is not used: it opens the
permissions of parent directories, and counts its users in a file that a killed process never leaves.
"""

import fcntl
import os
import shlex
import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, ClassVar

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded import watcher
from dedup_assets.resources.database.embedded.data import open_lock, own_directory, server_processes, wait_for_lock
from dedup_assets.resources.database.embedded.programs import (
    POSTGRES_VERSION,
    STARTING_TIMEOUT_S,
    find_programs,
    give_to_server,
    run_program,
    server_account,
)

LONGEST_SOCKET_PATH = 103  # bytes: what macOS allows; Linux allows 107
LEFTOVERS_TIMEOUT_S = 10.0
SOCKET_NAME = ".s.PGSQL.5432"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "dynamic_shared_memory_type": "mmap",  # containers often have 64 MB of /dev/shm: too little to build an index
}


class EmbeddedPostgres:
    """The server of one data directory, in use by this process from `start` on until the process ends."""

    _started: ClassVar[dict[Path, "EmbeddedPostgres"]] = {}
    _starting: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self._in_use: IO[bytes] | None = None

    @classmethod
    def start(cls, directory: Path) -> "EmbeddedPostgres":
        """Return the running server of `directory`; creates its data and starts it where that is still to be done.

        Raises:
            EmbeddedPostgresError: the directory belongs to someone else, or the server does not start.
        """
        directory = directory.expanduser().resolve()
        with cls._starting:
            server = cls._started.setdefault(directory, cls(directory))
            if not server.answers():
                server._ensure_running()
        return server

    def release(self) -> None:
        """End this process's use of the server, which stops soon after if it was the last."""
        with self._starting:
            if self._in_use is not None:
                self._in_use.close()
                self._in_use = None

    @property
    def conninfo(self) -> str:
        """How one connects to the server. There is no password: only its owner may enter the socket's directory."""
        return f"host='{self.socket_directory}' user=postgres dbname=postgres"

    @property
    def socket_directory(self) -> Path:
        """The directory of the Unix socket: that of the data, unless its path is too long for a socket."""
        if len(os.fsencode(self.data / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return self.data
        return Path(tempfile.gettempdir()) / f"dedup-assets-{sha256(os.fsencode(self.data)).hexdigest()[:16]}"

    def answers(self) -> bool:
        """True where this process uses the server and something listens on its socket."""
        if self._in_use is None:
            return False
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(str(self.socket_directory / SOCKET_NAME))
            return True
        return False

    def _ensure_running(self) -> None:
        own_directory(self.directory)
        being_started = self.directory / watcher.STARTING
        with open_lock(self.directory / "start.lock") as starting:
            wait_for_lock(starting, fcntl.LOCK_EX, being_started)
            if self._in_use is None:
                with ExitStack() as unless_taken:
                    users = unless_taken.enter_context(open_lock(self.directory / "users.lock"))
                    wait_for_lock(users, fcntl.LOCK_SH, being_started)
                    unless_taken.pop_all()
                self._in_use = users
            programs = find_programs(self.directory)
            self._initialize(programs)
            self._ensure_watched(programs)  # before the server runs: whoever starts it may be killed at any moment
            if not self.answers():
                self._run(programs)

    def _initialize(self, programs: Path) -> None:
        """Create the data directory beside its place and move it there whole: what a killed initdb left is removed."""
        if self.data.exists():
            return
        for left in self.directory.glob("data-*"):
            shutil.rmtree(left, ignore_errors=True)
        partial = Path(tempfile.mkdtemp(prefix="data-", dir=self.directory))
        give_to_server(partial)
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
        run_program(programs, "initdb", f"--pgdata={partial}", *options)
        partial.rename(self.data)

    def _run(self, programs: Path) -> None:
        self._check_data()
        if self.socket_directory != self.data:
            self.socket_directory.mkdir(exist_ok=True)
            give_to_server(self.socket_directory)
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_directory)}
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        log = self.data / "server.log"
        starting = self.directory / watcher.STARTING
        starting.touch()
        run_program(
            programs, "pg_ctl", "start", "--wait", f"--timeout={STARTING_TIMEOUT_S}",
            f"--pgdata={self.data}", f"--log={log}", f"--options={options}",
        )  # fmt: skip
        starting.unlink()

    def _check_data(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(POSTGRES_VERSION):
            raise EmbeddedPostgresError(
                f"{self.data} was made by PostgreSQL {version}, this is {POSTGRES_VERSION}; move it away to begin anew"
            )
        self._clear_after_crash()
        for path in self.data.rglob("*"):
            os.utime(path)  # systems that clear /var/tmp remove what nobody touched for 30 days, file by file

    def _clear_after_crash(self) -> None:
        """Remove the lock files of a killed server: another process may have its number today, and would keep us out.

        The rest of a killed server ends by itself within moments; the files stay as long as any of it lives.
        """
        deadline = time.monotonic() + LEFTOVERS_TIMEOUT_S
        while server_processes(self.data) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not server_processes(self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.socket_directory / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _ensure_watched(self, programs: Path) -> None:
        """Leave one watcher running; it inherits its lock already held, so that there is no moment without."""
        account = server_account()
        with open_lock(self.directory / "watcher.lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            os.set_inheritable(lock.fileno(), True)
            command = [sys.executable, "-I", "-S", watcher.__file__, str(self.directory / "users.lock")]
            command += [str(lock.fileno()), f"{account.pw_uid}:{account.pw_gid}" if account else ""]
            _spawn_detached([*command, str(programs / "pg_ctl"), str(self.data)])


def _spawn_detached(command: list[str]) -> None:
    """Start a process in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it."""
    actions = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsid=True)
