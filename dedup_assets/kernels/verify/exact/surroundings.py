"""What lies around a picture that another one contains: a plain or blurred frame, or more of the scene.

Here belong measures of the container outside of an outline. Straight seams between the panels of a collage are in `seams.py`; what
either decides is in `pixel_tests.py`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import to_gray

FRAME_SHARE, WIDE_FRAME_SHARE = 0.5, 0.8
FRAME_LEVELS = 24
"""What lies around a contained picture is a frame where half of it is within 24 levels of one colour; where it is most of all that
is shown, as on a telephone, four fifths."""

FINE_PX = 1.5
"""Blur, in px of a thumbnail, whose difference from the picture is its fine detail."""
BESIDE_PX, BAND_PX = 3, 10
"""Detail is taken from bands of this width along both sides of the outline, which is exact to 2 px."""
MIN_DETAIL_RATIO = 3.5
"""Detail within over detail around: 126 photographs on their blurred selves, in three formats, had 3.7 to 20 and more. Of 768
crops, which leave more of the scene around, 4 reached 3.5."""
MAX_BLURRED_DETAIL = 2.0
"""Gray levels of detail that a blurred ground has at most; those had 0.4 to 1.8. Of the crops 1 passed both."""


def frame_share(container: NDArray[np.uint8], outline: NDArray[np.float64]) -> float:
    """Share, 0..1, of what surrounds the contained picture that is of one colour; 1 where it is blurred and the picture is not.

    container: (h, w, 3) uint8 RGB; outline: (4, 2) px, the corners of the contained picture in order. Stories and squares are
    often filled with the picture's own blurred enlargement.
    """
    covered = np.zeros(container.shape[:2], np.uint8)
    cv2.fillConvexPoly(covered, np.round(outline).astype(np.int32), 1)
    around = np.asarray(cv2.dilate(covered, np.ones((5, 5), np.uint8)) == 0, np.uint8)
    if not around.any():
        return 0.0
    return 1.0 if _is_blurred(container, covered) else _share_of_one_colour(container, around)


def _share_of_one_colour(container: NDArray[np.uint8], around: NDArray[np.uint8]) -> float:
    total, middles = cv2.countNonZero(around), []
    for channel in range(3):
        up_to = cv2.calcHist([container], [channel], around, [256], [0, 256]).cumsum()
        middles.append(np.searchsorted(up_to, ((total + 1) // 2, total // 2 + 1)).mean())
    plain = cv2.inRange(container, np.ceil(middles) - FRAME_LEVELS, np.floor(middles) + FRAME_LEVELS)
    return cv2.countNonZero(cv2.bitwise_and(plain, around)) / total


def _is_blurred(container: NDArray[np.uint8], covered: NDArray[np.uint8]) -> bool:
    gray = to_gray(container).astype(np.float32)
    detail = np.abs(gray - cv2.GaussianBlur(gray, (0, 0), FINE_PX, borderType=cv2.BORDER_REFLECT))
    inside, outside = (_band(mask) for mask in (covered, 1 - covered))
    if not (inside.any() and outside.any()):
        return False
    here, there = float(detail[inside].mean()), float(detail[outside].mean())
    return there <= MAX_BLURRED_DETAIL and here >= MIN_DETAIL_RATIO * there


def _band(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of a mask, (h, w), that lie BESIDE_PX to BESIDE_PX + BAND_PX from what is not in it."""
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    return np.asarray((distance > BESIDE_PX) & (distance <= BESIDE_PX + BAND_PX), np.bool_)
