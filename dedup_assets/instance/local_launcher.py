"""A run launcher for one machine whose runs can be asked whether they still live.

Belongs here: starting a run as a process of its own and telling whether it is there. Does not belong here: what runs do.

Dagster's default launcher has no health check: when the machine or the code server dies, its runs stay "started" for
ever and hold a place in the queue. Here a run is known by its process id and start time, which no later process shares,
and by its own id, as a run that is tried again begins with the tags of the first.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from threading import Lock, Thread
from typing import Any, Self

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._config import UserConfigSchema
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData

PROCESS_TAG = "process"
BEFORE_ITS_START = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING]


class LocalProcessRunLauncher(RunLauncher[DagsterInstance], ConfigurableClass):
    """Starts each run as a process that outlives the web server and the code server."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._asking, self._ended = Lock(), False
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """How the instance refers to this class."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No configuration."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Called by Dagster with the entry in `dagster.yaml`."""
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run and note its process on the run's tags."""
        run, origin = context.dagster_run, context.job_code_origin
        assert origin is not None
        arguments = list(ExecuteRunArgs(origin, run.run_id, self._instance.get_ref()).get_command_args())
        program = [origin.executable_path, "-m", "dagster"]  # found also where no environment is activated
        child = subprocess.Popen(
            [*program, *arguments[arguments.index("api") :]], start_new_session=True, stdin=subprocess.DEVNULL
        )
        self._instance.add_run_tags(run.run_id, process_tags(run.run_id, child.pid))
        Thread(target=self._await, args=(child, run.run_id), daemon=True, name=f"run {run.run_id}").start()

    def dispose(self) -> None:
        """Look after no run any more: the instance ends."""
        with self._asking:
            self._ended = True

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process; False where it is gone already."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or not _is_alive(run):
            return False
        self._instance.report_run_canceling(run)
        os.kill(_process_of(run)[0], signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: this is what the class is for."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the process lives; its absence makes Dagster's monitor fail or retry the run."""
        if not _process_of(run):
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "The run has not been given a process yet.")
        if _is_alive(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"Process {_process_of(run)[0]} of this run is gone.")

    def _await(self, child: "subprocess.Popen[bytes]", run_id: str) -> None:
        child.wait()
        with self._asking:
            if not self._ended:
                fail_unstarted_runs(self._instance, run_id)


def fail_unstarted_runs(instance: DagsterInstance, *run_ids: str) -> None:
    """Fail the runs, of these or of all, whose process is gone before it reported its start: Dagster waits for minutes."""
    for run in instance.get_runs(RunsFilter(run_ids=run_ids or None, statuses=BEFORE_ITS_START)):
        health = instance.run_launcher.check_run_worker_health(run)
        if health.status == WorkerStatus.NOT_FOUND:
            instance.report_run_failed(run, health.msg)


def process_tags(run_id: str, pid: int) -> dict[str, str]:
    """The tags by which the process of a run is found."""
    return {PROCESS_TAG: f"{pid} {psutil.Process(pid).create_time()!r} {run_id}"}


def _process_of(run: DagsterRun) -> Any:
    pid, started, run_id = run.tags.get(PROCESS_TAG, "0 0 0").split()
    return (int(pid), started) if run_id == run.run_id else ()


def _is_alive(run: DagsterRun) -> bool:
    try:
        pid, started = _process_of(run)
        process = psutil.Process(pid)
        return repr(process.create_time()) == started and process.status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.NoSuchProcess):
        return False
