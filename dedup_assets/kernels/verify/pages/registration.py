"""Laying the finer record of one page upon that of another, to a fraction of a pixel.

Here belongs where strokes lie. A first map, of thumbnails, is exact to some 10 px of a finer record; blocks of strokes are then
found again, from coarse to fine, and a smooth field of their shifts is added: a page that went through a feeder, or was
photographed, is no plane. What the strokes say is in `words.py`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import resize_into
from dedup_assets.kernels.verify.exact.alignment import invert_map
from dedup_assets.kernels.verify.maps import WHOLE_BOX, box_to_pixels

Strokes = NDArray[np.float32]

SMOOTHING_PX, TREND_PX = 0.6, 8.0
STROKE_QUANTILE, MIN_STROKE_LEVELS = 0.985, 16.0
"""What of a record's band of frequencies is one unit: the level that 1.5 % of its pixels exceed, where there is any."""
ROUNDS = ((4, 24, 8), (1, 64, 12), (1, 40, 4))
"""Scale, side of a block and reach, in px at that scale, one round after the other."""
MIN_BLOCK_VARIANCE = 0.003
MIN_BLOCK_CORRELATION, MIN_PEAK_CURVATURE = 0.5, 0.03
"""Second difference of the correlation along x and y: below it a block may slide along a ruled line."""
BLOCKS_A_SIDE = 9
GRID_PX = 16
MIN_SHIFT_PX = 0.1
FIT_ROUNDS, FIT_PX, LOOSE_PX = 5, 0.6, 4.0
MIN_FOR_TERMS = ((24, 6), (6, 3), (1, 1))
"""So many blocks for so many terms of the field: a quadratic, a plane, one shift."""


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
    target, moving, to_moving = (left, right, there) if scale >= 1 else (right, left, invert_map(there))
    shrinks = min(scale, 1 / scale)
    size = max(1, round(moving.shape[1] * shrinks)), max(1, round(moving.shape[0] * shrinks))
    small = resize_into(moving, size) if shrinks < 1 else moving
    to_small = _pixels(small) @ invert_map(_pixels(moving)) @ to_moving
    return _register(find_strokes(target), find_strokes(small), to_small)


def find_strokes(gray: NDArray[np.uint8]) -> Strokes:
    """The band of frequencies of a (h, w) uint8 picture that strokes lie in, float32, in units of its own contrast.

    It is linear, so that what stands around a place, shadows and paper do not matter.
    """
    levels = gray.astype(np.float32)
    fine, trend = (
        cv2.GaussianBlur(levels, (0, 0), px, borderType=cv2.BORDER_REPLICATE) for px in (SMOOTHING_PX, TREND_PX)
    )
    band = fine - trend
    unit = float(np.quantile(np.abs(band[::4, ::4]), STROKE_QUANTILE))
    return np.asarray(band / max(unit, MIN_STROKE_LEVELS), np.float32)


def correlate(one: Strokes, other: Strokes) -> float:
    """Of two (n,) samples about 0, -1..1."""
    energies = float((one * one).sum()) * float((other * other).sum())
    return float((one * other).sum()) / max(float(np.sqrt(energies)), 1e-6)


def _register(target: Strokes, moving: Strokes, matrix: NDArray[np.float64]) -> LaidStrokes:
    """Add rounds of shifts to a map, 3x3, of px of target to px of moving, as long as the two correlate better for it."""
    field = np.zeros((6, 2))
    best = _lay(target, moving, matrix, field)
    for scale, block, reach in ROUNDS:
        found = _find_shifts(best, scale, block, reach)
        more = _fit_field(found, best.target.shape)
        if more is not None and np.abs(more).max() >= MIN_SHIFT_PX:
            laid = _lay(target, moving, matrix, field + more)
            if laid.correlation > best.correlation:
                best, field = laid, field + more
    return best


