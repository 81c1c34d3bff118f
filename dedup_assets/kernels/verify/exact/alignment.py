"""Comparing two aligned pictures everywhere at once, and aligning them when they are already almost so.

Here belongs what is measured on pixels: local correlation, shares of agreement, strict equality. Finding the geometry
of a crop or a turn from local features is in `geometry.py`; what the numbers decide is in `kernels/verify/cascade.py`.
"""

from dataclasses import dataclass
from typing import Any

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
MAX_FLAT_STD = 0.1
"""Levels: one colour, recompressed, is one colour still. A 12-bit scan stored in 16 bits shows as 0 to 3 levels of 255 with
0.5, and is no copy of a black picture."""
ENCLOSED_SHARE = 0.6
"""Of a flat area's rim: from here on what differs encloses it."""


@dataclass(frozen=True, slots=True)
class StructureComparison:
    """How two aligned gray pictures agree over the area that both cover.

    agreement      share of the windows with content whose correlation is at least MIN_CORRELATION, 0..1, high is alike
    correlation    mean local correlation over the windows with content, -1..1, high is alike
    content_share  share of the compared windows that have content in either picture, 0..1
    tone           correlation of the two as wholes over everything compared, -1..1, high is alike
    agreeing       (h, w) bool, where the pictures agree: structure correlates, or both are flat and not enclosed by what differs
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
    smooth = [blurred(gray.astype(np.float32), SMOOTHING_PX) for gray in (left, right)]
    one, other = (picture - blurred(picture, TREND_PX) for picture in smooth)
    means = [windowed(picture) for picture in (one, other)]
    variances = [np.maximum(windowed(p * p) - m * m, 0) for p, m in zip((one, other), means, strict=True)]
    covariance = windowed(one * other) - means[0] * means[1]
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
        agreeing=(agrees & content | _without_enclosed(~content & compared, content & ~agrees & compared)) & compared,
    )


def _correlate(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    if one.size == 0:
        return 0.0
    here, there = one - one.mean(), other - other.mean()
    return float((here * there).mean() / max(float(here.std() * there.std()), 1e-3))


def blurred(values: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """A plane, (h, w) float32, under a Gaussian; beyond its edges it is reflected."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT), np.float32)


def windowed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of a plane, (h, w) float32, in the window of WINDOW_PX about each pixel."""
    side = WINDOW_PX, WINDOW_PX
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, side, borderType=cv2.BORDER_REFLECT), np.float32)


def _without_enclosed(flat: NDArray[np.bool_], differing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flat areas, (h, w), without those that mostly border on what differs: the inside of a sticker is no agreement."""
    if not differing.any():
        return flat
    count, labels = cv2.connectedComponents(flat.astype(np.uint8), connectivity=4)
    around = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int64)
    rim = ~flat & (around > 0)
    sizes = np.bincount(around[rim], minlength=count)
    walls = np.bincount(around[rim & differing], minlength=count)
    enclosed = walls > ENCLOSED_SHARE * sizes
    return np.asarray(flat & ~enclosed[labels], np.bool_)


def trend_of(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    """What of a plane, (h, w) float32, is coarser than TREND_PX, found at a quarter of the size, where 8 px are 2."""
    height, width = smooth.shape
    if min(height, width) < 2 * WINDOW_PX:
        return blurred(smooth, TREND_PX)
    small = np.asarray(
        cv2.resize(smooth, (round(width / 4), round(height / 4)), interpolation=cv2.INTER_AREA), np.float32
    )
    return np.asarray(cv2.resize(blurred(small, TREND_PX / 4), (width, height)), np.float32)


def find_block(
    target: NDArray[Any],
    moved: NDArray[Any],
    corner: tuple[int, int],
    side: int,
    reach: int,
    least: tuple[float, float],
) -> tuple[float, float, float, float] | None:
    """Place x, y of the middle of a square block of target, (h, w), by its corner y, x, and its shift x, y to where moved shows
    it, to a fraction of a pixel.

    None where it is not found for sure, strictly within reach: with a correlation, and a second difference of that along x and
    y, that are the `least`; with less bend it may slide along an edge.
    """
    top, left = corner
    around = moved[top - reach : top + side + reach, left - reach : left + side + reach]
    scores = cv2.matchTemplate(around, target[top : top + side, left : left + side], cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    if best < least[0] or not (0 < x < 2 * reach and 0 < y < 2 * reach):
        return None
    lines = scores[y, x - 1 : x + 2].tolist(), scores[y - 1 : y + 2, x].tolist()
    bends = [2 * middle - before - after for before, middle, after in lines]
    if min(bends) < least[1]:
        return None
    across, down = ((line[2] - line[0]) / (2 * bend) for line, bend in zip(lines, bends, strict=True))
    middle = (side - 1) / 2
    return left + middle, top + middle, x - reach + across, y - reach + down


def frame_size(width: int, height: int) -> tuple[int, int]:
    """Width and height, in px, of a picture's frame: its own aspect ratio, FRAME_PX on the longer side."""
    scale = FRAME_PX / max(width, height)
    return max(WINDOW_PX, round(width * scale)), max(WINDOW_PX, round(height * scale))


def warp_picture(picture: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Map (h, w[, 3]) uint8 by the 3x3 matrix into `size` (width, height); edges go on beyond the picture."""
    warped = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def invert_map(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 3x3 map back. Raises numpy.linalg.LinAlgError where there is none."""
    (a, b, c), (d, e, f), last = matrix.tolist()
    determinant = a * e - b * d
    if last != [0.0, 0.0, 1.0] or not determinant:
        return np.asarray(np.linalg.inv(matrix), np.float64)
    rows = (e, -b, b * f - c * e), (-d, a, c * d - a * f), (0.0, 0.0, determinant)
    return np.asarray(np.array(rows) / determinant + 0.0, np.float64)  # without -0.0


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


def measure_difference(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """Strict comparison of two (h, w, 3) uint8 pictures of one shape.

    Returns the largest difference of the channels after a 3x3 mean, (h, w), in levels 0..255 (low is alike), and the correlation
    of the two (-1..1, high is alike; 1 where neither varies by more than MAX_FLAT_STD).
    """
    one, other = (picture.astype(np.float32) for picture in (left, right))
    difference = np.asarray(np.abs(cv2.blur(one, (3, 3)) - cv2.blur(other, (3, 3))).max(axis=2), np.float32)
    if max(one.std(axis=(0, 1)).max(), other.std(axis=(0, 1)).max()) <= MAX_FLAT_STD:
        return difference, 1.0
    return difference, _correlate(one - one.mean(axis=(0, 1)), other - other.mean(axis=(0, 1)))
