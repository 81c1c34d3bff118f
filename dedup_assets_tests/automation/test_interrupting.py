import signal
import time
from collections.abc import Callable

import dagster as dg
import pytest

from dedup_assets.automation.interrupting import interruptible


class InterruptedAtItsEnd:
    """An object that is finalized in the very moment of a Ctrl-C."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def work_interrupted_by(interrupt: Callable[[], object]) -> None:
    """Two seconds of work, in which an interrupt has time to arrive."""
    with interruptible():
        interrupt()
        for _ in range(200):
            time.sleep(0.01)


def interrupt_of_dagster() -> None:
    raise dg.DagsterExecutionInterruptedError


def test_an_interrupt_comes_out_as_it_is() -> None:
    with pytest.raises(KeyboardInterrupt):
        work_interrupted_by(lambda: signal.raise_signal(signal.SIGINT))


def test_the_interrupt_of_dagster_comes_out_as_a_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        work_interrupted_by(interrupt_of_dagster)


def test_an_interrupt_that_python_drops_is_sent_again() -> None:
    with pytest.raises(KeyboardInterrupt):
        work_interrupted_by(InterruptedAtItsEnd)
