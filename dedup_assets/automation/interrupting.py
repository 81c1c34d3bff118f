"""Ctrl-C that ends a run for certain.

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
def interruptible() -> Iterator[None]:
    """Let every interrupt come out as KeyboardInterrupt.

    Dagster raises an exception of its own while a stage runs. One that is raised while Python finalizes an object is
    dropped ("Exception ignored in ..."), and the run would go on to its end: it is sent once more.
    """
    before = sys.unraisablehook
    sys.unraisablehook = partial(_send_again, before)
    try:
        yield
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    finally:
        sys.unraisablehook = before


def _send_again(otherwise: Callable[["sys.UnraisableHookArgs"], object], dropped: "sys.UnraisableHookArgs") -> None:
    if issubclass(dropped.exc_type, INTERRUPTS):
        threading.Timer(SENT_AGAIN_AFTER_S, signal.raise_signal, [signal.SIGINT]).start()
    else:
        otherwise(dropped)
