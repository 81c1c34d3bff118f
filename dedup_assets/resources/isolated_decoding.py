"""Describe an image in a process of its own, so that a decoder that crashes or hangs costs that image alone.

Belongs here: which files are decoded apart, and how long one may take. Does not belong here: the processes
(`isolated_processes.py`), those that read images too (`reading/processes.py`), decoding itself (`kernels/`).

The decoders of baseline JPEG, PNG, GIF and WebP see every image of the web and are left in this process, where they run
at full speed. Everything else is rare enough to pay a millisecond for its own process; so are very large pictures, of
which several at once would fill this process.
"""

import signal
from types import TracebackType
from typing import NamedTuple

from dedup_assets.kernels.declared_size import declared_pixels
from dedup_assets.kernels.decode_jpeg import find_frame_marker
from dedup_assets.kernels.decode_verdict import UnreadableStatus
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription, ImageSketch, describe_sketches, sketch_image
from dedup_assets.resources.isolated_processes import IsolatedProcesses, ProcessLostError

JPEG_SIGNATURE = b"\xff\xd8\xff"
TRUSTED_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
TRUSTED_FRAMES = (0xC0, 0xC1)
"""Markers of sequential frames. Each scan of a progressive one, which may have hundreds, costs as much as the picture."""

LARGE_PX = 24_000_000
"""More pixels take 100 MB and more as PNG, GIF or WebP; a JPEG of any size is scaled while it is decoded."""


TRIES = 3
"""So often an image whose process was killed is decoded; then it is left to the next run."""


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
        self._processes, self._timeout_s = IsolatedProcesses(workers), timeout_s

    def __enter__(self) -> "IsolatedDecoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.stop()

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
        try:
            outcome = self._outcome_of(data, limits)
        except TimeoutError as error:
            raise DecodingTimedOutError(f"Decoding took longer than {self._timeout_s:g} s.") from error
        except (ProcessLostError, MemoryError) as error:
            raise UnreadableImage(
                "corrupt", "Its bytes made their decoder crash or ask for too much memory."
            ) from error
        if isinstance(outcome, Refusal):
            raise UnreadableImage(outcome.status, outcome.sentence)
        return outcome

    def _outcome_of(self, data: bytes, limits: DecodeLimits) -> "ImageSketch | Refusal":
        """Raises ProcessLostError where the bytes ended their process; what another hand ended is done again."""
        for _ in range(TRIES):
            try:
                return self._processes.schedule(
                    _describe_apart, (data, limits, self._timeout_s), self._timeout_s
                ).result()
            except ProcessLostError as lost:
                if lost.by_task:
                    raise
        raise DecodingTimedOutError(f"The processes that decoded it were killed, {TRIES} times.")


class DeadlineDecoder:
    """Sketches images in a process that is isolated itself, and ends it where one takes longer than its deadline.

    A decoder at work in C hears nothing but a signal that nobody handles.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def sketch(self, data: bytes, limits: DecodeLimits) -> ImageSketch:
        """As `sketch_image`; in one thread, for a process has one alarm."""
        signal.setitimer(signal.ITIMER_REAL, self._timeout_s)
        try:
            return sketch_image(data, limits)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


class Refusal(NamedTuple):
    """An `UnreadableImage` on its way between processes."""

    status: UnreadableStatus
    sentence: str


def _describe_apart(data: bytes, limits: DecodeLimits, timeout_s: float) -> ImageSketch | Refusal:
    """Sketch; the alarm is for a run that is gone, and cannot end this process any more."""
    try:
        return DeadlineDecoder(2 * timeout_s).sketch(data, limits)
    except UnreadableImage as cause:
        return Refusal(cause.status, cause.sentence)
