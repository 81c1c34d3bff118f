"""The pixels of a plain PNG: inflated at once by libdeflate, unfiltered where they lie, the same that Pillow gives.

Here belongs what decodes PNG without Pillow. What is not plain, or damaged in any way, is left to Pillow (`image.py`), so that
causes of failure have one source. 2.8 ms where Pillow takes 5.0, files of half a megabyte (`benchmarks/features.md`).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import deflate
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.decode.chunks import walk_png
from dedup_assets.kernels.decode.pixels import reduce_bands

_CHANNELS: Final = {"L": 1, "RGB": 3, "RGBA": 4}
_HIGHEST_FILTER: Final = 4
_CHECKSUM_BYTES: Final = 4
_NOT_PLAIN: Final = (b"tRNS", b"acTL")

MAX_BYTES: Final = 64 << 20
"""For a moment the file lies twice in memory beside 3 bytes a pixel; in Pillow once, beside 4."""


def read_plain_png(data: bytes, image: Image.Image) -> Callable[[int], Image.Image] | None:
    """Return what averages the picture of a PNG that Pillow opened by a factor, as `reduce_to_plain` does, with the same `info`.

    Plain is a picture of 8 bits a sample in gray, RGB or RGBA, not interlaced, of one frame, without a colour that means
    transparency, and with nothing between its image data and its end. None for all others, which Pillow is to load.
    """
    channels = _CHANNELS.get(image.mode)
    if image.format != "PNG" or channels is None or len(data) > MAX_BYTES:
        return None
    rows = _inflate(data, image.height, 1 + image.width * channels)
    if rows is None or rows[:, 0].max() > _HIGHEST_FILTER:
        return None
    unfilter(rows, channels)
    return partial(_average, rows, image)


@compiled
def unfilter(rows: NDArray[np.uint8], channels: int) -> None:
    """Turn differences into samples, in place: (h, 1 + w * channels) uint8, each row behind the number of its filter.

    PNG specification (ISO/IEC 15948), filters 0 to 4: none, left, above, mean of both, Paeth's nearest of three.
    """
    height, width = rows.shape
    for y in range(height):
        row, above, kind = rows[y], rows[y - 1] if y else rows[y], rows[y, 0]
        if kind == 0:
            continue
        for x in range(1, width):
            left = np.int32(row[x - channels]) if x > channels else np.int32(0)
            if kind == 1:
                row[x] += left
                continue
            up = np.int32(above[x]) if y else np.int32(0)
            if kind == 2:
                row[x] += up
            elif kind == 3:
                row[x] += (left + up) >> 1
            else:
                corner = np.int32(above[x - channels]) if y and x > channels else np.int32(0)
                from_left, from_up = abs(up - corner), abs(left - corner)
                from_corner = abs(left + up - 2 * corner)
                nearest = up if from_up <= from_corner else corner
                row[x] += left if from_left <= from_up and from_left <= from_corner else nearest


def _inflate(data: bytes, height: int, row_bytes: int) -> NDArray[np.uint8] | None:
    """The (height, row_bytes) filtered rows; None where there are more, fewer or none."""
    packed = _image_data(data)
    try:
        inflated = deflate.zlib_decompress(packed, height * row_bytes) if packed else b""
    except deflate.DeflateError:
        return None
    return np.frombuffer(inflated, np.uint8).reshape(height, row_bytes) if len(inflated) == height * row_bytes else None


def _average(rows: NDArray[np.uint8], image: Image.Image, factor: int) -> Image.Image:
    picture = reduce_bands(partial(_band, rows, image.mode, image.width), image.size, factor)
    picture.info = image.info
    return picture


def _band(rows: NDArray[np.uint8], mode: str, width: int, top: int, bottom: int) -> Image.Image:
    """Rows `top` to `bottom`, exclusive, as an image."""
    band = rows[top:bottom].reshape(-1)[1:]
    return Image.frombytes(mode, (width, bottom - top), band, "raw", mode, rows.shape[1], 1)


def _image_data(data: bytes) -> bytes | None:
    """The compressed picture; None for a PNG that is not plain, or ends early."""
    if data[12:16] != b"IHDR" or data[24] != 8 or data[28] != 0:
        return None
    parts, view = list[memoryview](), memoryview(data)
    for kind, begin, end in walk_png(data):
        if kind == b"IDAT":
            parts.append(view[begin:end])
        elif kind == b"IEND":
            return b"".join(parts) if end + _CHECKSUM_BYTES <= len(data) else None
        elif parts or kind in _NOT_PLAIN:
            return None
    return None
