"""Drawings, pages and screens: whether two of them say different things.

Here belong measures of strokes on plain ground, where a whole picture may agree but for a word. Photographs are compared in
`alignment.py`; what the numbers decide is in `pixel_tests.py`.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]

STROKE_WINDOW_PX = 9
STROKE_SMOOTHING_PX = 0.7
MAGNIFIED_SMOOTHING = 0.8
"""Blur, in px of the coarser picture, that brings two resolutions to one: fine lines of a chart, at 96 px against 256,
contradicted each other in 0.19 of the windows without it and in 0.001 with it."""
STROKE_CONTRAST = 50.0
"""Gray levels that the whole picture's standard deviation is brought to, so that exposure does not matter."""
MIN_STROKE_STD = 10.0
MIN_STROKE_CORRELATION = 0.8
"""One 3 px digit against another correlates up to 0.9, recompressed or blurred strokes of their own from 0.95."""
MIN_BALANCE = 0.1
"""Other strokes are darker here and lighter there; a date, a watermark or a plain sticker over a drawing is only one of both.
Tables and certificates with other digits and names kept 0.64 to 0.88 of their conflict, a datestamp and a watermark on
a product on white kept 0.05."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """One gray picture with the mean and variance of each window; all (h, w) float32."""

    values: Gray
    mean: Gray
    variance: Gray


def measure_conflict(
    fine: NDArray[np.uint8], coarse: NDArray[np.uint8], compared: NDArray[np.bool_], magnification: float = 1.0
) -> float:
    """Share of the small windows with strokes in which both pictures have strokes, but others; 0..1, low is alike.

    For drawings, pages and screens, (h, w) uint8 gray at the size of thumbnails, where a word is three windows.
    `magnification` (>= 1) is by how much `coarse` was enlarged to lie on `fine`; both are compared at its resolution. What
    one picture has and the other lacks (a stamp on paper) is no conflict, nor what only darkens or only lightens. The
    best of nine shifts by a pixel counts.
    """
    sigma = float(np.hypot(STROKE_SMOOTHING_PX, MAGNIFIED_SMOOTHING * np.sqrt(max(0.0, magnification**2 - 1))))
    one, other = (_normalised(gray, compared, sigma) for gray in (fine, coarse))
    here, there = _windows(one), _windows(other)
    best, balance = _best_shift(here, there)
    either = compared & (np.maximum(here.variance, there.variance) >= MIN_STROKE_STD**2)
    both = compared & (np.minimum(here.variance, there.variance) >= MIN_STROKE_STD**2 / 2)
    contradicting = both & (best < MIN_STROKE_CORRELATION) & (balance >= MIN_BALANCE)
    return float(contradicting.sum()) / max(1, int(either.sum()))


def _best_shift(here: _Windows, there: _Windows) -> tuple[Gray, Gray]:
    """Of nine shifts by a pixel, each window's highest correlation, and how balanced the difference is under that shift."""
    height, width = here.values.shape
    padded = np.pad(there.values, 1, mode="edge")
    best, balance = np.full((height, width), -1.0, np.float32), np.zeros((height, width), np.float32)
    for y, x in product(range(3), range(3)):
        moved = _windows(padded[y : y + height, x : x + width])
        covariance = _mean(here.values * moved.values) - here.mean * moved.mean
        correlation = covariance / np.sqrt(np.maximum(here.variance * moved.variance, 1.0))
        better = correlation > best
        best = np.where(better, correlation, best)
        balance = np.where(better, _balance(here, moved), balance)
    return best, balance


def _balance(here: _Windows, there: _Windows) -> Gray:
    """The lesser of what is darker and what is lighter, over the greater, 0..1, in each window."""
    lighter = _mean(np.maximum(here.values - there.values, 0))
    darker = lighter - (here.mean - there.mean)
    return np.asarray(np.minimum(lighter, darker) / np.maximum(np.maximum(lighter, darker), 1.0), np.float32)


def _normalised(gray: NDArray[np.uint8], compared: NDArray[np.bool_], sigma_px: float) -> Gray:
    """Blurred, with the ground at 0 and one contrast; what covers strokes moves the mean, but not the plain ground."""
    smooth = np.asarray(
        cv2.GaussianBlur(gray.astype(np.float32), (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT), np.float32
    )
    counted = smooth[compared]
    factor = STROKE_CONTRAST / max(float(counted.std()), 1.0)
    return np.asarray((smooth - np.median(counted)) * factor, np.float32)


def _windows(values: Gray) -> _Windows:
    mean = _mean(values)
    return _Windows(values, mean, _mean(values * values) - mean * mean)


def _mean(values: Gray) -> Gray:
    side = STROKE_WINDOW_PX, STROKE_WINDOW_PX
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, side, borderType=cv2.BORDER_REFLECT), np.float32)
