"""Each process is killed at several moments: what is seen, and how long it takes until a run is good again.

The rows of the table in docs/OPERATIONS.md are written anew, each as it has ended as it should.
"""

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from dedup_assets.resources.database.embedded.data import server_processes
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.line import Line
from dedup_assets_tests.pipeline.servers import serving
from dedup_assets_tests.pipeline.test_database import own_server  # noqa: F401
from dedup_assets_tests.pipeline.test_killed import PATIENCE_S
from dedup_assets_tests.pipeline.test_two_runs import Run, left, wait_for_moment

DOCUMENT = Path(__file__).parents[2] / "docs" / "OPERATIONS.md"
BEGIN, END = "<!-- crash matrix -->", "<!-- end of the crash matrix -->"
AWAY_S = 2

RUN_KILLED = ("image_features", "verified_groups", "embeddings", "dedup_report")
SERVER_KILLED = ("image_features", "embeddings")
SERVICES = {"web server": "dedup_assets.serving.guarded_webserver", "daemon": "dagster._daemon"}

pytestmark = [pytest.mark.more, pytest.mark.timeout(300)]


class Crash(NamedTuple):
    """One row of the table."""

    process: str
    moment: str
    seen: str
    good_again: str


def note(crash: Crash) -> None:
    """Write a row in place of the one about the same process and moment, or after all others."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {tuple(row.split(" | ")[:2]): row for row in table.strip().splitlines()[2:]}
    rows[f"| {crash.process}", crash.moment] = f"| {' | '.join(crash)} |"
    head = [f"{before}{BEGIN}", "| killed | when | what is seen | good again |", "|---|---|---|---|"]
    DOCUMENT.write_text("\n".join([*head, *rows.values(), f"{END}{after}"]), encoding="utf-8")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    line = line_in(tmp_path_factory.mktemp("undisturbed"))
    line.run()
    return left(line)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return line_in(tmp_path)


def line_in(folder: Path) -> Line:
    write_collection(folder / "photos", small_collection())
    return Line(str(folder / "photos"), str(folder / "store"))


def seconds_since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


@pytest.mark.parametrize("table", RUN_KILLED)
def test_a_run(line: Line, undisturbed: tuple[str, str], table: str) -> None:
    run = Run(line)
    wait_for_moment(run, Path(line.store), table, 1)
    run.process.kill()
    _, errors = run.process.communicate(timeout=PATIENCE_S)
    assert run.process.returncode == -signal.SIGKILL
    assert "Traceback" not in errors
    began = time.monotonic()
    Run(line).text()
    assert left(line) == undisturbed
    told = f"after the next run, of {seconds_since(began)}"
    note(Crash("run", f"as `{table}` has its first rows", "killed, nothing is said", told))


@pytest.mark.parametrize(
    ("after", "moment"), [("image_manifest", "images are read"), ("wavelet_groups", "pairs are verified")]
)
def test_a_worker(line: Line, undisturbed: tuple[str, str], after: str, moment: str) -> None:
    run = Run(line)
    wait_for_moment(run, Path(line.store), after, 3)
    while not (workers := workers_of(run)):
        assert run.process.poll() is None
        time.sleep(0.01)
    workers[-1].kill()
    began = time.monotonic()
    run.text()
    assert left(line) == undisturbed
    seen = "the run goes on, and computes its slice again"
    note(Crash("worker", f"while {moment}", seen, f"as that run ends, {seconds_since(began)} later"))


def workers_of(run: Run) -> list[psutil.Process]:
    """The processes that were forked from the one that has loaded everything."""
    ours = psutil.Process(run.process.pid)
    return [child for direct in ours.children() for child in direct.children()]


@pytest.mark.parametrize("table", SERVER_KILLED)
def test_postgresql(
    line: Line,
    undisturbed: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    own_server: EmbeddedPostgres,  # noqa: F811
    table: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@/postgres?host={own_server.socket_directory}")
    run = Run(line)
    wait_for_moment(run, Path(line.store), table, 1)
    for pid in server_processes(own_server.data):
        os.kill(pid, signal.SIGKILL)
    time.sleep(AWAY_S)
    EmbeddedPostgres.start(own_server.directory)
    began = time.monotonic()
    run.text()
    assert left(line) == undisturbed
    seen = "the run says so where it needs it, asks again, and goes on"
    told = f"as that run ends, {seconds_since(began)} after the server is back"
    note(Crash("PostgreSQL", f"as `{table}` has its first rows, for {AWAY_S} s", seen, told))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_the_ui(line: Line, undisturbed: tuple[str, str], name: str) -> None:
    line.run()
    store, source = Path(line.store), Path(line.source)
    with serving(store, source, os.environ) as ui:
        (service,) = (each for each in psutil.Process(ui.process.pid).children() if SERVICES[name] in each.cmdline())
        service.kill()
        began = time.monotonic()
        assert ui.process.wait(60) == 1
        seen = f"the UI ends with code 1 and a sentence after {seconds_since(began)}"
        assert "has ended by itself" in (store.parent / "ui.log").read_text()
    began = time.monotonic()
    with serving(store, source, os.environ):
        told = f"as the UI is started again, in {seconds_since(began)}"
        line.run()
    assert left(line) == undisturbed
    note(Crash(name, "while nothing runs", seen, told))
