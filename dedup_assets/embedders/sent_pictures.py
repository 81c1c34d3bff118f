"""What others send to be embedded: JSON with pictures in base64, of which nothing is trusted.

Belongs here: reading the whole request, as a task for a process of its own, and what that may take. Does not belong here: the
process (`stages/workers/`), the service (`server.py`).

Sizes are known before anything is decoded, for every format: from the header, by the limits of the house. What a decoder does
all the same, or JSON that grows in memory, meets the limit of the process and ends no more than that.
"""

import base64
import json
import resource
import signal
from typing import Any, Final

import cv2
import numpy as np
import psutil

from dedup_assets.embedders.protocol import Image
from dedup_assets.kernels.decode.declared_size import declared_pixels
from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage, decode_image

SENT_LIMITS: Final = DecodeLimits(max_decoding_bytes=200_000_000)
"""A PNG of 40 megapixels, a JPEG of 200."""

LONGER_SIDE_PX: Final = 256
MOST_PICTURES: Final = 256
_MOST_OTHERS: Final = 64
"""Lists, objects and fields beside the pictures."""

MOST_MEMORY_BYTES: Final = 300 << 20
"""Address space that a request may take, beside the program."""

DEADLINE_S: Final = 30.0


class SenselessRequestError(ValueError):
    """The request is not what was expected; the text says what is."""


class TooManyPicturesError(ValueError):
    """Many more than MOST_PICTURES."""


def read_pictures(body: bytes) -> list[Image | None]:
    """The pictures of {"images": [base64, ...]} as upright RGB, longer side 256 px at most; None for those that cannot be read.

    For a process that may be ended, whose memory it bounds for good, and which ends where it takes twice DEADLINE_S.

    Raises:
        SenselessRequestError: it is no such request, or MemoryError: it is one that fills the memory.
        TooManyPicturesError: it holds many more than MOST_PICTURES.
    """
    signal.setitimer(signal.ITIMER_REAL, 2 * DEADLINE_S)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + MOST_MEMORY_BYTES, hard))
    try:
        return [_read_picture(text) for text in _texts(body)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _texts(body: bytes) -> list[Any]:
    """What should be texts; JSON is read only where its signs, of which base64 has none, are too few to fill the memory."""
    if (commas := body.count(b",")) > MOST_PICTURES + _MOST_OTHERS:
        raise TooManyPicturesError(f"some {commas:,} pictures came; {MOST_PICTURES} are allowed in one request")
    try:
        texts = None if body.count(b"[") + body.count(b"{") > _MOST_OTHERS else json.loads(body)["images"]
    except (ValueError, KeyError, TypeError):
        texts = None
    if not isinstance(texts, list):
        raise SenselessRequestError('expected {"images": [base64, ...]}')
    return texts


def _read_picture(text: Any) -> Image | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        return None
    if declared_pixels(data) > SENT_LIMITS.max_pixels:  # opening a WebP has its decoder reserve the picture
        return None
    try:
        image = decode_image(data, SENT_LIMITS).rgb
    except (UnreadableImage, MemoryError):
        return None
    scale = LONGER_SIDE_PX / max(image.shape[:2])
    if scale < 1:
        size = tuple(max(1, round(length * scale)) for length in image.shape[1::-1])
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return image
