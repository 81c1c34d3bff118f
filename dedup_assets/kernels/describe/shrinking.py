"""The small pictures that all measures of one picture share, so that each is made once, and cheaply.

Here belong luma, the 64x64 gray image and the small colour pictures. What is measured on them stands in `quality.py`,
`borders.py`, `compression.py` and `palette.py`; the thumbnail in `thumbnails.py`.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.describe.hashes import GRAY_SIDE

Pixels = NDArray[np.uint8]

COLOUR_SIDE_PX: Final = 32
TINT_SIDE_PX: Final = 128
THUMBNAIL_SIDE_PX: Final = 2 * TINT_SIDE_PX


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one picture is boiled down to before it is measured; all uint8, upright.

    gray is (h, w), the luma (ITU-R BT.601, as in JPEG) of the whole picture, as large as it was decoded; luma the same, its
    longer side 256 pixels at most. gray_64 is (64, 64), see `shrink_to_gray_64`. tints is (h', w', 3) RGB, its longer side 128
    pixels or, in a picture of at most 256, that of the picture itself. colour_32 is (32, 32, 3) RGB, averaged over areas,
    aspect ignored.
    """

    gray: Pixels
    gray_64: Pixels
    luma: Pixels
    tints: Pixels
    colour_32: Pixels


def reduce_picture(rgb: Pixels) -> Reduction:
    """Reduce (h, w, 3) uint8 RGB."""
    gray = to_gray(rgb)
    tints = _shrink_tints(rgb)
    luma = shrink_linearly(gray, *fit_within(gray, min(THUMBNAIL_SIDE_PX, max(gray.shape))))
    return Reduction(gray, shrink_to_gray_64(gray), luma, tints, _shrink_colours(tints))


def to_gray(picture: Pixels) -> Pixels:
    """Return the (h, w) luma of (h, w, 3) RGB; (h, w) is luma already and is returned as it is."""
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def shrink_to_gray_64(gray: Pixels) -> Pixels:
    """Average (h, w) uint8 over areas down to 64x64; a side shorter than 64 is stretched linearly."""
    small = np.empty((min(len(gray), GRAY_SIDE), min(gray.shape[1], GRAY_SIDE)), dtype=np.uint8)
    _average_areas(gray, small)
    if small.shape != (GRAY_SIDE, GRAY_SIDE):
        small = np.asarray(cv2.resize(small, (GRAY_SIDE, GRAY_SIDE), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return small


@compiled
def _average_areas(gray: Pixels, small: Pixels) -> None:
    """Fill (h', w') with the means of (h, w), no side of which is shorter, over equal areas; halves are rounded up.

    A pixel on the border of two areas counts in each by its share, in whole numbers: a side of the picture has as many
    units as the product of both lengths. Sides are shorter than 8 million.
    """
    (height, width), (high, wide) = gray.shape, small.shape
    columns, sums = np.empty(width, dtype=np.int32), np.zeros(width + 1, dtype=np.int64)
    for row in range(high):
        top, bottom = row * height, (row + 1) * height
        columns[:] = 0
        for line in range(top // high, (bottom + high - 1) // high):
            share = np.int32(min(bottom, (line + 1) * high) - max(top, line * high))
            for at in range(width):
                columns[at] += share * np.int32(gray[line, at])
        for at in range(width):
            sums[at + 1] = sums[at] + columns[at]
        before = 0
        for column in range(wide):
            at, part = divmod((column + 1) * width, wide)
            reached = sums[at] * wide + (part * columns[at] if part else 0)
            small[row, column] = np.uint8((reached - before) / (height * width) + 0.5)
            before = reached


def fit_within(picture: Pixels, side_px: int) -> tuple[int, int]:
    """Return width and height, each at least 1, of a picture whose longer side is scaled to side_px."""
    height, width = picture.shape[:2]
    share = side_px / max(height, width)
    return max(1, round(width * share)), max(1, round(height * share))


def resize_into(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize (h, w[, 3]) uint8 to `size` (width, height): averaging where it shrinks, cubic where it grows."""
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8)


def halve(picture: Pixels) -> Pixels:
    """Average (h, w) or (h, w, 3) uint8 over 2x2 pixels; the last line of an odd side is left out."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def shrink_linearly(picture: Pixels, width: int, height: int, max_ratio: int = 2) -> Pixels:
    """Scale (h, w) or (h, w, 3) uint8 to a size, halving while it is at least max_ratio times too large.

    Then neighbours are interpolated: as good to the eye as `cv2.INTER_AREA` at one step, and several times as fast.
    """
    while picture.shape[0] >= max_ratio * height and picture.shape[1] >= max_ratio * width:
        picture = halve(picture)
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _shrink_tints(rgb: Pixels) -> Pixels:
    """Colour is as coarse as that in most JPEG files already, so it may be sampled at every fourth pixel."""
    if max(rgb.shape) <= THUMBNAIL_SIDE_PX:
        return rgb
    width, height = fit_within(rgb, THUMBNAIL_SIDE_PX)
    return shrink_linearly(rgb, (width + 1) // 2, (height + 1) // 2, max_ratio=4)


def _shrink_colours(tints: Pixels) -> Pixels:
    if min(tints.shape[:2]) >= 2 * COLOUR_SIDE_PX:
        tints = np.asarray(cv2.resize(tints, (2 * COLOUR_SIDE_PX, 2 * COLOUR_SIDE_PX)), dtype=np.uint8)
    return np.asarray(cv2.resize(tints, (COLOUR_SIDE_PX, COLOUR_SIDE_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)
