"""Whether a run would find anything to do: told from two listings, without starting one.

Belongs here: what the last run left, noted beside Dagster's records, and comparing it with what is there now. Does not belong
here: whether one partition is up to date, at which every run looks (`stages/stage.py`).

A note is only ever a reason to leave a run out, so any doubt makes it void. It counts for a store in a folder, whose runs
Dagster's records there know; with the embedded server, which nobody changes unless it is started; after a run that finished
every partition; and for a day, as runs also remove what they replaced a day before.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from dedup_assets.automation.nightly import NIGHTLY_TABLES
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import URL_VARIABLE, DatabaseResource
from dedup_assets.resources.locations import FolderLocation, parse_location
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.resources.tables.stored_files import PARTS_OUTLIVE, is_old
from dedup_assets.settings import Settings
from dedup_assets.stages.listing import number_of, read_listing
from dedup_assets.tables import EMBEDDINGS

NOTE = "dagster/unchanged.json"
OF_EACH_RUN = ("dagster/", "report/summary.")
"""Files of a store that every run writes."""


def is_unchanged(settings: Settings) -> bool:
    """Whether source, store, settings and code are as the last run left them, which had done everything.

    Raises:
        StoreAccessError: the source cannot be listed.
    """
    collection = Collection(**settings.collection)
    note = collection.tables().read_document(NOTE) if _can_be_known(settings) else None
    if not note or is_old(datetime.fromisoformat(note["noted_at"])):
        return False
    told = (collection.tables().read_bytes(f"report/summary.{ending}") for ending in ("txt", "json"))
    if note["left"] != _what_is_left(settings, collection.tables()) or not all(told):
        return False
    images = collection.images()
    digest = sum(map(number_of, images.list_blobs()))
    return bool(note["source"] == [digest, +images.left_out.counts])


def note_what_is_left(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Note what a run has left, where it finished every partition and no other is at work."""
    tables, now = Collection(**settings.collection).tables(), datetime.now(UTC)
    if not _can_be_known(settings) or is_at_work(instance, now - PARTS_OUTLIVE) or not _is_finished(tables):
        return
    listing, left = read_listing(tables), _what_is_left(settings, tables)
    source = [listing.digest, listing.left_out]
    tables.write_document(NOTE, {"noted_at": now.isoformat(), "left": left, "source": source})


def is_at_work(instance: dg.DagsterInstance, since: datetime | None = None) -> bool:
    """Whether a run, of those that began `since` then, has not ended."""
    at_work = dg.RunsFilter(statuses=NOT_FINISHED_STATUSES, created_after=since)
    return bool(instance.get_runs(at_work, limit=1))


def _can_be_known(settings: Settings) -> bool:
    store = parse_location(settings.store)
    return isinstance(store, FolderLocation) and store.path.is_dir() and not os.environ.get(URL_VARIABLE)


def _is_finished(tables: TableStore) -> bool:
    """Whether nothing is left to do, nor to be done as soon as an encoder of prompts is installed."""
    commits = (tables.commit_of(EMBEDDINGS, key) for key in tables.partitions(EMBEDDINGS))
    if any(commit.details.get("prompt_encoders_missing") for commit in commits):
        return False
    return all(tables.commit_of(table, key).fingerprint for table in NIGHTLY_TABLES for key in tables.partitions(table))


def _what_is_left(settings: Settings, tables: TableStore) -> str:
    """Digest of what a run reads but the source: settings, this package, the start of the database, and the store."""
    package = Path(__file__).parents[1]
    code = (path for path in package.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    files = (file for file in tables.list_files("") if not file["path"].startswith(OF_EACH_RUN))
    return _digest(
        [
            (settings.model_dump_json(), DatabaseResource(store=settings.store).last_start),
            *((str(path), path.stat().st_mtime_ns) for path in code),
            *((file["path"], file["size"], file["last_modified"]) for file in files),
        ]
    )


def _digest(rows: Iterable[tuple[object, ...]]) -> str:
    """Digest of a set of rows: in flat memory, and the same in any order."""
    digests = (sha256(repr(row).encode()).digest() for row in rows)
    return f"{sum(int.from_bytes(digest) for digest in digests):x}"
