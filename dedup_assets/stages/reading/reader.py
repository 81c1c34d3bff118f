"""Read many images: which threads or processes do it, how far they are ahead of what is kept, and in which order.

Belongs here: handing slices out, what a process that reads one is told and keeps open, and collecting the rows. Does not
belong here: what a row says (`rows.py`), the lifetime of processes (`isolated_processes.py`).

Threads share Python's lock, and so the processors only in part. A process opens the source for itself, so that nothing
but rows passes between it and the run.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import polars as pl
from threadpoolctl import threadpool_limits

from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import load_compiled
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.resources.locations import Location
from dedup_assets.stages.reading.isolated_decoding import IsolatedDecoder, sketch_or_end
from dedup_assets.stages.reading.isolated_processes import IsolatedProcesses, ProcessLostError
from dedup_assets.stages.reading.rows import FROM_MANIFEST, RowReader

SLICE_IMAGES = 64
"""So many images at most are described together; 30 KB each until they are."""

SLICES_A_WORKER = 4
"""Images are cut into so many slices a worker at least, so that none has to wait long for the last."""

LONG_RUN_IMAGES = 5_000
"""From so many images on a run reads in processes: starting one takes as long as describing a thousand images."""

AHEAD = 4
"""One in so many images of a chunk is read while the others, before it, are written."""

Waiting = deque[tuple[pl.DataFrame, "Future[pl.DataFrame]"]]


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


class ImageReader:
    """Reads images of one source: a short run in threads, a long one in processes. Rows are the same either way.

    Each worker is one thread or one process; those threads that BLAS starts for products of small matrices mostly wait,
    spinning. A slice that ended its process is read again here, and each image of it decoded apart.
    """

    def __init__(
        self, images: ImageStore, order: ReadingOrder, workers: int, long_run_images: int = LONG_RUN_IMAGES
    ) -> None:
        self._order, self._workers = order, workers
        self._most_processes = min(workers, order.rates.most_processes or workers)
        self._long_run_images, self._asked_images = long_run_images, 0
        self._decoder = IsolatedDecoder(workers, order.decode_timeout_s)
        share = order.share(workers)
        self._rows = RowReader(images, self._decoder.sketch, order.limits, Throttle(order.rates), share.reads)
        self._rows_apart = RowReader(images, self._decoder.sketch_apart, order.limits, Throttle(share.rates))
        self._open = ExitStack()

    def __enter__(self) -> "ImageReader":
        self._open.enter_context(self._decoder)
        self._open.callback(self._rows_apart.stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def read(self, blobs: pl.DataFrame, chunk_images: int, advance: Callable[[int], None]) -> Iterator[pl.DataFrame]:
        """Yield rows of `image_features` for rows of `image_manifest`, in their order, in parts.

        A part counts as kept as soon as the next one is asked for: images that were begun and are not kept are
        `chunk_images` at most. `advance` gets counts of images done.

        Raises:
            StoreAccessError: the source itself cannot be read any more.
        """
        submit = self._submitter(blobs.height)
        parts = list(blobs.select(FROM_MANIFEST).iter_slices(chunk_images - chunk_images // AHEAD))
        evenly = min(blobs.height, chunk_images) // (SLICES_A_WORKER * self._workers)
        slice_images = max(1, min(SLICE_IMAGES, evenly))
        slices = deque(piece for part in parts for piece in part.iter_slices(slice_images))
        waiting, free = Waiting(), chunk_images
        for part in parts:
            while slices and slices[0].height <= free:
                free -= slices[0].height
                waiting.append((slices[0], submit(slices.popleft())))
            yield self._collect(waiting, part.height, advance)
            free += part.height

    def _submitter(self, images: int) -> Callable[[pl.DataFrame], "Future[pl.DataFrame]"]:
        """Return what reads a slice, now that so many images more are asked for."""
        self._asked_images += images
        if self._asked_images >= self._long_run_images and self._most_processes > 1:
            processes, order = self._processes, self._order.share(self._most_processes)
            return lambda piece: processes.schedule(read_slice, (order, piece))
        threads = self._threads
        return lambda piece: threads.submit(self._rows.read, piece)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        load_compiled()
        self._open.enter_context(threadpool_limits(1, "blas"))
        threads = ThreadPoolExecutor(self._workers)
        self._open.callback(threads.shutdown, cancel_futures=True)
        self._open.callback(self._rows.stop)
        return threads

    @cached_property
    def _processes(self) -> IsolatedProcesses:
        processes = IsolatedProcesses(self._most_processes)
        self._open.callback(processes.stop)
        return processes

    def _collect(self, waiting: Waiting, images: int, advance: Callable[[int], None]) -> pl.DataFrame:
        """Return the next rows, as soon as they are there, so many."""
        frames = []
        while images:
            piece, future = waiting.popleft()
            frames.append(self._rows_of(piece, future))
            advance(piece.height)
            images -= piece.height
        return pl.concat(frames)

    def _rows_of(self, piece: pl.DataFrame, future: "Future[pl.DataFrame]") -> pl.DataFrame:
        try:
            return future.result()
        except ProcessLostError as lost:
            return (self._rows_apart if lost.by_task else self._rows).read(piece)
        except MemoryError:
            return self._rows_apart.read(piece)


def read_slice(order: ReadingOrder, blobs: pl.DataFrame) -> pl.DataFrame:
    """Rows of some ten images as `RowReader.read` gives them, in a process that ends where one takes too long to decode."""
    return _reader_by(order).read(blobs)


@cache
def _reader_by(order: ReadingOrder) -> RowReader:
    """Open the source, once a process."""
    sketch, throttle = partial(sketch_or_end, order.decode_timeout_s), Throttle(order.rates)
    return RowReader(open_image_store(order.location), sketch, order.limits, throttle, order.reads)
