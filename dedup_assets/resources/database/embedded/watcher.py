"""The small process that stops the embedded server when its last user has ended.

Belongs here: waiting for the users and stopping the server; only the standard library, as it runs by itself.
Does not belong here: starting anything (`postgres.py`).
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

STARTING = "starting"
"""The file beside the data that is there while pg_ctl starts the server."""

STARTED_WITHIN_S = 20.0
"""Seconds in which a server comes to life, though whoever had it started was killed meanwhile."""


def stop_after_last_user(users_file: Path, watcher_lock: int, account: str, pg_ctl: str, data: str) -> None:
    """Wait until no process holds a shared lock on `users_file`, then stop the server of `data`.

    The lock is kept until the server has stopped, so that whoever comes meanwhile waits and then starts it afresh.
    `watcher_lock` is the inherited, locked descriptor by which others see that a watcher is there; `account` is
    "uid:gid" or "" for this process's own.
    """
    with users_file.open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        starting, deadline = Path(data).parent / STARTING, time.monotonic() + STARTED_WITHIN_S
        while not _stop(account, pg_ctl, data) and starting.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        starting.unlink(missing_ok=True)
        os.close(watcher_lock)


def _stop(account: str, pg_ctl: str, data: str) -> bool:
    """Stop the server; False where there is none that can be stopped."""
    user, group = (int(number) for number in account.split(":")) if account else (None, None)
    stopped = subprocess.run(
        [pg_ctl, "stop", "--pgdata", data, "--mode", "fast", "--wait", "--silent"],
        check=False,
        cwd="/",
        user=user,
        group=group,
        extra_groups=[] if account else None,
    )
    return stopped.returncode == 0


if __name__ == "__main__":
    stop_after_last_user(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6])
