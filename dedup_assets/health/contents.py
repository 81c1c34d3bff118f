"""What a store holds: every file of every table by its digest, decisions, the log of placements.

Belongs here: whether it is as it was written. Does not belong here: what rows say (`tables.py`).
"""

from collections.abc import Iterator
from functools import partial

from dedup_assets.health.finding import Finding
from dedup_assets.health.services import APPLY
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.decisions import DOCUMENT, every_decision, open_decisions
from dedup_assets.resources.database.migrations import migration_status
from dedup_assets.resources.tables.damage import find_damage, mend
from dedup_assets.settings import Settings
from dedup_assets.stages.discovery import load_layout
from dedup_assets.tables import AUXILIARY_TABLES, TABLES

REMEDY = "`dedup-assets doctor --repair` takes it from its second copy, or has the next run make it again"


def look_at_tables(settings: Settings) -> Iterator[Finding]:
    """Every part that counts, read whole and compared with the digest of when it was written, and what no run can make again."""
    tables = Collection(**settings.collection).tables()
    damaged = set()
    for damage in find_damage(tables):
        damaged.add(damage.table.name if damage.table else "")
        told = f"{damage.path} is missing or not as it was written"
        yield Finding("tables", told, "wrong", REMEDY, partial(mend, tables, damage))
    for table in (*TABLES, *AUXILIARY_TABLES):
        if table.name not in damaged:
            rows = sum(tables.look_at(table, key).rows for key in tables.partitions(table))
            yield Finding("tables", f"{table.name}: {rows:,} rows, all files are as they were written")


def look_at_layout(settings: Settings) -> Iterator[Finding]:
    """Where directories were placed."""
    layout = load_layout(Collection(**settings.collection).tables(), settings.prefix_depth)
    told = f"{len(layout.placements):,} directories are placed in {len(layout.keys):,} partitions"
    yield Finding("layout", told)


def look_at_decisions(settings: Settings) -> Iterator[Finding]:
    """Whether the database and the copy beside the tables know the same."""
    database, tables = DatabaseResource(store=settings.store), Collection(**settings.collection).tables()
    copied = tables.read_document(DOCUMENT) or []
    if not database.holds_data():
        yield Finding("decisions", f"{len(copied):,}, in the copy alone: the database was not used yet")
        return
    with database.connect() as connection:
        if not all(each.applied_at for each in migration_status(connection)):
            told = f"{len(copied):,} in the copy; those of the database are read once its migrations are applied"
            yield Finding("decisions", told, "note", APPLY)
            return
        known = [decision.document() for decision in every_decision(connection)]
    if known == copied:
        yield Finding("decisions", f"{len(known):,}, alike in the database and in its copy")
        return

    def reconcile() -> str:
        open_decisions(database, tables).close()
        return "the database and the copy know the same decisions now"

    told = f"{len(known):,} in the database, and {len(copied):,} in its copy, are not the same"
    yield Finding("decisions", told, "note", "the next run brings what one lacks from the other", reconcile)
