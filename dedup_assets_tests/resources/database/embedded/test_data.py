import os
from pathlib import Path

import pytest

from dedup_assets.errors import EmbeddedPostgresError
from dedup_assets.resources.database.embedded.data import default_data_directory, own_directory, server_processes
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
