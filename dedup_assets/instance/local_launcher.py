"""A run launcher for one machine whose runs can be asked whether they still live.

Belongs here: starting a run as a process of its own and telling whether it is there. Does not belong here: what runs do.

Dagster's default launcher has no health check: when the machine or the code server dies, its runs stay "started" for
ever and hold a place in the queue. Here a run is known by its process id and start time, which no later process shares.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Any, Self

import psutil
from dagster import DagsterInstance, DagsterRun
from dagster._config import UserConfigSchema
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import ConfigurableClass, ConfigurableClassData

PID_TAG, STARTED_TAG = "dedup_assets/pid", "dedup_assets/process_started"


class LocalProcessRunLauncher(RunLauncher[DagsterInstance], ConfigurableClass):
    """Starts each run as a process that outlives the web server and the code server."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._children: dict[str, subprocess.Popen[bytes]] = {}
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
        self._children = {run_id: other for run_id, other in self._children.items() if other.poll() is None}
        self._children[run.run_id] = child
        started = psutil.Process(child.pid).create_time()
        self._instance.add_run_tags(run.run_id, {PID_TAG: str(child.pid), STARTED_TAG: repr(started)})

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process; False where it is gone already."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or not self._is_alive(run):
            return False
        self._instance.report_run_canceling(run)
        os.kill(int(run.tags[PID_TAG]), signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: this is what the class is for."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the process lives; its absence makes Dagster's monitor fail or retry the run."""
        if PID_TAG not in run.tags:
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "The run has not been given a process yet.")
        if self._is_alive(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"Process {run.tags[PID_TAG]} of this run is gone.")

    def _is_alive(self, run: DagsterRun) -> bool:
        if child := self._children.get(run.run_id):
            child.poll()
        try:
            process = psutil.Process(int(run.tags[PID_TAG]))
            return repr(process.create_time()) == run.tags[STARTED_TAG] and process.status() != psutil.STATUS_ZOMBIE
        except (KeyError, psutil.NoSuchProcess):
            return False