def _lay(target: Strokes, moving: Strokes, matrix: NDArray[np.float64], field: NDArray[np.float64]) -> LaidStrokes:
    height, width = target.shape
    down, across = np.mgrid[0 : height + GRID_PX : GRID_PX, 0 : width + GRID_PX : GRID_PX].astype(np.float64)
    shifted = np.stack([across, down], -1) + _terms(across / width, down / height, 6) @ field
    mapped = np.concatenate([shifted, np.ones((*across.shape, 1))], -1) @ matrix.T
    places = (mapped[..., :2] / mapped[..., 2:]).astype(np.float32)
    enlarge = np.array([[GRID_PX, 0, 0], [0, GRID_PX, 0]], np.float32)
    x, y = cv2.split(cv2.warpAffine(places, enlarge, (width, height), flags=cv2.INTER_LINEAR))
    moved = np.asarray(cv2.remap(moving, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
    inside = (np.minimum(x, y) >= 0) & (x <= moving.shape[1] - 1) & (y <= moving.shape[0] - 1)
    return LaidStrokes(target, moved, inside, correlate(target[inside], moved[inside]))


def _terms(x: NDArray[np.float64], y: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """1, x, y, x², y², xy of shares of width and height, about the middle."""
    x, y = x - 0.5, y - 0.5
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], -1)[..., :count]


def _find_shifts(laid: LaidStrokes, scale: int, block: int, reach: int) -> NDArray[np.float64]:
    """Place x, y and shift x, y, in px of the target, of the blocks that are found again for sure; (n, 4)."""
    target, moved = (_reduced(each, scale) for each in (laid.target, laid.moved))
    inside = _reduced(laid.inside.astype(np.float32), scale) > 0.5
    found = [_find_shift(target, moved, *place, block, reach) for place in _strongest(target, inside, block, reach)]
    return np.array([shift for shift in found if shift is not None]).reshape(-1, 4) * scale


def _reduced(values: Strokes, scale: int) -> Strokes:
    size = max(1, values.shape[1] // scale), max(1, values.shape[0] // scale)
    return values if scale == 1 else np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


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


def _find_shift(
    target: Strokes, moved: Strokes, top: int, left: int, block: int, reach: int
) -> tuple[float, float, float, float] | None:
    around = moved[top - reach : top + block + reach, left - reach : left + block + reach]
    scores = cv2.matchTemplate(around, target[top : top + block, left : left + block], cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    if best < MIN_BLOCK_CORRELATION or not (0 < x < 2 * reach and 0 < y < 2 * reach):
        return None
    lines = scores[y, x - 1 : x + 2].astype(float), scores[y - 1 : y + 2, x].astype(float)
    bends = [2 * line[1] - line[0] - line[2] for line in lines]
    if min(bends) < MIN_PEAK_CURVATURE:
        return None
    steps = [(line[2] - line[0]) / (2 * bend) for line, bend in zip(lines, bends, strict=True)]
    middle = (block - 1) / 2
    return left + middle, top + middle, x - reach + steps[0], y - reach + steps[1]


def _fit_field(found: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """The smooth field that most shifts follow, (6, 2) px for the terms of `_terms`; None without shifts."""
    count = next((terms for least, terms in MIN_FOR_TERMS if len(found) >= least), 0)
    if not count:
        return None
    design, shifts = _terms(found[:, 0] / shape[1], found[:, 1] / shape[0], count), found[:, 2:]
    away = np.linalg.norm(shifts - np.median(shifts, axis=0), axis=1)
    kept = away <= max(LOOSE_PX, 2 * float(np.median(away)))
    field = np.zeros((6, 2))
    for _ in range(FIT_ROUNDS):
        if kept.sum() < count:
            return None
        field[:count] = np.linalg.lstsq(design[kept], shifts[kept], rcond=None)[0]
        residuals = np.linalg.norm(shifts - design @ field[:count], axis=1)
        kept = residuals <= max(FIT_PX, 1.5 * float(np.median(residuals[kept])))
    return field


def _pixels(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The map, 3x3, of fractions of a picture to its pixels."""
    return box_to_pixels(WHOLE_BOX, picture.shape[1::-1])
