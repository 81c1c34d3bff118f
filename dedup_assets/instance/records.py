"""Dagster's records of old runs: what goes in time, and what stays however old it is.

Belongs here: which events of a run may go. Does not belong here: when they do (`assets/image_manifest.py`), ticks of schedules
and sensors, which Dagster's daemon removes (`dagster.yaml`).

The newest materialization and observation of each asset and partition stay, and the newest result of each check, with the run
that they name: what did not change for years is still green, and no automation condition asks for it. Dagster can only delete
a run with all of its events, so that others are deleted through its tables.
"""

import time
from datetime import datetime
from pathlib import Path

import dagster as dg
import sqlalchemy as sql
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

NEWEST_STAY = [dg.DagsterEventType.ASSET_MATERIALIZATION.value, dg.DagsterEventType.ASSET_OBSERVATION.value]
EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value

_events, _checks, _tags = SqlEventLogStorageTable, AssetCheckExecutionsTable, AssetEventTagsTable


def forget_runs(instance: dg.DagsterInstance, before: datetime, within_s: float) -> int:
    """Remove the records of runs that were created before a time and have ended, the newest first, and return of how many.

    What is not done within so many seconds is left to the next call.
    """
    until, forgotten = time.monotonic() + within_s, 0
    for run_id in instance.get_run_ids(dg.RunsFilter(statuses=FINISHED_STATUSES, created_before=before)):
        if time.monotonic() > until:
            break
        forgotten += _forget(instance, run_id)
    return forgotten


def _forget(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether there was anything to remove."""
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    with storage.index_connection() as records:
        removed, held = _delete_events(records, run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    if not held:
        instance.delete_run(run_id)
    if isinstance(storage, SqliteEventLogStorage):  # which keeps all events of a run in a file, too
        for ending in ("", "-wal", "-shm"):
            Path(storage.path_for_shard(run_id) + ending).unlink(missing_ok=True)
    return removed or not held


def _delete_events(records: sql.Connection, run_id: str) -> tuple[bool, bool]:
    """Whether something was removed, and whether something stays."""
    evaluated = _checks.c.evaluation_event_storage_id
    shown = sql.select(evaluated).where(_checks.c.run_id == run_id)
    kind = sql.func.coalesce(_events.c.dagster_event_type, "")
    is_old = sql.case(
        (kind.in_(NEWEST_STAY), _is_replaced(_events, "id", "asset_key", "dagster_event_type")),
        (kind == EVALUATION, _events.c.id.not_in(shown)),
        else_=sql.true(),
    )
    old_checks = evaluated.is_(None) | _is_replaced(_checks, evaluated.name, "asset_key", "check_name")
    old_events = sql.select(_events.c.id).where(_events.c.run_id == run_id, is_old)
    deleted = [
        records.execute(statement).rowcount
        for statement in (
            sql.delete(_checks).where(_checks.c.run_id == run_id, old_checks),
            sql.delete(_tags).where(_tags.c.event_id.in_(old_events)),
            sql.delete(_events).where(_events.c.id.in_(old_events)),
        )
    ]
    return any(deleted), bool(records.execute(sql.select(_events.c.id).where(_events.c.run_id == run_id)).first())


def _is_replaced(table: sql.Table, order: str, *columns: str) -> sql.ColumnElement[bool]:
    """That a later row has those columns and the partition in common, which is NULL where there are none."""
    later = table.alias()
    alike = [later.c[order] > table.c[order], *(later.c[name] == table.c[name] for name in columns)]
    in_partition = sql.exists().where(*alike, later.c.partition == table.c.partition)
    without = sql.exists().where(*alike, later.c.partition.is_(None))
    return in_partition | (table.c.partition.is_(None) & without)  # each by its index
