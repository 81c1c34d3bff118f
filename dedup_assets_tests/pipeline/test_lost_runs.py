"""Runs whose process, terminal or server is lost, beside the real UI with its daemon."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from dedup_assets.instance.local_launcher import PROCESS_TAG
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.line import Line
from dedup_assets_tests.pipeline.servers import Server, serving, wait_for

COMMAND = [sys.executable, "-m", "dedup_assets.cli"]
SLOW = ["--max-requests-per-s", "1"]
LOOKS_EVERY_S = 10
"""Of `dagster.yaml`: what Dagster's monitor finds, it finds within so many seconds."""

FOUND_WITHIN_S, AGAIN_WITHIN_S = 60, 120
RUNS = """{runsOrError {... on Runs {results {runId status canTerminate startTime endTime parentRunId tags {key value}}}}}"""

pytestmark = pytest.mark.timeout(600)


def pictures(first: int, count: int) -> dict[str, bytes]:
    return {f"a/{number}.jpg": jpeg(make_photograph(number, 96, 72)) for number in range(first, first + count)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source of one image, and a store that was filled from it and reads slowly from now on."""
    write_files(tmp_path / "photographs", pictures(0, 1))
    subprocess.run([*COMMAND, *run_over(tmp_path)], check=True, capture_output=True, env=environment())
    return tmp_path


@pytest.fixture
def ui(folder: Path) -> Iterator[Server]:
    with serving(folder / "store", folder / "photographs", environment()) as running:
        yield running


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("DEDUP_", "DAGSTER_"))}


def run_over(folder: Path) -> list[str]:
    return ["run", str(folder / "photographs"), "--store", str(folder / "store"), *SLOW]


def start_run(folder: Path) -> "subprocess.Popen[bytes]":
    """What it says to stderr stands in `errors` beside the store."""
    with (folder / "errors").open("wb") as errors:
        command = [*COMMAND, *run_over(folder)]
        return subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=errors)


def runs(ui: Server) -> list[dict[str, Any]]:
    """All runs, the newest first; tags as a dictionary."""
    found = ui.ask(RUNS)["runsOrError"]["results"]
    return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]


def newest(ui: Server, *statuses: str) -> dict[str, Any] | None:
    run = runs(ui)[0]
    return run if run["status"] in statuses else None


def csv_of(folder: Path) -> bytes:
    return Line(str(folder / "photographs"), str(folder / "store")).outcome().csv


def csv_undisturbed(folder: Path) -> bytes:
    return Line(str(folder / "photographs"), str(folder / "undisturbed")).run().csv


@pytest.mark.more
def test_a_run_from_the_command_line_beside_the_ui_is_known_to_live_and_ends_well(folder: Path, ui: Server) -> None:
    write_files(folder / "photographs", pictures(1, 2 * LOOKS_EVERY_S))
    process = start_run(folder)
    wait_for(lambda: newest(ui, "STARTED"))
    began, seen = time.monotonic(), set()
    while process.poll() is None:
        seen.add(runs(ui)[0]["status"])
        time.sleep(1)
    assert time.monotonic() - began > 2 * LOOKS_EVERY_S
    assert process.returncode == 0, (folder / "errors").read_text()
    assert seen <= {"STARTED", "SUCCESS"}
    assert [run["status"] for run in runs(ui)] == ["SUCCESS", "SUCCESS"]


def test_a_run_from_the_command_line_that_is_killed_is_found_and_tried_again(folder: Path, ui: Server) -> None:
    write_files(folder / "photographs", pictures(1, 20))
    process = start_run(folder)
    lost = wait_for(lambda: newest(ui, "STARTED"))
    time.sleep(3)
    process.kill()
    process.wait()
    killed = time.monotonic()
    wait_for(lambda: any(run["runId"] == lost["runId"] and run["status"] == "FAILURE" for run in runs(ui)))
    assert time.monotonic() - killed < FOUND_WITHIN_S
    again = wait_for(lambda: newest(ui, "SUCCESS"))
    assert again["parentRunId"] == lost["runId"]
    assert time.monotonic() - killed < AGAIN_WITHIN_S
    assert csv_of(folder) == csv_undisturbed(folder)
    print(f"found and done again {time.monotonic() - killed:.0f} s")


@pytest.mark.more
def test_a_run_that_fails_at_the_command_line_or_is_interrupted_there_is_not_tried_again(
    folder: Path, ui: Server
) -> None:
    write_files(folder / "photographs", pictures(1, 20))
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = start_run(folder)
        wait_for(lambda: newest(ui, "STARTED"))
        time.sleep(1)
        process.send_signal(how)
        code, errors = process.wait(60), (folder / "errors").read_text()
        assert code == 130, errors
        assert "to go on:" in errors
        assert "Traceback" not in errors
    time.sleep(2 * LOOKS_EVERY_S)
    assert [run["status"] for run in runs(ui)] == ["FAILURE"] * 3 + ["SUCCESS"]


def materialize_everything(ui: Server) -> str:
    launched = ui.ask(
        """mutation ($p: ExecutionParams!) {launchRun(executionParams: $p) {... on LaunchRunSuccess {run {runId}}}}""",
        p={
            "selector": {
                "repositoryLocationName": "dedup_assets",
                "repositoryName": "__repository__",
                "jobName": "nightly_deduplication",
            },
            "mode": "default",
            "executionMetadata": {"tags": [{"key": "dagster/asset_partition_range_start", "value": "a"},
                                           {"key": "dagster/asset_partition_range_end", "value": "a"}]},
        },
    )  # fmt: skip
    return str(launched["launchRun"]["run"]["runId"])


def kill_at_its_start(ui: Server, run_id: str) -> float:
    """Kill the process of a run as soon as it has one; returns when."""

    def process() -> int:
        (run,) = (run for run in runs(ui) if run["runId"] == run_id)
        assert run["status"] in ("QUEUED", "STARTING", "NOT_STARTED"), run["status"]
        return int(run["tags"].get(PROCESS_TAG, "0").split()[0])

    give_up_at = time.monotonic() + 60
    while not (pid := process()):
        assert time.monotonic() < give_up_at
    os.kill(pid, signal.SIGKILL)
    return time.monotonic()


@pytest.mark.more
def test_a_run_that_is_killed_before_it_reports_its_start_is_found_and_tried_again(folder: Path, ui: Server) -> None:
    lost = materialize_everything(ui)
    killed = kill_at_its_start(ui, lost)
    again = wait_for(lambda: newest(ui, "SUCCESS") if len(runs(ui)) == 3 else None)
    assert again["parentRunId"] == lost
    assert time.monotonic() - killed < AGAIN_WITHIN_S
    (found,) = (run for run in runs(ui) if run["runId"] == lost)
    assert found["status"] == "FAILURE"
    print(f"found {found['endTime'] - time.time() + time.monotonic() - killed:.1f} s after it was killed")


def test_what_was_killed_with_the_whole_machine_is_found_by_the_ui_that_is_started_next(folder: Path) -> None:
    with serving(folder / "store", folder / "photographs", environment()) as ui:
        lost = materialize_everything(ui)
        services = psutil.Process(ui.process.pid).children(recursive=True)
        kill_everything_at_the_start(ui, lost, [ui.process.pid, *(each.pid for each in services)])
    began = time.monotonic()
    with serving(folder / "store", folder / "photographs", environment()) as ui:
        again = wait_for(lambda: newest(ui, "SUCCESS") if len(runs(ui)) == 3 else None)
    assert again["parentRunId"] == lost
    assert time.monotonic() - began < AGAIN_WITHIN_S


def kill_everything_at_the_start(ui: Server, run_id: str, services: list[int]) -> None:
    """Kill the run that has just begun and all services of the UI."""
    for pid in services:
        os.kill(pid, signal.SIGSTOP) if pid == ui.process.pid else None
    kill_at_its_start(ui, run_id)
    for pid in services:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.more
@pytest.mark.parametrize("service", ["dedup_assets.serving.guarded_webserver", "dagster._daemon"])
def test_the_ui_ends_with_an_error_where_one_of_its_services_is_killed(folder: Path, ui: Server, service: str) -> None:
    (process,) = (
        each for each in psutil.Process(ui.process.pid).children() if service in each.cmdline() and each.is_running()
    )
    process.kill()
    assert ui.process.wait(60) == 1
    told = (folder / "ui.log").read_text().splitlines()
    assert told[-1] == "Error: A service of the Dagster UI has ended by itself, as is told above: start it again."


@pytest.mark.more
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_ui_ends_well_where_it_is_asked_to(ui: Server, how: signal.Signals) -> None:
    ui.process.send_signal(how)
    assert ui.process.wait(60) == 0
