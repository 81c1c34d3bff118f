"""Runs started for real through an instance of the project's own `dagster.yaml`, and asked whether they still live."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.launcher.base import LaunchRunContext, WorkerStatus

from dedup_assets.instance.local_launcher import PROCESS_TAG, LocalProcessRunLauncher, fail_unstarted_runs, process_tags
from dedup_assets_tests.instance import launched_jobs

PROJECT = Path(__file__).parents[2]
TIMEOUT_S = 120


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "mark"


def launch(instance: dg.DagsterInstance, job: dg.JobDefinition) -> dg.DagsterRun:
    """Start a run of a job of `launched_jobs` and return it with the tags that the launcher gave it."""
    origin = dg.reconstructable(getattr(launched_jobs, job.name)).get_python_origin()
    run = instance.create_run_for_job(job, job_code_origin=origin)
    instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
    return run_of(instance, run.run_id)


def pid_of(run: dg.DagsterRun) -> int:
    return int(run.tags[PROCESS_TAG].split()[0])


def run_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(run).status


def wait_until(condition: Callable[[], Any]) -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.05)


def test_the_instance_of_the_project_launches_with_this_launcher(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_launcher, LocalProcessRunLauncher)
    assert instance.run_launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled


def test_a_run_ends_well_in_a_process_of_its_own(instance: dg.DagsterInstance, mark: Path) -> None:
    run = launch(instance, launched_jobs.short_job)
    wait_until(lambda: run_of(instance, run.run_id).is_finished)
    assert run_of(instance, run.run_id).status == dg.DagsterRunStatus.SUCCESS
    assert int(mark.read_text()) == pid_of(run) != os.getpid()
    wait_until(lambda: health(instance, run) == WorkerStatus.NOT_FOUND)


def test_a_run_lives_until_it_is_killed_and_then_its_process_is_not_found(
    instance: dg.DagsterInstance, mark: Path
) -> None:
    run = launch(instance, launched_jobs.endless_job)
    wait_until(mark.exists)
    assert health(instance, run) == WorkerStatus.RUNNING
    elsewhere = LocalProcessRunLauncher()  # as the daemon has it: not the parent of the run's process
    assert elsewhere.check_run_worker_health(run).status == WorkerStatus.RUNNING
    os.kill(pid_of(run), signal.SIGKILL)
    wait_until(lambda: elsewhere.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND)
    assert health(instance, run) == WorkerStatus.NOT_FOUND
    told = instance.run_launcher.check_run_worker_health(run).msg
    assert told == f"Process {pid_of(run)} of this run is gone."
    assert run_of(instance, run.run_id).status == dg.DagsterRunStatus.STARTED
    assert not instance.run_launcher.terminate(run.run_id)


def test_a_run_can_be_interrupted(instance: dg.DagsterInstance, mark: Path) -> None:
    run = launch(instance, launched_jobs.endless_job)
    wait_until(mark.exists)
    assert instance.run_launcher.terminate(run.run_id)
    wait_until(lambda: run_of(instance, run.run_id).is_finished)
    assert run_of(instance, run.run_id).status == dg.DagsterRunStatus.CANCELED
    wait_until(lambda: health(instance, run) == WorkerStatus.NOT_FOUND)


def test_a_process_that_has_ended_leaves_nothing_behind(instance: dg.DagsterInstance) -> None:
    run = launch(instance, launched_jobs.short_job)
    wait_until(lambda: not psutil.pid_exists(pid_of(run)))
    assert run_of(instance, run.run_id).status == dg.DagsterRunStatus.SUCCESS


def test_a_run_whose_process_is_gone_before_its_start_is_failed_at_once(
    instance: dg.DagsterInstance, mark: Path
) -> None:
    run = launch(instance, launched_jobs.endless_job)
    os.kill(pid_of(run), signal.SIGKILL)
    wait_until(lambda: run_of(instance, run.run_id).status == dg.DagsterRunStatus.FAILURE)
    assert not mark.exists()


def test_a_run_that_is_about_to_start_or_has_no_process_yet_is_left_alone(
    instance: dg.DagsterInstance, mark: Path
) -> None:
    waiting = instance.create_run_for_job(launched_jobs.short_job)
    run = launch(instance, launched_jobs.endless_job)
    fail_unstarted_runs(instance)
    assert run_of(instance, waiting.run_id).status == run_of(instance, run.run_id).status
    wait_until(mark.exists)
    assert instance.run_launcher.terminate(run.run_id)
    wait_until(lambda: health(instance, run) == WorkerStatus.NOT_FOUND)


def run_with(tags: dict[str, str]) -> dg.DagsterRun:
    return dg.DagsterRun("job", run_id="one", tags=tags)


def test_a_run_without_a_process_yet_is_not_said_to_be_lost() -> None:
    launcher = LocalProcessRunLauncher()
    assert launcher.check_run_worker_health(run_with({})).status == WorkerStatus.UNKNOWN
    of_the_first_try = run_with(process_tags("another", os.getpid()))
    assert launcher.check_run_worker_health(of_the_first_try).status == WorkerStatus.UNKNOWN


@pytest.mark.parametrize("seconds", [-1, 1])
def test_a_later_process_with_the_same_number_is_not_taken_for_the_run(seconds: int) -> None:
    ours = psutil.Process()
    launcher = LocalProcessRunLauncher()
    other = {PROCESS_TAG: f"{ours.pid} {ours.create_time() + seconds!r} one"}
    assert launcher.check_run_worker_health(run_with(process_tags("one", ours.pid))).status == WorkerStatus.RUNNING
    assert launcher.check_run_worker_health(run_with(other)).status == WorkerStatus.NOT_FOUND
