"""The directory of the embedded server: where it lies, whose it is, and who works in it.

Belongs here: directories and the processes inside them. Does not belong here: starting a server
(`postgres.py`).
"""

import os
from hashlib import sha256
from pathlib import Path

import psutil

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded.programs import server_account


def default_data_directory(store: str) -> Path:
    """Where the vectors of `store` lie: below /var/tmp, one directory a user and store."""
    return Path("/var/tmp") / f"dedup-assets-{os.geteuid()}" / sha256(store.encode()).hexdigest()[:16]


def own_directory(directory: Path) -> None:
    """Create `directory` for this user alone (others may pass through where the server has an account of its own).

    Raises:
        EmbeddedPostgresError: it belongs to another user, or the server's account cannot reach it.
    """
    account = server_account()
    for path in (directory.parent, directory):
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o700 if account is None else 0o711)
    if directory.stat().st_uid != os.geteuid() or directory.parent.stat().st_uid not in (0, os.geteuid()):
        raise EmbeddedPostgresError(f"{directory} belongs to another user; choose another data directory")
    closed = [path for path in (directory, *directory.parents) if account and not path.stat().st_mode & 0o001]
    if account and closed:
        raise EmbeddedPostgresError(
            f"PostgreSQL runs as '{account.pw_name}', which cannot enter {closed[-1]}; choose another data directory"
        )


def server_processes(data: Path) -> list[int]:
    """Ids of the living processes of the server of `data`, which all work inside that directory."""
    found = []
    for process in psutil.process_iter(["name", "status", "cwd"]):
        named = str(process.info["name"]).startswith("postgres") and process.info["status"] != psutil.STATUS_ZOMBIE
        if named and process.info["cwd"] == str(data):
            found.append(process.pid)
    return found
