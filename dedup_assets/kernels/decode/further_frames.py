"""What a file shows after its first picture: the frames of a film, the pages of a document.

Here belongs which of a file's pictures are frames or pages, and a few of them in small. Comparing those of two files is in
`kernels/verify/films.py`. A frame that cannot be decoded ends the film; it is no failure of the file.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from dedup_assets.kernels.decode.frame_digests import digest_frames
from dedup_assets.kernels.decode.limits import DecodeLimits, check_limits
from dedup_assets.kernels.decode.pixels import reduce_to_plain
from dedup_assets.kernels.decode.rendering import render_rgb
from dedup_assets.kernels.decode.unreadable import UnreadableImage

Seen = tuple[int, int, NDArray[np.uint8]]

MAX_FRAMES: Final = 8
"""The first one and at most 7 others, spread evenly over what is looked at."""
MAX_REACH: Final = 24
"""Frames of a film follow from those before them: of 1,000 no more are decoded. Pages are found wherever they stand."""
MAX_FURTHER_PX, MAX_FURTHER_SHARE = 4_000_000, 1
"""Pixels that are decoded beside those of the first picture, plus so many times as many as that one has."""

GRAY_SIDE: Final = 64
_SUBFILE_TYPE: Final = 254
_NO_PAGE: Final = 1 | 4  # smaller copy, mask
_ENTRIES: Final = 0xB002
_UNDEFINED, _PAGE_OF_MPO = "Undefined", "Multi-Frame"
_PAGED: Final = frozenset({"TIFF", "HEIF", "MPO", "DCX"})
# Their further "frames" are sizes or layers of one picture.
_ONE_PICTURE: Final = frozenset({"ICO", "ICNS", "PSD", "JPEG", "CUR"})
_DAMAGE: Final = (
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OSError,
    EOFError,
    AttributeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True)
class FurtherFrames:
    """How many frames or pages a file has, the first one included, and what some of the further ones show.

    moments are when each begins, ms, and 0 for pages; places their numbers, from 0; grays their pictures in gray, aspect
    ignored, as the bytes of (n, 64, 64) uint8; digests as in `frame_digests.py`, the first one included.
    """

    count: int
    moments: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    grays: bytes = b""
    digests: bytes = b""


def read_further_frames(data: bytes, image: ImageFile.ImageFile, limits: DecodeLimits) -> FurtherFrames:
    """Read the frames after the first one of a loaded image, in bounded time; the image stands at another frame then."""
    first_px = image.width * image.height
    pages, digests = _find_pages(image), b""
    if len(pages) < 2:
        return FurtherFrames(1)
    with suppress(*_DAMAGE):
        digests = digest_frames(data, image, pages)
    further_px = MAX_FURTHER_PX + MAX_FURTHER_SHARE * first_px
    allowed = 1 + further_px // first_px
    is_film = image.format not in _PAGED
    reach = min(len(pages), MAX_REACH, allowed) if is_film else len(pages)
    places = _spread(reach, MAX_FRAMES if is_film else min(MAX_FRAMES, allowed))
    if is_film:
        seen = list(_look_at_frames(image, places))
    else:
        wanted = {place: pages[place] for place in places}
        seen = list(_look_at_pages(data, image, wanted, replace(limits, max_pixels=min(limits.max_pixels, further_px))))
    if not seen:
        return FurtherFrames(len(pages), digests=digests)
    numbers, moments, grays = zip(*seen, strict=True)
    return FurtherFrames(len(pages), moments, numbers, np.stack(grays).tobytes(), digests)


def _spread(reach: int, count: int) -> list[int]:
    """Return at most count - 1 places from 1 to reach - 1, the second one always among them."""
    return sorted({round(place) for place in np.linspace(1, reach - 1, count - 1).tolist()})


def _find_pages(image: ImageFile.ImageFile) -> Sequence[int]:
    """Return where in the file the pictures stand that are pages or frames; the first alone where that cannot be told."""
    try:
        return _number_pages(image)
    except _DAMAGE:
        return (0,)


def _number_pages(image: ImageFile.ImageFile) -> Sequence[int]:
    if image.format in _ONE_PICTURE:
        return (0,)
    every = range(getattr(image, "n_frames", 1))
    if image.format == "MPO":
        return [number for number in every if number == 0 or _is_page_of_mpo(image, number)]
    if image.format == "TIFF" and len(every) > 1:
        return [number for number in every if not _seek(image, number).tag_v2.get(_SUBFILE_TYPE, 0) & _NO_PAGE]
    return every


def _is_page_of_mpo(image: Any, number: int) -> bool:
    """A phone's preview, depth or gain map is named so, or is smaller or gray."""
    kind = image.mpinfo[_ENTRIES][number]["Attribute"]["MPType"]
    if kind != _UNDEFINED:
        return str(kind).startswith(_PAGE_OF_MPO)
    size = image.size
    is_page = (_seek(image, number).size, image.mode) == (size, "RGB")
    _seek(image, 0)
    return is_page


def _look_at_frames(image: ImageFile.ImageFile, places: Sequence[int]) -> Iterator[Seen]:
    """Yield place, moment and picture of the wanted frames of a film, up to the first that is damaged."""
    moment, before = 0, 0
    with suppress(*_DAMAGE):
        for place in range(1, places[-1] + 1):
            moment += int(image.info.get("duration", 0) or 0)
            _seek(image, place).load()
            moment = int(image.info.get("timestamp", moment))
            if place in places:
                before = max(moment, before)
                yield place, before, _shrink(image)


def _look_at_pages(
    data: bytes, image: ImageFile.ImageFile, wanted: Mapping[int, int], limits: DecodeLimits
) -> Iterator[Seen]:
    """Yield the same of pages, whose moments are 0, up to the first that is damaged, or more than limits leave for all."""
    left = limits.max_pixels
    with suppress(*_DAMAGE, UnreadableImage):
        for place, number in wanted.items():
            page = _seek(image, number)
            check_limits(data, page, replace(limits, max_pixels=left))
            left -= page.width * page.height
            page.load()
            yield place, 0, _shrink(page)


def _seek(image: Any, number: int) -> Any:
    image.seek(number)
    return image


def _shrink(image: Image.Image) -> NDArray[np.uint8]:
    factor = max(1, max(image.size) // (4 * GRAY_SIDE))
    gray = cv2.cvtColor(render_rgb(reduce_to_plain(image, factor), None), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(gray, (GRAY_SIDE, GRAY_SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
