"""Comparing two aligned pictures everywhere at once, and aligning them when they are already almost so.

Here belongs what is measured on pixels: local correlation, shares of agreement, strict equality. Finding the geometry
of a crop or a turn from local features is in `geometry`; what the numbers decide is in `verification`.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW_PX = 13
"""Side of the windows that are correlated, in a frame whose longer side has FRAME_PX: a tenth of the picture."""
FRAME_PX = 128
SMOOTHING_PX = 1.2
"""Blur before comparing: 256 / 128 px, so that noise, blocking and half a pixel of misalignment do not decide."""
TREND_PX = 8.0
"""What is coarser than this is taken away: every ramp correlates with every other one of its direction."""
MIN_CONTENT_STD = 4.0
"""Gray levels within a window: JPEG at quality 12 leaves up to 3 on flat colour, so 4 is picture."""
MIN_CORRELATION = 0.5
"""A window agrees from here; windows of unrelated photographs lie around 0 with standard deviation 0.3."""

MIN_PEAK_SHARPNESS = 0.75
"""Of the pixels within 3 levels of the commonest gray, those within 1: pages and screens, recompressed too, measured 0.75 to
0.99, plain grounds of photographs 0.5 to 0.75 except where clipped."""
STROKE_WINDOW_PX = 9
STROKE_SMOOTHING_PX = 0.7
STROKE_CONTRAST = 50.0
"""Gray levels that the whole picture's standard deviation is brought to, so that exposure does not matter."""
MIN_STROKE_STD = 10.0
MIN_STROKE_CORRELATION = 0.8
"""One 3 px digit against another correlates up to 0.9, recompressed or blurred strokes of their own from 0.95."""


@dataclass(frozen=True, slots=True)
class StructureComparison:
    """How two aligned gray pictures agree over the area that both cover.

    agreement      share of the windows with content whose correlation is at least MIN_CORRELATION, 0..1, high is alike
    correlation    mean local correlation over the windows with content, -1..1, high is alike
    content_share  share of the compared windows that have content in either picture, 0..1
    tone           correlation of the two as wholes over everything compared, -1..1, high is alike
    agreeing       (h, w) bool, where the pictures agree: structure correlates, or both are flat
    """

    agreement: float
    correlation: float
    content_share: float
    tone: float
    agreeing: NDArray[np.bool_]


def compare_structure(
    left: NDArray[np.uint8], right: NDArray[np.uint8], compared: NDArray[np.bool_]
) -> StructureComparison:
    """Correlate two (h, w) uint8 gray pictures in every window of WINDOW_PX whose centre is compared.

    Normalised cross-correlation (Lewis 1995), so exposure and contrast may differ from place to place. The
    result does not depend on which picture is left.
    """
    smooth = [_blurred(gray.astype(np.float32), SMOOTHING_PX) for gray in (left, right)]
    one, other = (picture - _blurred(picture, TREND_PX) for picture in smooth)
    means = [_windowed(picture) for picture in (one, other)]
    variances = [np.maximum(_windowed(p * p) - m * m, 0) for p, m in zip((one, other), means, strict=True)]
    covariance = _windowed(one * other) - means[0] * means[1]
    correlation = covariance / np.sqrt(np.maximum(variances[0] * variances[1], 1.0))
    content = np.maximum(*variances) >= MIN_CONTENT_STD**2
    agrees = correlation >= MIN_CORRELATION
    counted = content & compared
    found = int(counted.sum())
    return StructureComparison(
        agreement=float(agrees[counted].mean()) if found else 0.0,
        correlation=float(correlation[counted].mean()) if found else 0.0,
        content_share=found / max(1, int(compared.sum())),
        tone=_correlate(smooth[0][compared], smooth[1][compared]),
        agreeing=(agrees | ~content) & compared,
    )


def plain_share(gray: NDArray[np.uint8], compared: NDArray[np.bool_]) -> float:
    """Share, 0..1, of the compared pixels of a (h, w) uint8 picture within one level of its commonest gray.

    0 where the peak is broad: paper and screens are of one level, a photographed ground spreads over several.
    """
    counts = np.bincount(gray[compared], minlength=256) / max(1, int(compared.sum()))
    narrow, broad = (float(np.convolve(counts, np.ones(2 * levels + 1)).max()) for levels in (1, 3))
    return narrow if narrow >= MIN_PEAK_SHARPNESS * broad else 0.0


