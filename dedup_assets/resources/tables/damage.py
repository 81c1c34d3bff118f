"""Looking through a whole store for damage, and mending it: what a doctor calls, when no run is at work.

Belongs here: every file that counts, compared with what was written, and second copies. Does not belong here: what a run does
about damage that it meets (`visible_tables.py`), telling people.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from dedup_assets.contracts import Table
from dedup_assets.errors import DamagedStoreError
from dedup_assets.resources.tables.commits import Commit, Part, number_of_file
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.resources.tables.stored_files import IRREPLACEABLE, SECOND_COPIES, is_irreplaceable
from dedup_assets.tables import AUXILIARY_TABLES, TABLES

MAY_BE_DELETED = "project.json"
"""What a person deletes on purpose, to fill a store from elsewhere."""


@dataclass(frozen=True)
class Damage:
    """A file that is missing or not as it was written; of the `partition` of a `table`, and which `part` of it, if any."""

    path: str
    table: Table | None = None
    partition: str = ""
    part: Part | None = None


def find_damage(tables: TableStore) -> Iterator[Damage]:
    """All files that are damaged: parts by their digest, commits, documents. Every byte of the tables is read."""
    for table in (*TABLES, *AUXILIARY_TABLES):
        for key in tables.partitions(table):
            commit = tables.look_at(table, key)
            parts = {commit.path_of(part): part for part in commit.parts}
            wrong = (path for path, part in parts.items() if not _is_whole(tables.read_bytes(path), part.sha256))
            for path in dict.fromkeys([*commit.damaged, *wrong]):
                yield Damage(path, table, key, parts.get(path))
    for path in sorted(_irreplaceable(tables, _copied(tables))):
        if path.endswith(".json") and not path.startswith("tables/") and not _can_be_read(tables, path):
            yield Damage(path)


def mend(tables: TableStore, damage: Damage) -> str:
    """Take a file from its second copy, or have the next run make it again at any price; a sentence that says what was done.

    Raises:
        DamagedStoreError: it cannot be made again, and its second copy is damaged, too.
    """
    if is_irreplaceable(damage.path):
        _restore(tables, damage)
        return f"{damage.path} was taken from its second copy."
    assert damage.table is not None
    commit = tables.look_at(damage.table, damage.partition)
    if damage.part in commit.parts and damage.path not in commit.damaged:
        commit = tables.note_damage(commit, damage.part)
    tables.take_out_damaged(commit, even_paid=True)
    return f"{damage.path} is taken as absent, and the next run makes it again."


def keep_second_copies(tables: TableStore) -> None:
    """Copy what cannot be made again and has no second copy: stores of 0.2.0 have none."""
    copied = _copied(tables)
    for path in _irreplaceable(tables, copied) - copied:
        if data := tables.read_bytes(path):
            tables.put(f"{SECOND_COPIES}/{path}", [data])


def _copied(tables: TableStore) -> set[str]:
    return {entry["path"].removeprefix(f"{SECOND_COPIES}/") for entry in tables.list_files(SECOND_COPIES)}


def _irreplaceable(tables: TableStore, copied: set[str]) -> set[str]:
    """The paths of all files that cannot be made again, those that are missing too, of which there is a second copy.

    Names that start with a dot are of files that were being written when the process was killed.
    """
    found = [entry["path"] for name in IRREPLACEABLE if name.endswith("/") for entry in tables.list_files(name)]
    found += [name for name in IRREPLACEABLE if not name.endswith("/") and tables.size_of(name) is not None]
    whole = {path for path in found if not path.rpartition("/")[-1].startswith(".")}
    return (whole | copied) - ({MAY_BE_DELETED} - whole)


def _can_be_read(tables: TableStore, path: str) -> bool:
    try:
        return tables.read_document(path) is not None
    except DamagedStoreError:
        return False


def _restore(tables: TableStore, damage: Damage) -> None:
    copy = tables.read_bytes(f"{SECOND_COPIES}/{damage.path}")
    number = number_of_file(damage.path.rsplit("/", 1)[-1]) if damage.table else None
    try:
        if damage.part and not _is_whole(copy, damage.part.sha256):
            raise ValueError
        if number is not None:
            Commit.read(copy or b"", number)
        elif not damage.part:
            json.loads(copy or b"")
    except ValueError:
        raise DamagedStoreError(
            f"{damage.path} in the store and its second copy, {SECOND_COPIES}/{damage.path}, are both damaged: take one of them "
            "from a backup."
        ) from None
    tables.put(damage.path, [copy or b""])


def _is_whole(data: bytes | None, sha256: str) -> bool:
    return data is not None and hashlib.sha256(data).hexdigest() == sha256
