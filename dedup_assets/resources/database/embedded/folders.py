"""The data folders of this user's embedded servers: whose they are, and removing those whose store was deleted.

Belongs here: what may be removed, and what never. Does not belong here: starting a server (`postgres.py`).

A folder is removed only where its store was a folder of this machine, that folder is gone, the disk on which it lay is still
there, and no process uses the server. All that is lost can be computed again, had the store come back.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from dedup_assets.resources.database.embedded.data import default_data_directory, open_lock, server_processes
from dedup_assets.resources.locations import FolderLocation, parse_location

RECORD = "store.json"
LOCKS = ("start.lock", "users.lock", "watcher.lock")
IN_USE, THERE, GONE = "in use", "its store is there", "its store is gone"
ELSEWHERE, UNREACHABLE, UNKNOWN = "its store is elsewhere", "the disk of its store is away", "its store is not known"


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """One data folder: its store ("" where it is not known), its size in bytes, and why it stays or may go."""

    path: Path
    store: str
    size_bytes: int
    state: str


def note_store(directory: Path, store: str) -> None:
    """Write down whose data folder this is, and on which disk the store lies."""
    location = parse_location(store)
    device = _device(location.path) if isinstance(location, FolderLocation) else None
    note = json.dumps({"store": store, "device": device})
    record = directory / RECORD
    if not record.is_file() or record.read_text(encoding="utf-8") != note:
        partial = record.with_suffix(f".{uuid4().hex}")
        partial.write_text(note, encoding="utf-8")
        partial.rename(record)


def server_folders(root: Path | None = None) -> list[ServerFolder]:
    """All data folders below `root` (by default where this user's lie), by store."""
    paths = [path for path in (root or default_data_directory("").parent).glob("*") if (path / "data").is_dir()]
    folders = [ServerFolder(path, str(_note(path).get("store", "")), _size(path), _state(path)) for path in paths]
    return sorted(folders, key=lambda folder: (folder.store, folder.path))


def remove_forgotten(root: Path | None = None) -> None:
    """Remove what may be removed below `root` (by default where this user's lie), and what a killed removal left."""
    root = root or default_data_directory("").parent
    for path in root.glob("*"):
        with suppress(OSError):  # another run removes it, too
            remove_folder(path)
    for left in root.glob(".*.removed"):
        shutil.rmtree(left, ignore_errors=True)


def remove_folder(path: Path) -> bool:
    """Remove a data folder whose store is gone; False where it is not, or somebody uses the server."""
    with _nobody_else(path) as alone:
        if not alone or _state_of_store(_note(path)) != GONE or server_processes(path / "data"):
            return False
        doomed = path.with_name(f".{path.name}.removed")
        path.rename(doomed)
    shutil.rmtree(doomed)
    return True


def _state(path: Path) -> str:
    with _nobody_else(path) as alone:
        return _state_of_store(_note(path)) if alone and not server_processes(path / "data") else IN_USE


def _state_of_store(note: dict[str, Any]) -> str:
    if not note.get("store"):
        return UNKNOWN
    location = parse_location(note["store"])
    if not isinstance(location, FolderLocation):
        return ELSEWHERE
    if location.path.exists():
        return THERE
    return GONE if _device(location.path) == note["device"] else UNREACHABLE


def _device(path: Path) -> int:
    """The disk that holds `path`, which may be where it is mounted, or else the nearest folder above that exists."""
    return next(each for each in (path, *path.parents) if each.exists()).stat().st_dev


def _note(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        note = json.loads((path / RECORD).read_text(encoding="utf-8"))
        return note if isinstance(note, dict) else {}
    return {}


def _size(path: Path) -> int:
    size = 0
    for each in path.rglob("*"):
        with suppress(OSError):
            size += each.lstat().st_blocks * 512
    return size


@contextmanager
def _nobody_else(path: Path) -> Iterator[bool]:
    """Hold all locks of a server while inside; False where somebody else holds one."""
    with ExitStack() as held:
        try:
            for name in LOCKS:
                lock = held.enter_context(open_lock(path / name))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
