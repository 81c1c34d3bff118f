"""Describe an image in a process of its own, so that a decoder that crashes or hangs costs that image alone.

Belongs here: which files are decoded apart, and how long one may take. Does not belong here: the processes
(`stages/workers/`), those that read images too (`reader.py`), decoding itself (`kernels/`).

The decoders of baseline JPEG, PNG, GIF and WebP see every image of the web and may be left in this process, where they run
at full speed. Everything else is rare enough to pay a millisecond for its own process; so are very large pictures, of
which several at once would fill this process.
"""

import signal
from concurrent.futures import Future
from typing import Self

from dedup_assets.embedders.protocol import Image
from dedup_assets.embedders.sent_pictures import DEADLINE_S, read_pictures
from dedup_assets.kernels.decode.declared_size import declared_pixels
from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage
from dedup_assets.kernels.decode.jpeg import find_frame_marker
from dedup_assets.kernels.describe.description import ImageSketch, sketch_image
from dedup_assets.stages.workers.processes import ProcessLostError, WorkerProcesses

JPEG_SIGNATURE = b"\xff\xd8\xff"
TRUSTED_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
TRUSTED_FRAMES = (0xC0, 0xC1)
"""Markers of sequential frames. Each scan of a progressive one, which may have hundreds, costs as much as the picture."""

LARGE_PX = 24_000_000
"""More pixels take 100 MB and more as PNG, GIF or WebP; a JPEG of any size is scaled while it is decoded."""


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
        self._processes, self._timeout_s = WorkerProcesses(workers), timeout_s

    def __enter__(self) -> "IsolatedDecoder":
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop()

    def sketch(self, data: bytes, limits: DecodeLimits) -> ImageSketch:
        """As `sketch_image`, but nothing that the bytes do to a decoder reaches this process.

        Raises:
            UnreadableImage: the bytes give no picture, or crashed their decoder.
            DecodingTimedOutError: they took longer than the deadline.
        """
        return sketch_image(data, limits) if is_trusted(data) else self.sketch_apart(data, limits)

    def sketch_apart(self, data: bytes, limits: DecodeLimits) -> ImageSketch:
        """As `sketch`, in another process even where the format is trusted."""
        task = (2 * self._timeout_s, data, limits)
        try:
            return self._processes.schedule(sketch_or_end, task, self._timeout_s).result()
        except TimeoutError as error:
            raise DecodingTimedOutError(f"Decoding took longer than {self._timeout_s:g} s.") from error
        except (ProcessLostError, MemoryError) as error:
            if isinstance(error, ProcessLostError) and not error.by_task:
                raise DecodingTimedOutError("The processes that decoded it were killed, again and again.") from error
            sentence = "Its bytes made their decoder crash or ask for too much memory."
            raise UnreadableImage("corrupt", sentence) from error


class SentPictures:
    """What others send to be embedded, read in one process, which is ready from the start and replaced when it is lost."""

    def __enter__(self) -> Self:
        self._processes = WorkerProcesses(1)
        self._processes.schedule(read_pictures, (b'{"images": []}',)).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop()

    def read(self, body: bytes) -> "Future[list[Image | None]]":
        """As `read_pictures`; raises TimeoutError, ProcessLostError or MemoryError for what does not let it end."""
        return self._processes.schedule(read_pictures, (body,), DEADLINE_S)


def sketch_or_end(timeout_s: float, data: bytes, limits: DecodeLimits) -> ImageSketch:
    """As `sketch_image`, in the one thread of a process that is isolated itself, which ends where it takes longer.

    A decoder at work in C hears nothing but a signal that nobody handles; a run that is gone can end no process.
    """
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        return sketch_image(data, limits)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
