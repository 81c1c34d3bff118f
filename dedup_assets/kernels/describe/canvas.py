"""How much of a canvas shows the picture: the corners of one that was turned, and a blurred enlargement of itself, show none.

Here belongs what fills a format without being a uniform border, which is found in `borders.py`.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

SIDE_PX: Final = 128
CORNER_NOISES: Final = (10, 4, 2, 1)
"""Gray levels within which a corner is of one colour, and all four are: the most that compression leaves, then less, so that a dark
picture does not run into black corners."""
MIN_CORNERS: Final = 0.03
MIN_CONVEX: Final = 0.97
MIN_REACH: Final = 0.97
"""What the corners leave is convex where a picture was turned, and reaches the four sides, which a product on white does not."""
MIN_TILT: Final = 2.0
"""Degrees. Where dark parts of the picture run into the corners, their hull is still the turned rectangle."""

PROBED_LINES, STEP_PX = 8, 8
MAX_BLURRED: Final = 1.6
"""Mean second difference along a line, gray levels, of a blurred ground that was saved at JPEG quality 85 or better."""
MIN_EDGE: Final = 5.0
"""Mean step from one line to the next, gray levels, where the picture begins; within a blurred ground there is none."""
MIN_FAINT_EDGE: Final = 2.5
"""The same at the other end, where the ground may look as the picture does."""
MIN_GROUND: Final = 3.0
"""Standard deviation of a blurred ground, gray levels; one colour is a border."""
MIN_FILL: Final = 0.04
MAX_OFF_CENTRE: Final = 0.02


def measure_picture_share(gray: Gray) -> float:
    """Return the share of (h, w) uint8, 0..1, that shows the picture; 1 where nothing tells otherwise."""
    if min(gray.shape) < SIDE_PX // 2:
        return 1.0
    return min(_share_within_corners(gray), _share_within_fill(gray), _share_within_fill(gray.T))


def _share_within_corners(gray: Gray) -> float:
    patches = [gray[y, x].mean() for y in (slice(4), slice(-4, None)) for x in (slice(4), slice(-4, None))]
    if max(patches) - min(patches) > CORNER_NOISES[0]:
        return 1.0
    small = np.asarray(cv2.resize(gray, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    shares = (_share_left(small, gray.shape[0] / gray.shape[1], noise) for noise in CORNER_NOISES)
    return next((share for share in shares if share < 1), 1.0)


def _share_left(small: Gray, proportion: float, noise: int) -> float:
    """Return the share that four corners of one colour leave; 1 where what they leave is not as a turned picture is.

    proportion: height by width of the canvas that was squeezed into the square.
    """
    last = SIDE_PX - 1
    mask = np.zeros((SIDE_PX + 2, SIDE_PX + 2), dtype=np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    for corner in ((0, 0), (last, 0), (0, last), (last, last)):
        cv2.floodFill(small, mask, corner, 0, noise, noise, flags)
    left = np.asarray(mask[1:-1, 1:-1] == 0, dtype=np.uint8)
    if left.mean() > 1 - MIN_CORNERS or min(left.any(axis=0).mean(), left.any(axis=1).mean()) < MIN_REACH:
        return 1.0
    hull = cv2.convexHull(cv2.findNonZero(left))
    shown = cv2.contourArea(hull)
    if left.sum() >= MIN_CONVEX * shown:
        return float(left.mean())
    _middle, sides, tilt = cv2.minAreaRect(np.asarray(hull * [1.0, proportion], dtype=np.float32))
    is_tilted = MIN_TILT <= abs(tilt) <= 90 - MIN_TILT and shown * proportion >= MIN_CONVEX * sides[0] * sides[1]
    return float(shown / left.size) if is_tilted else 1.0


def _share_within_fill(gray: Gray) -> float:
    """Return the share of the lines between two blurred bands of equal height; 1 where there are none."""
    height = len(gray)
    rows = np.linspace(0, MIN_FILL * height, PROBED_LINES).astype(int)
    for band in (gray[rows], gray[height - 1 - rows]):
        if _busy(band).max() > MAX_BLURRED or float(band.std()) < MIN_GROUND:
            return 1.0
    steps = np.abs(np.diff(gray[:, ::STEP_PX].astype(np.int16), axis=0)).mean(axis=1)
    band_px = 1 + min(_run(steps < MIN_EDGE), _run(steps[::-1] < MIN_EDGE))
    slack = 1 + int(MAX_OFF_CENTRE * height)
    edges = [float(side[max(0, band_px - 1 - slack) : band_px + slack].max(initial=0)) for side in (steps, steps[::-1])]
    if not MIN_FILL * height <= band_px < height // 2 or min(edges) < MIN_FAINT_EDGE:
        return 1.0
    calm = _busy(gray) <= MAX_BLURRED
    within = band_px - slack
    is_fill = calm[:within].all() and calm[height - within :].all() and not calm[band_px : height - band_px].all()
    return (height - 2 * band_px) / height if is_fill else 1.0


def _busy(lines: Gray) -> NDArray[np.float32]:
    """Return the mean absolute second difference along each line, at every eighth pixel."""
    left, middle, right = (lines[:, at : lines.shape[1] - 2 + at : STEP_PX].astype(np.int16) for at in range(3))
    return np.asarray(np.abs(left + right - 2 * middle).mean(axis=1), dtype=np.float32)


def _run(flags: NDArray[np.bool_]) -> int:
    return len(flags) if flags.all() else int(np.argmin(flags))
