import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dedup_assets.stages.workers.processes import PROCESS_MEMORY_BYTES, ProcessLostError, WorkerProcesses
from dedup_assets_tests.spawned import spawned_processes


@pytest.fixture
def processes() -> Iterator[WorkerProcesses]:
    processes = WorkerProcesses(2)
    yield processes
    processes.stop()
    assert spawned_processes() == []


def test_none_is_started_before_it_is_needed(processes: WorkerProcesses) -> None:
    assert spawned_processes() == []
    assert processes.schedule(_add, (1, 2)).result() == 3
    assert len(spawned_processes()) == 1


def test_no_more_are_started_than_were_asked_for(processes: WorkerProcesses) -> None:
    results = [processes.schedule(_add, (number, 1)) for number in range(50)]
    assert [result.result() for result in results] == list(range(1, 51))
    assert len(spawned_processes()) == 2


def test_a_task_that_ends_its_process_fails_alone(processes: WorkerProcesses) -> None:
    doomed, others = processes.schedule(_die, ()), [processes.schedule(_add, (number, 1)) for number in range(9)]
    with pytest.raises(ProcessLostError, match=f"-{signal.SIGABRT:d}") as error:
        doomed.result()
    assert error.value.by_task
    assert [other.result() for other in others] == list(range(1, 10))


def test_what_was_lost_is_replaced_whatever_it_was_at(processes: WorkerProcesses) -> None:
    chance, answers, lost = random.Random(5), 0, 0
    for _ in range(12):
        results = [processes.schedule(_make, (3_000_000,)) for _ in range(8)]
        time.sleep(chance.uniform(0, 0.05))
        for process in spawned_processes()[:1]:
            process.kill()
        for result in results:
            try:
                answers += len(result.result()) == 3_000_000
            except ProcessLostError as error:
                lost += not error.by_task
    assert answers + lost == 96
    assert answers > 48


def test_work_of_a_process_that_is_killed_for_memory_is_done_again_and_that_is_told(
    processes: WorkerProcesses, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = tmp_path / "begun"
    result = processes.schedule(_wait_the_first_time, (begun,))
    while not begun.exists():
        time.sleep(0.01)
    (process,) = spawned_processes()
    process.kill()
    assert result.result() == "done"
    (told,) = caplog.messages
    assert told == (
        "A process at work ended at its task: -9. Its work is done again. Probably memory was short, and the system killed it: "
        "give the run more, or fewer --workers."
    )


def test_an_error_comes_back_as_it_is_and_says_where_it_was(processes: WorkerProcesses) -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero") as error:
        processes.schedule(_divide, (1, 0)).result()
    assert "_divide" in error.value.__notes__[0]
    assert processes.schedule(_divide, (1, 1)).result() == 1


def test_a_task_that_takes_too_long_is_ended_and_the_time_to_start_is_not_its_own(processes: WorkerProcesses) -> None:
    assert processes.schedule(_add, (1, 2), 0.3).result() == 3
    with pytest.raises(TimeoutError):
        processes.schedule(time.sleep, (60,), 0.3).result()
    assert processes.schedule(_add, (1, 2), 0.3).result() == 3


def test_stopping_does_not_wait_for_what_is_begun(processes: WorkerProcesses) -> None:
    processes.schedule(_add, (1, 2)).result()
    tasks, began = [processes.schedule(time.sleep, (60,)) for _ in range(4)], time.monotonic()
    processes.stop()
    assert time.monotonic() - began < 10
    assert all(task.done() for task in tasks)


def test_more_memory_than_a_picture_may_take_is_refused(processes: WorkerProcesses) -> None:
    with pytest.raises(MemoryError):
        processes.schedule(_take, (PROCESS_MEMORY_BYTES * 9 // 8,)).result()
    assert processes.schedule(_take, (PROCESS_MEMORY_BYTES // 4,)).result() == PROCESS_MEMORY_BYTES // 4


def _add(one: int, other: int) -> int:
    return one + other


def _wait_the_first_time(begun: Path) -> str:
    if not begun.exists():
        begun.touch()
        time.sleep(600)
    return "done"


def _die() -> None:
    os.abort()


def _take(size_bytes: int) -> int:
    return len(np.empty(size_bytes, np.uint8))


def _divide(one: int, other: int) -> float:
    return one / other


def _make(size_bytes: int) -> bytes:
    return bytes(size_bytes)
