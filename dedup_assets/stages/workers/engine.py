"""Slices of work out, results in: in their order, and never far ahead of what is kept.

Belongs here: what stages ask for; another engine than processes of this machine would offer the same. Does not belong here: the
lifetime of processes (`processes.py`), what is done in them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import Any, Self, TypeVar

from dedup_assets.stages.workers.processes import ProcessLostError, WorkerProcesses

Order = TypeVar("Order")
Piece = TypeVar("Piece")
Result = TypeVar("Result")

AHEAD_A_WORKER = 2
"""Slices that are worked on, or lie ready, while the results of others are kept."""


class Workers:
    """So many processes at most, started when the first slices come; ended, whatever they are at, where the stage ends."""

    def __init__(self, count: int) -> None:
        self.count, self._processes = count, WorkerProcesses(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop()

    def map(
        self,
        task: Callable[[Order, Piece], Result],
        order: Order,
        pieces: Iterable[Piece],
        ahead: int | None = None,
        again: Callable[[Piece, ProcessLostError | MemoryError], Result] | None = None,
    ) -> Iterator[Result]:
        """Yield task(order, piece) of all pieces, in their order.

        `task` is a function of a module; it keeps what it opens by an order, which is hashable, and both are sent, as the
        pieces and results are. `ahead` is how many pieces lie ready or in the making beyond the one that is yielded. A process that
        dies costs its piece again: another does it, or `again` in its stead where the piece itself was the cause.

        Raises:
            ProcessLostError: a piece ended its process twice.
        """
        source, waiting = iter(pieces), deque[tuple[Piece, Future[Result]]]()
        most = 1 + (AHEAD_A_WORKER * self.count if ahead is None else ahead)
        while True:
            waiting.extend((piece, self._do(task, order, piece)) for piece in islice(source, most - len(waiting)))
            if not waiting:
                return
            piece, future = waiting.popleft()
            try:
                result = future.result()
            except (ProcessLostError, MemoryError) as error:
                result = again(piece, error) if again else self._do(task, order, piece).result()
            yield result

    def _do(self, task: Callable[..., Any], *args: object) -> "Future[Any]":
        return self._processes.schedule(task, args)
