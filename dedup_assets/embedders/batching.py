"""How many pictures go through a model at once, and who prepares the next ones meanwhile.

Belongs here: finding the batch size, and working ahead in threads without losing the order.
Does not belong here: any model (`torch_embedder.py`) or device (`devices.py`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

FIRST_BATCH = 8
LARGEST_BATCH = 1024
WORTH_DOUBLING = 1.05
"""A batch twice as large must bring at least 5 % more images a second: less is within the noise of a shared machine."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class BatchSizer:
    """Doubles the batch until memory or throughput says stop; what it settled on stays.

    Two full batches of each size are timed and the faster counts, as the first one of a shape also pays for its setting up.
    """

    def __init__(self, first: int = FIRST_BATCH, largest: int = LARGEST_BATCH) -> None:
        self.size = first
        self._largest = largest
        self._seconds: list[float] = []
        self._rate_before = 0.0
        self.is_settled = first >= largest

    def note(self, images: int, seconds: float) -> None:
        """Learn that a batch of `images` took `seconds` on the device; batches that are not full teach nothing."""
        if self.is_settled or images != self.size:
            return
        self._seconds.append(seconds)
        if len(self._seconds) < 2:
            return
        rate = images / max(min(self._seconds), 1e-9)
        self._seconds = []
        if rate < self._rate_before * WORTH_DOUBLING:
            self.size, self.is_settled = self.size // 2, True
        else:
            self._rate_before, self.size = rate, self.size * 2
            self.is_settled = self.size > self._largest
            self.size = min(self.size, self._largest)

    def out_of_memory(self, images: int) -> None:
        """Learn that a batch of `images` did not fit: half of it is as large as batches get."""
        self.size, self.is_settled = max(1, images // 2), True


def run_ahead(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yield work(item) in the order of the items, while `threads` threads are at the next ones.

    At most as many results as threads lie ready or in the making beyond the one yielded. An exception of `work` is raised in
    its place, and no further item is begun.
    """
    source = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Result]] = deque(pool.submit(work, item) for item in islice(source, 1 + threads))
        try:
            while ahead:
                result = ahead.popleft().result()
                ahead.extend(pool.submit(work, item) for item in islice(source, 1))
                yield result
        finally:
            for future in ahead:
                future.cancel()
