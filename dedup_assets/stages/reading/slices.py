"""What a process does that reads and describes images for a long run.

Belongs here: what it is told, and what it keeps open. Does not belong here: when a run reads in processes, and in which
order (`reader.py`), their lifetime (`stages/reading/isolated_processes.py`).

Threads share Python's lock, and so the processors only in part. A process opens the source for itself, so that nothing
but rows passes between it and the run.
"""

from dataclasses import dataclass, replace
from functools import cache, partial

import polars as pl

from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.resources.locations import Location
from dedup_assets.stages.reading.isolated_decoding import sketch_or_end
from dedup_assets.stages.reading.rows import RowReader


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


def read_slice(order: ReadingOrder, blobs: pl.DataFrame) -> pl.DataFrame:
    """Rows of some ten images as `RowReader.read` gives them, in a process that ends where one takes too long to decode."""
    return _reader_by(order).read(blobs)


@cache
def _reader_by(order: ReadingOrder) -> RowReader:
    """Open the source, once a process."""
    sketch, throttle = partial(sketch_or_end, order.decode_timeout_s), Throttle(order.rates)
    return RowReader(open_image_store(order.location), sketch, order.limits, throttle, order.reads)
