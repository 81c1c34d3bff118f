"""Slices in, results out: in order, boundedly ahead, whatever becomes of a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dedup_assets.stages.workers.engine import AHEAD_A_WORKER, Workers
from dedup_assets.stages.workers.processes import ProcessLostError
from dedup_assets_tests.spawned import spawned_processes

KILLED_RUN = """
from dedup_assets_tests.stages.workers.test_engine import work_for_ever
if __name__ == "__main__":
    work_for_ever()
"""


def test_results_come_in_the_order_of_the_pieces_whichever_is_done_first(workers: Workers) -> None:
    assert list(workers.map(_sleep_and_add, 100, [0.3, 0.0, 0.1, 0.0])) == [100.3, 100.0, 100.1, 100.0]
    assert list(workers.map(_sleep_and_add, 100, [])) == []


@pytest.mark.parametrize("ahead", [None, 0, 3])
def test_no_more_pieces_are_begun_than_may_lie_ahead(workers: Workers, ahead: int | None) -> None:
    begun = list[int]()

    def pieces() -> Iterator[float]:
        for number in range(20):
            begun.append(number)
            yield 0.0

    most = AHEAD_A_WORKER * workers.count if ahead is None else ahead
    for done, _ in enumerate(workers.map(_sleep_and_add, 0, pieces(), ahead), start=1):
        assert len(begun) <= done + most
    assert len(begun) == 20


def test_a_process_that_is_killed_costs_its_piece_again(workers: Workers, tmp_path: Path) -> None:
    assert list(workers.map(_end_once, (str(tmp_path), int(signal.SIGKILL)), range(6))) == list(range(6))
    assert len(list(tmp_path.iterdir())) == 6


def test_a_piece_that_ends_its_process_is_done_once_more_and_then_told(workers: Workers, tmp_path: Path) -> None:
    assert list(workers.map(_end_once, (str(tmp_path), int(signal.SIGSEGV)), range(6))) == list(range(6))
    results = workers.map(_end_always, None, [1, 2, 3])
    assert next(results) == 1
    with pytest.raises(ProcessLostError, match=f"-{signal.SIGABRT:d}"):
        next(results)


def test_who_knows_better_does_a_piece_that_ends_its_process(workers: Workers) -> None:
    assert list(workers.map(_end_always, None, [1, 2, 3], again=lambda piece, lost: -piece)) == [1, -2, 3]


def test_an_error_of_a_task_comes_in_its_place(workers: Workers) -> None:
    results = workers.map(_divide, 6, [1, 0, 2])
    assert next(results) == 6
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_process_sees_the_environment_of_now(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    list(workers.map(_divide, 6, [1]))
    monkeypatch.setenv("DEDUP_OF_NOW", "yes")
    with Workers(1) as others:
        assert list(others.map(_variable, "DEDUP_OF_NOW", [None])) == ["yes"]


def test_where_a_stage_ends_its_processes_end_whatever_they_are_at() -> None:
    began = time.monotonic()
    with Workers(2) as workers:
        assert next(workers.map(_sleep_and_add, 0, [0.0, 60, 60])) == 0
    assert spawned_processes() == []
    assert time.monotonic() - began < 50


def work_for_ever() -> None:
    """Tell of pieces that are done, until somebody ends this."""
    with Workers(2) as workers:
        for done in workers.map(_sleep_and_add, 0, (0.01 for _ in range(1_000_000))):
            print(done, flush=True)


def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(KILLED_RUN)
    run = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline()
    left = psutil.Process(run.pid).children(recursive=True)
    assert len(left) >= 3
    run.send_signal(signal.SIGKILL)
    run.communicate()
    _, alive = psutil.wait_procs(left, timeout=60)
    assert alive == []


def _sleep_and_add(order: int, piece: float) -> float:
    time.sleep(piece)
    return order + piece


def _end_once(order: tuple[str, int], piece: int) -> int:
    folder, number = order
    mark = Path(folder) / str(piece)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), number)
    return piece


def _end_always(order: None, piece: int) -> int:
    if piece == 2:
        os.abort()
    return piece


def _divide(order: int, piece: int) -> float:
    return order / piece


def _variable(order: str, piece: None) -> str | None:
    return os.environ.get(order)
