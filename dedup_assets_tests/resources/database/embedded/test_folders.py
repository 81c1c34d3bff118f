import fcntl
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup_assets.cli import main
from dedup_assets.resources.database.embedded import folders
from dedup_assets.resources.database.embedded.folders import (
    ELSEWHERE,
    GONE,
    IN_USE,
    RECORD,
    THERE,
    UNKNOWN,
    UNREACHABLE,
    note_store,
    remove_folder,
    remove_forgotten,
    server_folders,
)

UNMOUNTED = """
import os, sys
from pathlib import Path
from dedup_assets.resources.database.embedded.folders import note_store, remove_forgotten
folder, disk = Path(sys.argv[1]), sys.argv[2]
note_store(folder, disk)
os.system(f"umount '{disk}' && rmdir '{disk}'")
remove_forgotten(folder.parent)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "servers"


def folder_of(root: Path, store: Path | str) -> Path:
    """The data folder of a store, as a server leaves it."""
    path = root / str(len(list(root.glob("*"))) if root.exists() else 0)
    (path / "data").mkdir(parents=True)
    (path / "data" / "PG_VERSION").write_text("18\n")
    if store:
        note_store(path, str(store))
    return path


def states(root: Path) -> list[str]:
    return [folder.state for folder in server_folders(root)]


def test_only_the_data_of_a_deleted_store_are_removed(root: Path, tmp_path: Path) -> None:
    store = tmp_path / "project" / "store"
    store.mkdir(parents=True)
    path = folder_of(root, store)
    assert states(root) == [THERE]
    assert not remove_folder(path)
    shutil.rmtree(store.parent)
    assert states(root) == [GONE]
    assert remove_folder(path)
    assert list(root.iterdir()) == []


def test_the_data_of_a_store_that_may_come_back_stay(root: Path, tmp_path: Path) -> None:
    away = folder_of(root, tmp_path / "away")
    note = json.loads((away / RECORD).read_text())
    (away / RECORD).write_text(json.dumps(note | {"device": note["device"] + 1}))
    remote = folder_of(root, "az://account/container/store")
    unknown = folder_of(root, "")
    broken = folder_of(root, "")
    (broken / RECORD).write_text("{")
    assert sorted(states(root)) == sorted([UNREACHABLE, ELSEWHERE, UNKNOWN, UNKNOWN])
    assert [remove_folder(path) for path in (away, remote, unknown, broken)] == [False] * 4


def test_the_data_of_a_store_that_is_a_disk_of_its_own_stay_while_it_is_unmounted(root: Path, tmp_path: Path) -> None:
    disk, folder = tmp_path / "disk", folder_of(root, "")
    disk.mkdir()
    here = ["unshare", *(["--map-root-user"] if os.geteuid() else []), "--mount"]
    script = 'mount -t tmpfs tmpfs "$4" && exec "$1" -c "$2" "$3" "$4"'
    subprocess.run([*here, "sh", "-c", script, "sh", sys.executable, UNMOUNTED, folder, disk], check=True)
    assert not disk.exists()
    assert states(root) == [UNREACHABLE]


def test_processes_that_start_one_server_at_the_same_time_all_note_its_store(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        for folder in folders:
            folder.mkdir()
            list(pool.map(lambda _, to=folder: note_store(to, str(tmp_path / "store")), range(8)))
    assert {path.name for folder in folders for path in folder.iterdir()} == {RECORD}


@pytest.mark.parametrize("lock", ["users.lock", "start.lock", "watcher.lock"])
def test_the_data_of_a_server_in_use_stay(root: Path, tmp_path: Path, lock: str) -> None:
    path = folder_of(root, tmp_path / "gone")
    with (path / lock).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert states(root) == [IN_USE]
        assert not remove_folder(path)
    assert remove_folder(path)


def test_the_command_lists_and_removes(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "default_data_directory", lambda _: root / "any")
    assert CliRunner().invoke(main, ["embedded-servers"]).output == "There are no embedded servers.\n"
    path = folder_of(root, tmp_path / "gone")
    listed = CliRunner().invoke(main, ["embedded-servers"]).output
    assert listed.startswith(f"{path}  0 MB  {tmp_path}/gone  {GONE}\n")
    assert CliRunner().invoke(main, ["embedded-servers", "--remove"]).output.endswith("  removed\n")
    assert not path.exists()


def test_what_belongs_to_stores_that_are_gone_goes_by_itself_and_nothing_else(root: Path, tmp_path: Path) -> None:
    remove_forgotten(root)
    store = tmp_path / "store"
    store.mkdir()
    gone, kept = (
        folder_of(root, tmp_path / "gone"),
        [folder_of(root, store), folder_of(root, "az://account/container/x")],
    )
    used = folder_of(root, tmp_path / "gone, too")
    (root / ".0123.removed" / "data").mkdir(parents=True)
    with (used / "users.lock").open("ab") as held, ThreadPoolExecutor(8) as pool:
        fcntl.flock(held, fcntl.LOCK_SH)
        list(pool.map(remove_forgotten, [root] * 8))
        assert not gone.exists()
        assert {path.name for path in root.iterdir()} == {path.name for path in (*kept, used)}
