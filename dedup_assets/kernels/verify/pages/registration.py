"""Laying the finer record of one page upon that of another, to a fraction of a pixel.

Here belongs where strokes lie. A first map, of thumbnails, is exact to some 10 px of a finer record; blocks of strokes are then
found again, from coarse to fine, and a smooth field of their shifts is added (`kernels/verify/changes/laying.py`): a page that
went through a feeder, or was photographed, is no plane. What the strokes say is in `words.py`.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import resize_into
from dedup_assets.kernels.verify.changes.laying import NOWHERE, at_scale, correlate, fit_field, lay_frame
from dedup_assets.kernels.verify.exact.alignment import find_block, invert_map, trend_of
from dedup_assets.kernels.verify.maps import WHOLE_BOX, box_to_pixels

Strokes = NDArray[np.float32]

SMOOTHING_PX = 0.6
STROKE_QUANTILE, MIN_STROKE_LEVELS = 0.985, 16.0
"""What of a record's band of frequencies is one unit: the level that 1.5 % of its pixels exceed, where there is any."""
ROUNDS = ((4, 24, 8), (2, 32, 6), (1, 40, 4))
"""Scale, side of a block and reach, in px at that scale, one round after the other."""
MIN_BLOCK_VARIANCE = 0.003
MIN_BLOCK_CORRELATION, MIN_PEAK_CURVATURE = 0.5, 0.03
"""Second difference of the correlation along x and y: below it a block may slide along a ruled line."""
BLOCKS_A_SIDE = 9
MIN_SHIFT_PX = 0.1


@dataclass(frozen=True, slots=True)
class LaidStrokes:
    """Two records in the pixels of the coarser one; (h, w), strokes as float32 about 0, in units of the record's own contrast.

    target, moved  strokes of either, darker than their ground below 0
    inside         bool, what both show
    correlation    of the two over what both show, -1..1, high is alike
    """

    target: Strokes
    moved: Strokes
    inside: NDArray[np.bool_]
    correlation: float


def lay_strokes(left: NDArray[np.uint8], right: NDArray[np.uint8], fitted_map: NDArray[np.float64]) -> LaidStrokes:
    """Lay the finer of two (h, w) uint8 pictures upon the coarser one.

    `fitted_map`, 3x3, takes fractions of left to fractions of right. Raises numpy.linalg.LinAlgError where it has no inverse.
    """
    there = _pixels(right) @ fitted_map @ invert_map(_pixels(left))
    scale = float(np.sqrt(abs(np.linalg.det(there[:2, :2]))))
    target, moving, mapped = (left, right, fitted_map) if scale >= 1 else (right, left, invert_map(fitted_map))
    shrinks = min(scale, 1 / scale)
    size = max(1, round(moving.shape[1] * shrinks)), max(1, round(moving.shape[0] * shrinks))
    small = resize_into(moving, size) if shrinks < 1 else moving
    return _register(find_strokes(target), find_strokes(small), mapped)


def find_strokes(gray: NDArray[np.uint8]) -> Strokes:
    """The band of frequencies of a (h, w) uint8 picture that strokes lie in, float32, in units of its own contrast.

    It is linear, so that what stands around a place, shadows and paper do not matter.
    """
    fine = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), SMOOTHING_PX, borderType=cv2.BORDER_REPLICATE)
    band = np.subtract(fine, trend_of(np.asarray(fine, np.float32)), out=fine)
    unit = float(np.quantile(np.abs(band[::4, ::4]), STROKE_QUANTILE))
    return np.asarray(np.divide(band, np.float32(max(unit, MIN_STROKE_LEVELS)), out=band), np.float32)


def _register(target: Strokes, moving: Strokes, mapped: NDArray[np.float64]) -> LaidStrokes:
    """Add rounds of shifts, from coarse to fine, to a map of fractions, 3x3, as long as the two correlate better for it."""
    field = NOWHERE
    for scale, block, reach in ROUNDS:
        both = _reduced(target, scale), _reduced(moving, scale)
        matrix = _pixels(both[1]) @ mapped @ invert_map(_pixels(both[0]))
        best = _lay(*both, matrix, at_scale(field, 1 / scale))
        found = _find_shifts(best, block, reach)
        more, _ = fit_field(found, best.target.shape)
        if np.abs(more).max() * scale >= MIN_SHIFT_PX:
            laid = _lay(*both, matrix, at_scale(field, 1 / scale) + more)
            if laid.correlation > best.correlation:
                best, field = laid, field + at_scale(more, scale)
    return best


def _lay(target: Strokes, moving: Strokes, matrix: NDArray[np.float64], field: NDArray[np.float64]) -> LaidStrokes:
    laid = lay_frame(moving[..., None], matrix, target.shape, field)
    moved = laid.planes[..., 0]
    return LaidStrokes(target, moved, laid.inside > 0, correlate(target, moved, laid.inside))


def _reduced(values: Strokes, scale: int) -> Strokes:
    size = max(1, values.shape[1] // scale), max(1, values.shape[0] // scale)
    return values if scale == 1 else np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _find_shifts(laid: LaidStrokes, block: int, reach: int) -> NDArray[np.float64]:
    """The blocks that are found again for sure, as `laying.find_shifts`: each says as much of every direction."""
    least = MIN_BLOCK_CORRELATION, MIN_PEAK_CURVATURE
    places = _strongest(laid.target, laid.inside, block, reach)
    found = [find_block(laid.target, laid.moved, place, block, reach, least) for place in places]
    return np.array([(*shift, 1.0, 0.0, 1.0) for shift in found if shift is not None]).reshape(-1, 7)


def _strongest(strokes: Strokes, inside: NDArray[np.bool_], block: int, reach: int) -> list[tuple[int, int]]:
    """Upper left corners y, x of the blocks with most strokes, one in each of some 9 x 9 parts of the picture."""
    height, width = strokes.shape
    energy = cv2.boxFilter(strokes * strokes, cv2.CV_32F, (block, block))
    best: dict[tuple[int, int], tuple[float, int, int]] = {}
    for y in range(reach, height - block - reach + 1, block):
        for x in range(reach, width - block - reach + 1, block):
            middle = y + block // 2, x + block // 2
            part = y * BLOCKS_A_SIDE // height, x * BLOCKS_A_SIDE // width
            if inside[middle] and energy[middle] > MIN_BLOCK_VARIANCE:
                best[part] = max(best.get(part, (0.0, 0, 0)), (float(energy[middle]), y, x))
    return [(y, x) for _, y, x in best.values()]


def _pixels(picture: NDArray[Any]) -> NDArray[np.float64]:
    """The map, 3x3, of fractions of a picture to its pixels."""
    return box_to_pixels(WHOLE_BOX, picture.shape[1::-1])
