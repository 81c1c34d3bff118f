"""What this project itself wrote, where it lies inside a source: stores of tables, and organized copies of sources.

Belongs here: how they are recognised by their names, and what is said of what a listing leaves out. Does not belong here:
walking a source.

A store holds its log of placements and its tables. An organized copy of `photos` lies beside it as `photos_deduplicated`
and holds nothing but `best` and `duplicates`.
"""

import logging
import re
from functools import cache
from pathlib import Path

_log = logging.getLogger(__name__)

STORE_MARK = "layout/000001.json"
TABLES = "tables"
_ORGANIZED = "_deduplicated"
_COPIES = frozenset(("best", "duplicates"))

_STORE_NAME = re.compile(rf"(.+)/{re.escape(STORE_MARK)}")
_COPY_NAME = re.compile(rf"((?:.*/)?[^/]+){_ORGANIZED}/(?:{'|'.join(sorted(_COPIES))})/")


@cache
def tell_left_out(path: str, why: str) -> None:
    """Warn, once a process, that a listing leaves something out."""
    _log.warning("Left out of the listing: %r: %s", path, why)


def describe_own_folder(folder: Path) -> str | None:
    """Say what a folder is if this project wrote it, else None; raises OSError if it cannot be looked into."""
    if (folder / STORE_MARK).is_file() and (folder / TABLES).is_dir():
        return "the tables and the report of a run"
    source = folder.name.removesuffix(_ORGANIZED)
    if source in ("", folder.name) or not folder.with_name(source).is_dir():
        return None
    is_copy = all(entry.name in _COPIES for entry in folder.iterdir())
    return f"the organized copy of {source!r}" if is_copy else None


def own_directory_in(name: str) -> tuple[str, str, str] | None:
    """What the name of a blob gives away: a directory that may be ours, the prefix that must exist if it is, and what it is."""
    if store := _STORE_NAME.fullmatch(name):
        return store[1], f"{store[1]}/{TABLES}/", "the tables and the report of a run"
    if copy := _COPY_NAME.match(name):
        return f"{copy[1]}{_ORGANIZED}", f"{copy[1]}/", f"the organized copy of {copy[1]!r}"
    return None
