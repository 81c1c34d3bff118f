"""Read many images on all cores: how far processes are ahead of what is kept, and in which order rows come.

Belongs here: handing slices out, what a process that reads one is told and keeps open, and collecting the rows. Does not
belong here: what a row says (`rows.py`), the processes (`stages/workers/`).

A process opens the source for itself, so that nothing but rows passes between it and the run.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Self

import polars as pl

from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.resources.locations import Location
from dedup_assets.stages.reading.isolated_decoding import IsolatedDecoder, sketch_or_end
from dedup_assets.stages.reading.rows import FROM_MANIFEST, RowReader
from dedup_assets.stages.workers.engine import Workers

SLICE_IMAGES = 64
"""So many images at most are described together; 30 KB each until they are."""

SLICES_A_WORKER = 4
"""Images are cut into so many slices a worker at least, so that none has to wait long for the last."""

AHEAD = 4
"""One in so many images of a chunk is read while the others, before it, are written."""


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
    """Reads images of one source, a process a worker.

    Images of a slice that ended its process are read again here, and each decoded apart.
    """

    def __init__(self, images: ImageStore, order: ReadingOrder, workers: int) -> None:
        processes = min(workers, order.rates.most_processes or workers)
        self._workers, self._order = Workers(processes), order.share(processes)
        self._decoder = IsolatedDecoder(1, order.decode_timeout_s)
        self._apart = RowReader(images, self._decoder.sketch_apart, order.limits, Throttle(self._order.rates))
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._workers)
        self._open.enter_context(self._decoder)
        self._open.callback(self._apart.stop)
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
        ahead_images = chunk_images // AHEAD
        evenly = min(blobs.height, chunk_images) // (SLICES_A_WORKER * self._workers.count)
        slice_images = max(1, min(SLICE_IMAGES, evenly))
        parts = list(blobs.select(FROM_MANIFEST).iter_slices(chunk_images - ahead_images))
        slices = (piece for part in parts for piece in part.iter_slices(slice_images))
        ahead = ahead_images // slice_images
        read = self._workers.map(read_slice, self._order, slices, ahead, lambda piece, _: self._apart.read(piece))
        for part in parts:
            frames, missing = list[pl.DataFrame](), part.height
            while missing:
                frames.append(rows := next(read))
                advance(rows.height)
                missing -= rows.height
            yield pl.concat(frames)


def read_slice(order: ReadingOrder, blobs: pl.DataFrame) -> pl.DataFrame:
    """Rows of some ten images as `RowReader.read` gives them, in a process that ends where one takes too long to decode."""
    return _reader_by(order).read(blobs)


@lru_cache(maxsize=1)
def _reader_by(order: ReadingOrder) -> RowReader:
    """Open the source, once a process."""
    sketch, throttle = partial(sketch_or_end, order.decode_timeout_s), Throttle(order.rates)
    return RowReader(open_image_store(order.location), sketch, order.limits, throttle, order.reads)
