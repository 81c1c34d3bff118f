"""Two runs at once on one store, each a process of its own, over prefixes whose images match each other.

The first begins before the second prefix is there. It is held at a moment, while the second run goes on as far as it can; then
it goes on itself, with whatever the other has left.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from dedup_assets.automation.running import dagster_home
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.line import Line
from dedup_assets_tests.pipeline.test_killed import PATIENCE_S, reaches

HELD_S = 30
"""So long the first run is held at most: it may hold a lock of the database that the second one waits for."""

FILES = small_collection()
FIRST = tuple(each for each in FILES if each.prefix == "scrape")
SECOND = tuple(each for each in FILES if each.prefix != "scrape")


class Run:
    """A `dedup-assets run` in a group of processes of its own."""

    def __init__(self, line: Line) -> None:
        command = [
            sys.executable,
            "-m",
            "dedup_assets.cli",
            "run",
            line.source,
            "--store",
            line.store,
            "--workers",
            "1",
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """All its processes stand still meanwhile."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        yield
        os.killpg(self.process.pid, signal.SIGCONT)

    def text(self) -> str:
        """What it says when it ends, which it does well."""
        out, errors = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, errors
        return out


def embedded(text: str) -> int:
    """How many images a run says that it embedded."""
    found = re.search(r"embedded (\d+) image|(\d+) images embedded", text)
    assert found, text
    return int(found[1] or found[2])


def embedded_by_runs() -> list[int]:
    """How many images each run embedded by Dagster's records, the first run first."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    with dg.DagsterInstance.get() as records:
        runs = sorted(records.get_run_records(), key=lambda each: each.create_timestamp)
        logs = [records.all_logs(run.dagster_run.run_id, kind) for run in runs]
    made = [[log.asset_materialization for log in each] for each in logs]
    counts = [[each.metadata.get("embedded_images") for each in run if each] for run in made]
    return [sum(int(str(each.value)) for each in run if each) for run in counts]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    write_collection(folder / "photos", FILES)
    line = Line(str(folder / "photos"), str(folder / "store"))
    line.run()
    return left(line)


def left(line: Line) -> tuple[str, str]:
    """The report and its page, which names the source."""
    outcome = line.outcome()
    return outcome.csv.decode(), outcome.page.decode().replace(line.source, "source")


@pytest.mark.parametrize(
    ("table", "count"),
    [
        pytest.param("image_manifest", 1, marks=pytest.mark.more),
        ("image_features", 1),
        pytest.param("wavelet_groups", 1, marks=pytest.mark.more),
        pytest.param("verified_groups", 1, marks=pytest.mark.more),
        ("representatives", 1),
        pytest.param("embeddings", 1, marks=pytest.mark.more),
        pytest.param("dedup_report", 1, marks=pytest.mark.more),
    ],
)
def test_two_runs_at_once_find_what_one_finds_and_each_tells_its_own_work(
    tmp_path: Path, undisturbed: tuple[str, str], monkeypatch: pytest.MonkeyPatch, table: str, count: int
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(dagster_home(str(tmp_path / "store"))))
    line, store = Line(str(tmp_path / "photos"), str(tmp_path / "store")), tmp_path / "store"
    write_collection(tmp_path / "photos", FIRST)
    first = Run(line)
    wait_for_moment(first, store, table, count)
    with first.held():
        write_collection(tmp_path / "photos", SECOND)
        second = Run(line)
        with contextlib.suppress(subprocess.TimeoutExpired):
            second.process.wait(HELD_S)
    texts = [first.text(), second.text()]
    assert [embedded(text) for text in texts] == embedded_by_runs()
    assert left(line) == undisturbed


def wait_for_moment(run: Run, store: Path, table: str, count: int) -> None:
    """Wait until a table has so many files."""
    reached = partial(reaches, store, table, count)
    give_up_at = time.monotonic() + PATIENCE_S
    while not reached():
        assert run.process.poll() is None, run.text()
        assert time.monotonic() < give_up_at
        time.sleep(0.005)
