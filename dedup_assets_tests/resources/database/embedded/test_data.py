import fcntl
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded import data
from dedup_assets.resources.database.embedded.data import (
    default_data_directory,
    open_lock,
    own_directory,
    server_processes,
    wait_for_lock,
)
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.embedded.programs import server_account


def test_no_permission_of_a_parent_directory_is_changed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    if server_account() is None:
        own_directory(private / "data")
    else:
        with pytest.raises(EmbeddedPostgresError, match="cannot enter"):
            own_directory(private / "data")
    assert private.stat().st_mode & 0o777 == 0o700


def test_nobody_else_may_enter_a_data_directory_also_one_of_an_earlier_version(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    earlier = tmp_path / "earlier"
    earlier.mkdir(mode=0o711)
    account = server_account()
    for directory in (earlier, tmp_path / "parent" / "new"):
        with suppress(EmbeddedPostgresError):  # folders of tests lie where the server's account may not enter
            own_directory(directory)
        assert directory.stat().st_mode & 0o777 == 0o700
        assert directory.stat().st_uid == (account.pw_uid if account else os.geteuid())
    assert (tmp_path / "parent").stat().st_mode & 0o777 == 0o700


def test_a_lock_is_for_this_user_alone_and_follows_no_link(tmp_path: Path) -> None:
    with open_lock(tmp_path / "lock") as lock:
        assert os.fstat(lock.fileno()).st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "lock")
    with pytest.raises(OSError, match="symbolic links"):
        open_lock(tmp_path / "link")


@pytest.mark.parametrize("is_starting", [False, True])
def test_a_lock_that_is_held_for_ever_is_told_with_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_starting: bool
) -> None:
    monkeypatch.setattr(data, "STARTING_TIMEOUT_S" if is_starting else "LOCK_TIMEOUT_S", 0.2)
    if is_starting:
        (tmp_path / "starting").touch()
    hold = "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        told = (
            rf"lock was held for 0 s by process {holder.pid} \(python.* of \w+, since 20\d\d-.*\); end it and try again"
        )
        with open_lock(tmp_path / "lock") as lock, pytest.raises(EmbeddedPostgresError, match=told):
            wait_for_lock(lock, fcntl.LOCK_SH, tmp_path / "starting")
        holder.communicate()
    with open_lock(tmp_path / "lock") as lock:
        wait_for_lock(lock, fcntl.LOCK_SH, tmp_path / "starting")


def test_each_store_has_its_own_directory_of_this_user() -> None:
    one, other = default_data_directory("/data/one"), default_data_directory("/data/other")
    assert one != other
    assert one.parent == other.parent
    assert str(os.geteuid()) in one.parent.name


def test_the_processes_of_a_server_are_found_by_the_directory_they_work_in(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    first_line = (postgres.data / "postmaster.pid").read_text().split()[0]
    assert int(first_line) in server_processes(postgres.data)
    assert server_processes(tmp_path) == []
