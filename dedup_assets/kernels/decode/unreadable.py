"""Why bytes could not be decoded: a status and a sentence for a person.

Here belongs everything that is said about unreadable bytes: the names of formats by their first bytes, and the status
that a decoder's complaint means. The words for each complaint are in `causes.py`, decoding itself in `image.py`.
"""

import io
import re
from typing import Final, Literal

import pillow_heif
from PIL import Image, UnidentifiedImageError

from dedup_assets.kernels.decode.causes import plain_cause

UnreadableStatus = Literal["corrupt", "truncated", "unsupported", "too_large"]


class UnreadableImage(Exception):  # noqa: N818 (it is a verdict on a file, and reads as one where it is caught)
    """These bytes give no picture: `status` says of which kind the cause is, `sentence` says it to a person."""

    def __init__(self, status: UnreadableStatus, sentence: str) -> None:
        super().__init__(status, sentence)  # both: so it passes between processes
        self.status: UnreadableStatus = status
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


# Offset, bytes there, name, Pillow's word for the decoder (None: there is none here).
_SIGNATURES: Final[tuple[tuple[int, bytes, str, str | None], ...]] = (
    (0, b"\xff\xd8", "JPEG", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG", "PNG"),
    (12, b"IHDR", "PNG", "PNG"),
    (0, b"GIF8", "GIF", "GIF"),
    (8, b"WEBP", "WebP", "WEBP"),
    (0, b"II*\x00", "TIFF", "TIFF"),
    (0, b"MM\x00*", "TIFF", "TIFF"),
    (0, b"II+\x00", "TIFF", "TIFF"),
    (0, b"MM\x00+", "TIFF", "TIFF"),
    (4, b"ftypavi", "AVIF", "AVIF"),
    (4, b"ftypqt", "a QuickTime video", None),
    (4, b"ftypmp4", "an MP4 video", None),
    (4, b"ftypisom", "an MP4 video", None),
    (4, b"ftyp", "HEIF", "HEIF"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", "JPEG2000"),
    (0, b"BM", "BMP", "BMP"),
    (0, b"8BPS", "PSD", "PSD"),
    (0, b"qoif", "QOI", "QOI"),
    (0, b"\x00\x00\x01\x00", "ICO", "ICO"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL image", None),
    (0, b"\xff\x0a", "a JPEG XL image", None),
    (0, b"%PDF", "a PDF document", None),
    (0, b"%!PS", "a PostScript document", None),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM video", None),
    (0, b"PK\x03\x04", "a ZIP archive", None),
    (0, b"\x1f\x8b", "a gzip archive", None),
)
_MIN_HEADER_BYTES: Final = 14
_MARKUP: Final = ((b"<svg", "an SVG drawing"), (b"<html", "an HTML page"), (b"<!doctype html", "an HTML page"))

_ENDS_EARLY: Final = re.compile(
    r"(?i)truncated|not enough image data|unexpected end|premature end|end of file|only got \d+|failed to read"
    r"|actual buffer size|incomplete checksum"
)
_NOT_READ_HERE: Final = re.compile(r"(?i)unsupported|not supported|unknown (pixel|data|raw)|cannot handle|no support")
_TOO_LARGE: Final = (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def explain_failure(data: bytes, error: Exception) -> UnreadableImage:
    """Turn what a decoder raised on `data` into the verdict on these bytes; raises nothing."""
    if isinstance(error, UnreadableImage):
        return error
    if not data:
        return UnreadableImage("corrupt", "The file is empty (0 bytes); an image was expected.")
    kind, plugin = name_format(data)
    if isinstance(error, UnidentifiedImageError):
        if plugin is None:
            return _explain_foreign(data, kind)
        error = _ask_plugin(data, plugin)
    return _explain_complaint(data, kind or "image", error)


def name_format(data: bytes) -> tuple[str | None, str | None]:
    """Return the name of the format that the first bytes announce and Pillow's word for it; None for what is not known.

    Bytes that end within a signature count as that format.
    """
    for offset, signature, name, plugin in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature or (offset == 0 and signature.startswith(data)):
            return name, plugin
    head = data[:1024].lower()
    return next((name for tag, name in _MARKUP if tag in head), None), None


def _explain_foreign(data: bytes, kind: str | None) -> UnreadableImage:
    if kind is None:
        start = f"its {len(data):,} bytes begin with {data[:8].hex(' ')}"
        return UnreadableImage("unsupported", f"The file is not an image in a format that can be read: {start}.")
    return UnreadableImage("unsupported", f"The file is not an image in a format that can be read: it is {kind}.")


def _ask_plugin(data: bytes, plugin: str) -> Exception:
    """Return what the plugin for this format says about the header; `Image.open` keeps that to itself."""
    if plugin == "HEIF" and not pillow_heif.is_supported(data[:16]):
        return NotImplementedError("no support for this HEIF variant")
    try:
        Image.OPEN[plugin][0](io.BytesIO(data), "").close()
    except Exception as complaint:  # noqa: BLE001 (whatever a decoder says about a file is that file's verdict)
        return complaint
    return ValueError("its header cannot be read")


def _explain_complaint(data: bytes, kind: str, error: Exception) -> UnreadableImage:
    complaint = _plain_text(error)
    if isinstance(error, _TOO_LARGE):
        counts = " pixels; allowed are ".join(f"{int(count):,}" for count in re.findall(r"\d+", complaint))
        return UnreadableImage("too_large", f"The {kind} picture is too large to decode: {counts or 'memory ran out'}.")
    if isinstance(error, EOFError) or _ENDS_EARLY.search(complaint) or _declared_bytes(data) > len(data):
        came = f"{len(data):,} bytes came"
        return UnreadableImage("truncated", f"The {kind} file ends before its picture is complete: {came}.")
    cause = plain_cause(complaint)
    if isinstance(error, NotImplementedError) or _NOT_READ_HERE.search(complaint):
        return UnreadableImage("unsupported", f"The {kind} file is of a kind that cannot be read here{_after(cause)}.")
    return UnreadableImage("corrupt", f"The {kind} file is damaged{_after(cause or 'its picture cannot be decoded')}.")


def _after(cause: str | None) -> str:
    return f": {cause}" if cause else ""


def _declared_bytes(data: bytes) -> int:
    """Return how long the file must be, in bytes: as its RIFF header says, else as long as the shortest header."""
    return 8 + int.from_bytes(data[4:8], "little") if data.startswith(b"RIFF") else _MIN_HEADER_BYTES


def _plain_text(error: Exception) -> str:
    """Return a decoder's message on one line, as far as it is looked at."""
    return re.sub(r"\s+", " ", str(error)).strip()[:500] or type(error).__name__
