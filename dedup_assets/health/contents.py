"""What a store holds: every file of every table by its digest, decisions, the log of placements.

Belongs here: whether it is as it was written. Does not belong here: what rows say (`tables.py`).
"""

import hashlib
import json
import re
from collections.abc import Iterator

from dedup_assets.automation.running import PROJECT_DOCUMENT
from dedup_assets.health.finding import Finding
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.decisions import DOCUMENT, every_decision, open_decisions
from dedup_assets.resources.tables.commits import Part, partition_directory
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.settings import Settings
from dedup_assets.stages.discovery import load_layout
from dedup_assets.tables import AUXILIARY_TABLES, TABLES

_PLACEMENTS = re.compile(r"layout/\d{6}\.json")
BACKUP = "put it back from a backup"


def look_at_tables(settings: Settings) -> Iterator[Finding]:
    """Every part that counts, read whole and compared with the digest of when it was written."""
    tables = Collection(**settings.collection).tables()
    for table in (*TABLES, *AUXILIARY_TABLES):
        rows = damaged = 0
        for key in tables.partitions(table):
            commit = tables.look_at(table, key)
            rows += commit.rows
            for part in commit.parts:
                path = f"tables/{table.name}/{partition_directory(key)}/{part.name}"
                if not _is_whole(tables, path, part):
                    damaged += 1
                    remedy = (
                        f"{BACKUP}, or delete the folder it lies in, and run again, which makes that partition anew"
                    )
                    yield Finding("tables", f"{path} is missing or not as it was written", "wrong", remedy)
        if not damaged:
            yield Finding("tables", f"{table.name}: {rows:,} rows, all files are as they were written")


def _is_whole(tables: TableStore, path: str, part: Part) -> bool:
    data = tables.read_bytes(path)
    return data is not None and hashlib.sha256(data).hexdigest() == part.sha256


def look_at_documents(settings: Settings) -> Iterator[Finding]:
    """Documents that a run cannot make again."""
    tables = Collection(**settings.collection).tables()
    found = sorted(entry["path"] for entry in tables.list_files("layout"))
    logged = [path for path in found if _PLACEMENTS.fullmatch(path)]
    for path in set(found) - set(logged):
        yield Finding("documents", f"{path} is none of this project's", "wrong", "delete it")
    broken = [path for path in (PROJECT_DOCUMENT, DOCUMENT, *logged) if not _is_document(tables.read_bytes(path))]
    for path in broken:
        yield Finding("documents", f"{path} cannot be read as JSON", "wrong", BACKUP)
    if not broken and found == logged:
        layout = load_layout(tables, settings.prefix_depth)
        told = f"{len(layout.placements):,} directories are placed in {len(layout.keys):,} partitions"
        yield Finding("layout", told)


def _is_document(data: bytes | None) -> bool:
    """Whether bytes are JSON, or there are none."""
    try:
        return data is None or json.loads(data) is not None
    except ValueError:
        return False


def look_at_decisions(settings: Settings) -> Iterator[Finding]:
    """Whether the database and the copy beside the tables know the same."""
    database, tables = DatabaseResource(store=settings.store), Collection(**settings.collection).tables()
    copied = tables.read_document(DOCUMENT) or []
    if not database.holds_data():
        yield Finding("decisions", f"{len(copied):,}, in the copy alone: the database was not used yet")
        return
    with database.connect_migrated() as connection:
        known = [decision.document() for decision in every_decision(connection)]
    if known == copied:
        yield Finding("decisions", f"{len(known):,}, alike in the database and in its copy")
        return

    def reconcile() -> str:
        open_decisions(database, tables).close()
        return "the database and the copy know the same decisions now"

    told = f"{len(known):,} in the database, and {len(copied):,} in its copy, are not the same"
    yield Finding("decisions", told, "note", "the next run brings what one lacks from the other", reconcile)
