import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dedup_assets.automation.running import prepare_home
from dedup_assets.errors import DatabaseAccessError
from dedup_assets.health.services import look_at_dagster, look_at_database
from dedup_assets.instance.local_launcher import process_tags
from dedup_assets.settings import Settings


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def idle() -> None:
    """Has one op."""
    nothing()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A store with Dagster's records; what that sets in the environment is taken back."""
    before = dict(os.environ)
    made = Settings(source=str(tmp_path), store=str(tmp_path / "store"))
    prepare_home(made)
    yield made
    os.environ.clear()
    os.environ.update(before)


def begin(pid: int | None = None) -> str:
    """A run that counts as under way, of a process that lives now, or of none that is known."""
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED)
        if pid is not None:
            instance.add_run_tags(run.run_id, process_tags(run.run_id, pid))
        return run.run_id


def test_a_store_without_records_or_database_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = Settings(store=str(tmp_path / "store"))
    assert [finding.state for finding in (*look_at_dagster(settings), *look_at_database(settings))] == ["note", "note"]


def test_a_run_whose_process_is_gone_is_told_and_failed_and_others_are_left_alone(settings: Settings) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        stuck = begin(process.pid)
        process.kill()
    alive, unknown = begin(os.getpid()), begin()
    found = list(look_at_dagster(settings))
    (wrong,) = [finding for finding in found if finding.state == "wrong"]
    assert wrong.told == f"run {stuck[:8]} counts as started, and its process is gone"
    assert any(
        finding.told == f"run {unknown[:8]} counts as started, and its process is not known" for finding in found
    )
    assert "1 are under way or waiting" in {finding.told for finding in found}
    assert wrong.repair
    assert wrong.repair() == f"run {stuck[:8]} is noted as failed"
    with dg.DagsterInstance.get() as instance:
        states = [run.status for run_id in (stuck, alive, unknown) if (run := instance.get_run_by_id(run_id))]
    assert states == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTED]
    assert not [finding for finding in look_at_dagster(settings) if finding.state == "wrong"]


def test_without_a_daemon_nothing_that_is_switched_on_would_happen(settings: Settings) -> None:
    (daemon,) = [finding for finding in look_at_dagster(settings) if finding.subject == "daemon"]
    assert (daemon.state, daemon.told) == ("note", "it is not at work, switched on: nothing")


def test_a_database_of_records_that_cannot_be_used_is_one_sentence(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    os.environ["DAGSTER_DATABASE_URL"] = "postgresql://me:hunter2@127.0.0.1:9/records"
    with pytest.raises(DatabaseAccessError, match=r"DAGSTER_DATABASE_URL.*: nothing listens there"):
        list(look_at_dagster(settings))
    assert caplog.messages == []


def test_a_database_that_cannot_be_reached_raises_its_sentence(settings: Settings) -> None:
    os.environ["DATABASE_URL"] = "postgresql://me:hunter2@127.0.0.1:9/dedup"
    with pytest.raises(DatabaseAccessError, match="nothing listens there"):
        list(look_at_database(settings))
