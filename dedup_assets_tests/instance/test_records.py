"""Two simulated years of nights: what Dagster's records hold then, what they still say, and what that takes."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sql
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_graphql.schema import create_schema

from dedup_assets.instance.records import forget_runs
from dedup_assets_tests.instance.yearly_assets import DAYS, defs, grouped, listed, nothing_is_lost

BEGIN = datetime(2030, 1, 1, 2, tzinfo=UTC)
KEPT = timedelta(days=90)
A_NIGHT_IN = timedelta(days=30)
NIGHTS = 24
QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SHOWN = """{
  assetNodes {
    assetKey { path }
    partitionStats { numMaterialized numPartitions numFailed }
    latestMaterializationByPartition(partitions: ["quiet"]) { runId }
    assetChecksOrError { ... on AssetChecks { checks { executionForLatestMaterialization { status runId } } } }
  }
}"""


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    if request.param == "postgresql":
        server = request.getfixturevalue("server")
        monkeypatch.setenv("DAGSTER_DATABASE_URL", f"postgresql://postgres@/postgres?host={server.socket_directory}")
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(str(DAYS.name), ["quiet", "busy"])
        yield instance


def run_at(instance: dg.DagsterInstance, when: datetime, partition: str) -> str:
    """A run of both assets and the check, that is noted as of then."""
    parts = [listed, grouped, nothing_is_lost]
    run_id = dg.materialize(parts, instance=instance, partition_key=partition, run_config=QUIET).run_id
    with _runs(instance) as connection:
        connection.execute(
            sql.update(RunsTable).where(RunsTable.c.run_id == run_id).values(create_timestamp=when.replace(tzinfo=None))
        )
    return run_id


def _runs(instance: dg.DagsterInstance) -> AbstractContextManager[sql.Connection]:
    storage = instance.run_storage
    assert isinstance(storage, SqlRunStorage)
    return storage.connect()


def forget_as_of(instance: dg.DagsterInstance, when: datetime, within_s: float = 60) -> int:
    return forget_runs(instance, when - KEPT, within_s)


def events_in(instance: dg.DagsterInstance) -> int:
    with _index(instance) as connection:
        return connection.execute(sql.select(sql.func.count(SqlEventLogStorageTable.c.id))).scalar_one()


def _index(instance: dg.DagsterInstance) -> AbstractContextManager[sql.Connection]:
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    return storage.index_connection()


def bytes_of(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())


def shown_in_the_ui(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    """What the UI asks for of both assets."""
    module = LoadableTargetOrigin(
        executable_path=sys.executable, module_name="dedup_assets_tests.instance.yearly_assets"
    )
    with in_process_test_workspace(instance, module) as workspace:
        answer = asyncio.run(create_schema().execute_async(SHOWN, context_value=workspace))
    assert answer.errors is None
    return list(answer.data["assetNodes"])


def test_after_two_years_of_nights_what_did_not_change_is_still_green_and_the_records_are_those_of_ninety_days(
    instance: dg.DagsterInstance, home: Path
) -> None:
    first = run_at(instance, BEGIN, "quiet")
    sizes = dict[int, tuple[int, int]]()
    for night in range(1, NIGHTS + 1):
        now = BEGIN + night * A_NIGHT_IN
        last = run_at(instance, now, "busy")
        forget_as_of(instance, now)
        sizes[night] = events_in(instance), bytes_of(home)
    (events, size), (events_a_year_before, size_a_year_before) = sizes[NIGHTS], sizes[NIGHTS // 2]
    assert events == events_a_year_before
    assert size < size_a_year_before * 1.02

    runs = set(instance.get_run_ids())
    assert len(runs) == KEPT // A_NIGHT_IN + 2
    assert {first, last} <= runs
    files = {path.stem for path in (home / "history" / "runs").glob("*.db")}
    assert files <= {*runs, "index"} - {first}
    assert {path.name for path in (home / "storage").iterdir()} == runs - {first}

    requested = dg.evaluate_automation_conditions(defs, instance)
    assert requested.total_requested == 0
    for node in shown_in_the_ui(instance):
        assert node["partitionStats"] == {"numMaterialized": 2, "numPartitions": 2, "numFailed": 0}
        assert node["latestMaterializationByPartition"] == [{"runId": first}]
        for check in node["assetChecksOrError"].get("checks", []):
            assert check["executionForLatestMaterialization"] == {"status": "SUCCEEDED", "runId": last}


def test_the_newest_result_of_a_check_stays_after_a_run_that_did_not_reach_it(instance: dg.DagsterInstance) -> None:
    passed = run_at(instance, BEGIN, "quiet")
    died = run_at(instance, BEGIN + timedelta(days=1), "quiet")
    _lose_the_end_of(instance, died)
    forget_as_of(instance, BEGIN + timedelta(days=400))
    (check,) = defs.resolve_asset_graph().asset_check_keys
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
    assert newest.run_id == passed
    assert newest.status.value == "SUCCEEDED"


def test_runs_that_are_young_or_have_not_ended_are_left_alone(instance: dg.DagsterInstance) -> None:
    young = run_at(instance, BEGIN + timedelta(days=300), "quiet")
    waiting = instance.create_run_for_job(defs.resolve_implicit_global_asset_job_def()).run_id
    before = events_in(instance)
    assert forget_runs(instance, BEGIN + timedelta(days=299), 60) == 0
    assert set(instance.get_run_ids()) == {young, waiting}
    assert events_in(instance) == before


def test_what_is_not_done_in_time_is_done_by_the_next_night_and_what_stays_is_counted_once(
    instance: dg.DagsterInstance,
) -> None:
    for day in range(4):
        run_at(instance, BEGIN + timedelta(days=day), "busy")
    later = BEGIN + timedelta(days=400)
    assert forget_as_of(instance, later, within_s=0) == 0
    assert [forget_as_of(instance, later), forget_as_of(instance, later)] == [4, 0]
    assert len(instance.get_run_ids()) == 1


def _lose_the_end_of(instance: dg.DagsterInstance, run_id: str) -> None:
    """Make it one that died before its checks: they are planned, and nothing more."""
    with _index(instance) as connection:
        connection.execute(
            sql.update(AssetCheckExecutionsTable)
            .where(AssetCheckExecutionsTable.c.run_id == run_id)
            .values(execution_status="PLANNED", evaluation_event_storage_id=None)
        )
