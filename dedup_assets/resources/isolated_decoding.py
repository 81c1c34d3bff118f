"""Describe an image in a process of its own, so that a decoder that crashes or hangs costs that image alone.

Belongs here: which files are decoded apart, the processes, and their limits of time and memory. Does not belong here:
decoding itself (`kernels/`), processes that read images too (`reading/processes.py`).

The decoders of baseline JPEG, PNG, GIF and WebP see every image of the web and are left in this process, where they run
at full speed. Everything else is rare enough to pay a millisecond for its own process; so are very large pictures, of
which several at once would fill this process.
"""

import multiprocessing
import os
import resource
import signal
from concurrent.futures import TimeoutError as DeadlineError
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import NamedTuple

import psutil
from pebble import ProcessExpired, ProcessPool
from threadpoolctl import threadpool_limits

from dedup_assets.kernels.declared_size import declared_pixels
from dedup_assets.kernels.decode_jpeg import find_frame_marker
from dedup_assets.kernels.decode_verdict import UnreadableStatus
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import (
    ImageDescription,
    ImageSketch,
    describe_sketches,
    load_compiled,
    sketch_image,
)

JPEG_SIGNATURE = b"\xff\xd8\xff"
TRUSTED_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
TRUSTED_FRAMES = (0xC0, 0xC1)
"""Markers of sequential frames. Each scan of a progressive one, which may have hundreds, costs as much as the picture."""

LARGE_PX = 24_000_000
"""More pixels take 100 MB and more as PNG, GIF or WebP; a JPEG of any size is scaled while it is decoded."""

WORKER_MEMORY_BYTES = 3 << 30
"""Address space for pictures, beside that of the program, which grows with the processors of the machine."""

STDERR = 2


class DecodingTimedOutError(Exception):
    """One image took longer than its deadline."""


def is_trusted(data: bytes) -> bool:
    """True for bytes whose decoder may run in this process."""
    if data.startswith(JPEG_SIGNATURE):
        return find_frame_marker(data) in TRUSTED_FRAMES
    return data.startswith(TRUSTED_SIGNATURES) and declared_pixels(data) <= LARGE_PX


class IsolatedDecoder:
    """Sketches images, the doubtful ones in other processes, which are started when the first of them comes."""

    def __init__(self, workers: int, timeout_s: float) -> None:
        self._workers, self._timeout_s = workers, timeout_s
        self._pool: ProcessPool | None = None
        self._starting = Lock()

    def __enter__(self) -> "IsolatedDecoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()

    def describe(self, data: bytes, limits: DecodeLimits) -> ImageDescription:
        """As `describe_image`, guarded and raising as `sketch` does."""
        return describe_sketches([self.sketch(data, limits)])[0]

    def sketch(self, data: bytes, limits: DecodeLimits) -> ImageSketch:
        """As `sketch_image`, but nothing that the bytes do to a decoder reaches this process.

        Raises:
            UnreadableImage: the bytes give no picture, or crashed their decoder.
            DecodingTimedOutError: they took longer than the deadline.
        """
        return sketch_image(data, limits) if is_trusted(data) else self.sketch_apart(data, limits)

    def sketch_apart(self, data: bytes, limits: DecodeLimits) -> ImageSketch:
        """As `sketch`, in another process even where the format is trusted."""
        future = self._running_pool().schedule(_describe_apart, (data, limits), timeout=self._timeout_s)
        try:
            outcome = future.result()
        except DeadlineError as error:
            raise DecodingTimedOutError(f"Decoding took longer than {self._timeout_s:g} s.") from error
        except (ProcessExpired, MemoryError) as error:
            raise UnreadableImage(
                "corrupt", "Its bytes made their decoder crash or ask for too much memory."
            ) from error
        if isinstance(outcome, Refusal):
            raise UnreadableImage(outcome.status, outcome.sentence)
        return outcome

    def _running_pool(self) -> ProcessPool:
        with self._starting:
            if self._pool is None:
                self._pool = isolated_pool(self._workers)
            return self._pool


class DeadlineDecoder:
    """Sketches images in a process that is isolated itself, and ends it where one takes longer than its deadline.

    A decoder at work in C hears nothing but a signal that nobody handles.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._decoding = Lock()

    def sketch(self, data: bytes, limits: DecodeLimits) -> ImageSketch:
        """As `sketch_image`, for one thread at a time."""
        with self._decoding:
            signal.setitimer(signal.ITIMER_REAL, self._timeout_s)
            try:
                return sketch_image(data, limits)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)


def isolated_pool(workers: int) -> ProcessPool:
    """Return processes to come, bounded in memory, in which images are decoded."""
    context = multiprocessing.get_context("spawn")
    return ProcessPool(workers, initializer=_prepare_process, context=context)


class Refusal(NamedTuple):
    """An `UnreadableImage` on its way between processes."""

    status: UnreadableStatus
    sentence: str


def _describe_apart(data: bytes, limits: DecodeLimits) -> ImageSketch | Refusal:
    try:
        return sketch_image(data, limits)
    except UnreadableImage as cause:
        return Refusal(cause.status, cause.sentence)


def _prepare_process() -> None:
    """Bound the memory, and keep from the terminal what C libraries such as libtiff print there: the row tells the cause.

    What is compiled is loaded before the first image comes, whose deadline is for itself. BLAS gets no threads: there
    is a process a processor.
    """
    load_compiled()
    address_space = psutil.Process().memory_info().vms + WORKER_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), STDERR)
    threadpool_limits(1, "blas")
