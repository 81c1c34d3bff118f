"""Describe an image in a process of its own, so that a decoder that crashes or hangs costs that image alone.

Belongs here: which files are decoded apart, the processes, and their limits of time and memory. Does not belong here:
decoding itself (`kernels/`).

The decoders of baseline JPEG, PNG, GIF and WebP see every image of the web and are left in this process, where they run
at full speed. Everything else is rare enough to pay a millisecond for its own process.
"""

import multiprocessing
import resource
from concurrent.futures import TimeoutError as DeadlineError
from threading import Lock
from types import TracebackType
from typing import NamedTuple

from pebble import ProcessExpired, ProcessPool

from dedup_assets.kernels.decode_verdict import UnreadableStatus
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription, describe_image

JPEG_SIGNATURE = b"\xff\xd8\xff"
TRUSTED_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
PROGRESSIVE_JPEG = b"\xff\xc2"
"""Marker of a progressive frame: each of its scans, of which there may be hundreds, costs as much as the whole picture."""

HEADER_BYTES = 65_536
WORKER_MEMORY_BYTES = 3 << 30


class DecodingTimedOutError(Exception):
    """One image took longer than its deadline."""


def is_trusted(data: bytes) -> bool:
    """True for bytes whose decoder may run in this process."""
    if data.startswith(JPEG_SIGNATURE):
        return PROGRESSIVE_JPEG not in data[:HEADER_BYTES]
    return data.startswith(TRUSTED_SIGNATURES)


class IsolatedDecoder:
    """Describes images, the doubtful ones in other processes, which are started when the first of them comes."""

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
        """As `describe_image`, but nothing that the bytes do to a decoder reaches this process.

        Raises:
            UnreadableImage: the bytes give no picture, or crashed their decoder.
            DecodingTimedOutError: they took longer than the deadline.
        """
        if is_trusted(data):
            return describe_image(data, limits)
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
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPool(self._workers, initializer=_limit_memory, context=context)
            return self._pool


class Refusal(NamedTuple):
    """An `UnreadableImage` on its way between processes."""

    status: UnreadableStatus
    sentence: str


def _describe_apart(data: bytes, limits: DecodeLimits) -> ImageDescription | Refusal:
    try:
        return describe_image(data, limits)
    except UnreadableImage as cause:
        return Refusal(cause.status, cause.sentence)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (WORKER_MEMORY_BYTES, WORKER_MEMORY_BYTES))
