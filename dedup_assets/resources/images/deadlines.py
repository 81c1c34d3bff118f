"""Work that must end in time, whatever the other side does.

Belongs here: giving up on a call that cannot be cancelled. Does not belong here: what the limits are.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import TypeVar

Result = TypeVar("Result")


def within(deadline: timedelta, work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or raise what it raises.

    Raises:
        TimeoutError: it took longer. Its thread is left to itself: neither the caller nor the end of the process waits.
    """
    outcome: Future[Result] = Future()
    threading.Thread(target=_settle, args=(outcome, work), daemon=True).start()
    return outcome.result(deadline.total_seconds())


def _settle(outcome: "Future[Result]", work: Callable[[], Result]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001 (it is raised where the outcome is awaited)
        outcome.set_exception(error)
