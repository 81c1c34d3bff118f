"""Ctrl-C that ends a run for certain, and SIGTERM and SIGHUP that do the same.

Belongs here: what Python and Dagster do to an interrupt on its way. Does not belong here: what a person is told (`commands/`).
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import dagster as dg

INTERRUPTS = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)
SENT_AGAIN_AFTER_S = 0.05


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Let every interrupt come out as KeyboardInterrupt; yields the list of those that came, while Dagster hears none.

    Dagster raises an exception of its own while a stage runs. One that is raised while Python finalizes an object is
    dropped ("Exception ignored in ..."), and the run would go on to its end: it is sent once more. SIGHUP stays ignored
    where it was (`nohup`).
    """
    came: list[int] = []
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    handlers = {number: signal.signal(number, _send_on) for number in heard}
    handlers[signal.SIGINT] = signal.signal(signal.SIGINT, partial(_interrupt, came))
    before, sys.unraisablehook = sys.unraisablehook, partial(_send_again, sys.unraisablehook)
    try:
        yield came
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    finally:
        sys.unraisablehook = before
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _interrupt(came: list[int], number: int, _: object) -> None:
    came.append(number)
    raise KeyboardInterrupt


def _send_on(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)  # which Dagster handles in its own way, too


def _send_again(otherwise: Callable[["sys.UnraisableHookArgs"], object], dropped: "sys.UnraisableHookArgs") -> None:
    if issubclass(dropped.exc_type, INTERRUPTS):
        threading.Timer(SENT_AGAIN_AFTER_S, signal.raise_signal, [signal.SIGINT]).start()
    else:
        otherwise(dropped)
