"""The small process that stops the embedded server when its last user has ended.

Belongs here: waiting for the users and stopping the server; only the standard library, as it runs by itself.
Does not belong here: starting anything (`embedded_postgres.py`).
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path


def stop_after_last_user(users_file: Path, watcher_lock: int, account: str, pg_ctl: str, data: str) -> None:
    """Wait until no process holds a shared lock on `users_file`, then stop the server of `data`.

    The lock is kept until the server has stopped, so that whoever comes meanwhile waits and then starts it afresh.
    `watcher_lock` is the inherited, locked descriptor by which others see that a watcher is there; `account` is
    "uid:gid" or "" for this process's own.
    """
    with users_file.open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        user, group = (int(number) for number in account.split(":")) if account else (None, None)
        subprocess.run(
            [pg_ctl, "stop", "--pgdata", data, "--mode", "fast", "--wait", "--silent"],
            check=False,
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if account else None,
        )
        os.close(watcher_lock)


if __name__ == "__main__":
    stop_after_last_user(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6])
