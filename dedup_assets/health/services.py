"""What works beside a run: the database, Dagster's records and its daemon, data folders of embedded servers.

Belongs here: whether they answer, and what others left in them. Does not belong here: what their rows say.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial

import dagster as dg
import psycopg
from dagster._core.launcher.base import WorkerStatus
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from dedup_assets.automation.running import dagster_home
from dedup_assets.health.finding import Finding
from dedup_assets.report.plain_words import visible
from dedup_assets.resources.database.connection import RECORDS_VARIABLE, DatabaseResource, connect_to
from dedup_assets.resources.database.embedded.folders import GONE, ServerFolder, remove_folder, server_folders
from dedup_assets.resources.database.migrations import migrate, migration_status
from dedup_assets.settings import Settings

OLDEST_PGVECTOR = (0, 8, 5)
PGVECTOR = "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'vector'"
APPLY = "`dedup-assets migrate`, or the next run, applies them"
WAITING = {dg.DagsterRunStatus.QUEUED}
DAEMONS = ["SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING"]


def look_at_database(settings: Settings) -> Iterator[Finding]:
    """Whether it can be reached, has pgvector, and is at the newest schema."""
    database = DatabaseResource(store=settings.store)
    if not database.holds_data():
        yield Finding("database", "the embedded PostgreSQL was not used yet", "note", "the next run starts it")
        return
    with database.connect() as connection:
        told = f"PostgreSQL {connection.info.server_version // 10_000} at {connection.info.host} answers"
        yield Finding("database", told)
        yield _pgvector(connection)
        pending = [each.name for each in migration_status(connection) if each.applied_at is None]
    if pending:
        told = f"{len(pending)} migrations are not applied, {pending[0]} first"
        yield Finding("migrations", told, "note", APPLY, partial(_migrate, database))
    else:
        yield Finding("migrations", "the schema is up to date")


def _pgvector(connection: psycopg.Connection) -> Finding:
    row = connection.execute(PGVECTOR).fetchone()
    there = row and (row[1] or row[0])
    wanted = ".".join(map(str, OLDEST_PGVECTOR))
    if there and tuple(map(int, there.split("."))) >= OLDEST_PGVECTOR:
        return Finding("pgvector", there)
    return Finding(
        "pgvector", f"version {there or 'none'} came, {wanted} is expected", "wrong", "install it on the server"
    )


def _migrate(database: DatabaseResource) -> str:
    with database.connect() as connection:
        return f"applied {', '.join(migrate(connection))}"


def look_at_dagster(settings: Settings) -> Iterator[Finding]:
    """Whether schedules have a daemon, and whether runs that count as under way are."""
    if url := os.environ.get(RECORDS_VARIABLE):
        connect_to(url, RECORDS_VARIABLE).close()
    home = dagster_home(settings.store)
    if not (home / "dagster.yaml").exists():
        yield Finding("dagster", f"{home} holds no records yet", "note", "the first run writes them")
        return
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield _daemon(instance)
        under_way = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
        stuck = [finding for run in under_way if (finding := _stuck(instance, run))]
        yield Finding("runs", f"{len(under_way) - len(stuck):,} are under way or waiting")
        yield from stuck


def _daemon(instance: dg.DagsterInstance) -> Finding:
    healthy = any(status.healthy for status in instance.get_daemon_statuses(DAEMONS).values())
    asked = {InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE}
    switched_on = [state.name for state in instance.all_instigator_state(instigator_statuses=asked)]
    on = f"switched on: {', '.join(switched_on) or 'nothing'}"
    if healthy:
        return Finding("daemon", f"it is at work, {on}")
    if switched_on:
        return Finding("daemon", f"it is not at work, {on}", "wrong", "start `dedup-assets ui`")
    return Finding("daemon", f"it is not at work, {on}", "note", "schedules need `dedup-assets ui`")


def _stuck(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Finding | None:
    """A run whose process is gone, or not known, if it is; one that waits for its turn has none yet."""
    if run.status in WAITING:
        return None
    told = f"run {run.run_id[:8]} counts as {run.status.value.lower()}, and its process is"
    match instance.run_launcher.check_run_worker_health(run).status:
        case WorkerStatus.RUNNING:
            return None
        case WorkerStatus.NOT_FOUND:
            remedy = "the daemon fails it within minutes, `--repair` at once; nothing of its work is lost"
            return Finding("runs", f"{told} gone", "wrong", remedy, partial(_fail, run.run_id))
    return Finding("runs", f"{told} not known", "note", "if it does not go on, end it on its page in `dedup-assets ui`")


def _fail(run_id: str) -> str:
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_failed(run, "Its process is not there any more.")
    return f"run {run_id[:8]} is noted as failed"


def look_at_folders(_: Settings) -> Iterator[Finding]:
    """Data of embedded servers whose store was deleted."""
    if gone := [folder for folder in server_folders() if folder.state == GONE]:
        size = sum(folder.size_bytes for folder in gone)
        told = f"{len(gone):,} of deleted stores hold {size / 1e6:,.0f} MB, first {visible(gone[0].store)}"
        remedy = "`dedup-assets embedded-servers --remove` removes them"
        yield Finding("folders", told, "note", remedy, partial(_remove, gone))
    else:
        yield Finding("folders", "no data of a deleted store are left")


def _remove(folders: Sequence[ServerFolder]) -> str:
    removed = sum(remove_folder(folder.path) for folder in folders)
    return f"{removed:,} of {len(folders):,} folders were removed"
