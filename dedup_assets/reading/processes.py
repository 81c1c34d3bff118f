"""Processes that read and describe images for a long run.

Belongs here: what such a process is told, and its lifetime. Does not belong here: when a run reads in processes, and in
which order (`reader.py`).

Threads share Python's lock, and so the processors only in part. A process opens the source for itself, so that nothing
but rows passes between it and the run.
"""

from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from dedup_assets.kernels.decoding import DecodeLimits
from dedup_assets.reading.rows import RowReader
from dedup_assets.resources.image_store import open_image_store
from dedup_assets.resources.isolated_decoding import DeadlineDecoder
from dedup_assets.resources.isolated_processes import IsolatedProcesses
from dedup_assets.resources.locations import Location
from dedup_assets.resources.throttle import RateLimits, Throttle


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """What is read, and what that may take: seconds an image, requests and bytes a second, images on their way at once."""

    location: Location
    limits: DecodeLimits
    decode_timeout_s: float
    rates: RateLimits
    reads: int

    def share(self, processes: int) -> "ReadingOrder":
        """What each of so many processes is told."""
        return replace(self, rates=self.rates.share(processes), reads=-(-self.reads // processes))


class ReadingProcesses:
    """Processes that read slices of a manifest by one order, until they are stopped.

    An image that crashes its decoder, or takes longer than its deadline, ends its process; how its slice then fails is
    said in `IsolatedProcesses.schedule`.
    """

    def __init__(self, order: ReadingOrder, count: int) -> None:
        self._order, self._processes = order, IsolatedProcesses(count)

    def submit(self, blobs: pl.DataFrame) -> "Future[pl.DataFrame]":
        """Have some ten images read as `RowReader.read` does."""
        return self._processes.schedule(_read, (self._order, blobs))

    def stop(self) -> None:
        """End the processes, whatever they are reading."""
        self._processes.stop()


def _read(order: ReadingOrder, blobs: pl.DataFrame) -> pl.DataFrame:
    return _reader_by(order).read(blobs)


@cache
def _reader_by(order: ReadingOrder) -> RowReader:
    """Open the source, once a process."""
    sketch, throttle = DeadlineDecoder(order.decode_timeout_s).sketch, Throttle(order.rates)
    return RowReader(open_image_store(order.location), sketch, order.limits, throttle, order.reads)