def measure_conflict(left: NDArray[np.uint8], right: NDArray[np.uint8], compared: NDArray[np.bool_]) -> float:
    """Share of the small windows with strokes in which both pictures have strokes, but others; 0..1, low is alike.

    For drawings, pages and screens, (h, w) uint8 gray at the size of thumbnails, where a word is three windows. What one
    picture has and the other lacks (a stamp on paper) is no conflict. The best of nine shifts by a pixel counts.
    """
    grays = (_blurred(gray.astype(np.float32), STROKE_SMOOTHING_PX) for gray in (left, right))
    one, other = ((p - p[compared].mean()) * (STROKE_CONTRAST / max(float(p[compared].std()), 1.0)) for p in grays)
    mean, variance = _moments(one)
    padded = np.pad(other, 1, mode="edge")
    best = np.full(one.shape, -1.0, np.float32)
    for y, x in product(range(3), range(3)):
        moved = padded[y : y + one.shape[0], x : x + one.shape[1]]
        moved_mean, moved_variance = _moments(moved)
        covariance = _windowed(one * moved, STROKE_WINDOW_PX) - mean * moved_mean
        best = np.maximum(best, covariance / np.sqrt(np.maximum(variance * moved_variance, 1.0)))
    other_variance = _moments(other)[1]
    either = compared & (np.maximum(variance, other_variance) >= MIN_STROKE_STD**2)
    both = compared & (np.minimum(variance, other_variance) >= MIN_STROKE_STD**2 / 2)
    return float((both & (best < MIN_STROKE_CORRELATION)).sum()) / max(1, int(either.sum()))


def _moments(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean = _windowed(values, STROKE_WINDOW_PX)
    return mean, _windowed(values * values, STROKE_WINDOW_PX) - mean * mean


def _correlate(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    if one.size == 0:
        return 0.0
    here, there = one - one.mean(), other - other.mean()
    return float((here * there).mean() / max(float(here.std() * there.std()), 1e-3))


def _blurred(values: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT), np.float32)


def _windowed(values: NDArray[np.float32], side: int = WINDOW_PX) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def to_gray(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB to (h, w) uint8 luma (Rec. 601)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def frame_size(width: int, height: int) -> tuple[int, int]:
    """Width and height, in px, of a picture's frame: its own aspect ratio, FRAME_PX on the longer side."""
    scale = FRAME_PX / max(width, height)
    return max(WINDOW_PX, round(width * scale)), max(WINDOW_PX, round(height * scale))


def resize_into(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize (h, w[, 3]) uint8 to `size` (width, height): averaging where it shrinks, cubic where it grows."""
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def warp_picture(picture: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Map (h, w[, 3]) uint8 by the 3x3 matrix into `size` (width, height); edges go on beyond the picture."""
    warped = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def invert_map(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 3x3 map back. Raises numpy.linalg.LinAlgError where there is none."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def refine_alignment(target: NDArray[np.uint8], moving: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """The affine map, 3x3, that takes pixels of `target` to those of `moving`, both (h, w) uint8 gray of one shape.

    Enhanced correlation coefficient maximisation (Evangelidis & Psarakis 2008) from the identity; None where
    it does not converge.
    """
    warp = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        _, warp = cv2.findTransformECC(target, moving, warp, cv2.MOTION_AFFINE, criteria, None, 5)  # type: ignore[call-overload]
    except cv2.error:
        return None
    return np.vstack([warp.astype(np.float64), [0.0, 0.0, 1.0]])


def largest_difference(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> tuple[float, float]:
    """Strict comparison of two (h, w, 3) uint8 pictures of one shape.

    Returns the largest difference of any channel after a 3x3 mean, in levels 0..255 (low is alike), and the correlation of
    the two (-1..1, high is alike; 1 where neither varies by more than half a level).
    """
    one, other = (picture.astype(np.float32) for picture in (left, right))
    difference = float(np.abs(cv2.blur(one, (3, 3)) - cv2.blur(other, (3, 3))).max())
    if max(one.std(axis=(0, 1)).max(), other.std(axis=(0, 1)).max()) <= 0.5:
        return difference, 1.0
    return difference, _correlate(one - one.mean(axis=(0, 1)), other - other.mean(axis=(0, 1)))
