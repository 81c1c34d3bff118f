"""The directory of the embedded server: where it lies, whose it is, whether it can be used, and who works in it or holds its locks.

Belongs here: directories and the processes inside them. Does not belong here: starting a server
(`postgres.py`).
"""

import fcntl
import os
import pwd
import time
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

import psutil

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded.programs import STARTING_TIMEOUT_S, give_to_server, server_account

LOCK_TIMEOUT_S = 60.0
"""So long a process may keep others from a server; what it does meanwhile takes seconds, unless the server replays its log."""

FOLDER_VARIABLE = "DEDUP_DATABASE_FOLDER"
ELSEWHERE = f"set {FOLDER_VARIABLE} to a folder of a local disk that can be, DATABASE_URL to a server, or --level near"


def default_data_directory(store: str) -> Path:
    """Where the vectors of `store` lie: below /var/tmp or what the environment names, one directory a user and store."""
    root = Path(os.environ.get(FOLDER_VARIABLE) or "/var/tmp")
    return root / f"dedup-assets-{os.geteuid()}" / sha256(store.encode()).hexdigest()[:16]


def own_directory(directory: Path) -> None:
    """Create `directory` for this user alone; where the server has an account of its own, for that one, and root.

    Raises:
        EmbeddedPostgresError: this user has no name, it cannot be made or belongs to another user, or the server's account
            cannot reach it.
    """
    account = server_account()
    owners = {os.geteuid(), (account or _own_account()).pw_uid}
    try:
        for path in (directory.parent, directory):
            if not path.exists():
                path.mkdir(parents=True)
                give_to_server(path)
        open_lock(directory / "users.lock").close()
    except OSError as error:
        raise EmbeddedPostgresError(f"{directory} cannot be written ({error.strerror}): {ELSEWHERE}") from error
    if directory.stat().st_uid not in owners or directory.parent.stat().st_uid not in owners | {0}:
        raise EmbeddedPostgresError(f"{directory} belongs to another user: {ELSEWHERE}")
    give_to_server(directory)  # until 0.2.0 others could pass through
    closed = [path for path in (directory, *directory.parents) if account and not _may_enter(account.pw_uid, path)]
    if account and closed:
        raise EmbeddedPostgresError(
            f"PostgreSQL runs as '{account.pw_name}', which cannot enter {closed[-1]}: {ELSEWHERE}"
        )


def _own_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not start for the user {os.geteuid()}, who has no name: add one to /etc/passwd (in a container, "
            "run as a user that it knows), set DATABASE_URL to a server, or --level near"
        ) from None


def _may_enter(uid: int, path: Path) -> bool:
    status = path.stat()
    return bool(status.st_mode & (0o100 if status.st_uid == uid else 0o001))


def open_lock(path: Path) -> IO[bytes]:
    """Open a file to be locked, for this user alone; never one that a link leads to."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600))


def wait_for_lock(lock: IO[bytes], kind: int, starting: Path) -> None:
    """Take a lock (LOCK_EX, LOCK_SH), for which others may keep this process waiting LOCK_TIMEOUT_S, or while a server starts.

    Raises:
        EmbeddedPostgresError: the time is over; the text says who holds it.
    """
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            if waited > (STARTING_TIMEOUT_S if starting.exists() else LOCK_TIMEOUT_S):
                raise EmbeddedPostgresError(
                    f"{lock.name} was held for {waited:.0f} s by {_holders(lock)}; end it and try again"
                ) from None
            time.sleep(0.05)
        else:
            return


def _holders(lock: IO[bytes]) -> str:
    """Who holds a lock, as Linux tells it."""
    inode = f":{os.fstat(lock.fileno()).st_ino}"
    table = Path("/proc/locks")
    lines = [line.split() for line in table.read_text().splitlines()] if table.exists() else []
    found = [_described(int(words[4])) for words in lines if words[1] != "->" and words[5].endswith(inode)]
    return " and ".join(found) or "another process"


def _described(process_id: int) -> str:
    try:
        process = psutil.Process(process_id)
        since = datetime.fromtimestamp(process.create_time()).strftime("%Y-%m-%d %H:%M")
        return f"process {process_id} ({process.name()} of {process.username()}, since {since})"
    except psutil.Error:
        return f"process {process_id}"


def server_processes(data: Path) -> list[int]:
    """Ids of the living processes of the server of `data`, which all work inside that directory."""
    found = []
    for process in psutil.process_iter(["name", "status", "cwd"]):
        named = str(process.info["name"]).startswith("postgres") and process.info["status"] != psutil.STATUS_ZOMBIE
        if named and process.info["cwd"] == str(data):
            found.append(process.pid)
    return found
