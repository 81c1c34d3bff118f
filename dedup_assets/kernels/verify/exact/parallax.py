"""Whether parts of two aligned pictures lie elsewhere: two shots of one scene rather than two copies of one shot.

Here belongs the field of residual shifts. One map explains a copy wholly; from another viewpoint near things move against
far ones, and that no map of a plane explains (Hartley & Zisserman 2004, chapter 13).
"""

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import resize_into
from dedup_assets.kernels.verify.exact.alignment import find_block, frame_size

BLOCK_PX = 17
SEARCH_PX = 5
STEP_PX = 10
SMOOTHING_PX = 0.8
"""All in px of a frame with 128 on the longer side."""
MIN_BLOCK_STD = 8.0
MIN_BLOCK_CORRELATION = 0.85
MIN_PEAK_CURVATURE = 0.02
"""Second difference of the correlation at its peak, along x and y: below it the block may slide along an edge."""
DISPLACED_PX = 0.75
"""Copies stay within: recompressed, toned, cropped, tilted, captioned ones left 0 to 0.05 of their blocks beyond it."""
MIN_BLOCKS = 16
FIT_ROUNDS = 4
FIT_PX = 0.5


def measure_parallax(target: NDArray[np.uint8], warped: NDArray[np.uint8], compared: NDArray[np.bool_]) -> float:
    """Share, 0..1, of distinct blocks that lie elsewhere in the warped picture than one smooth map says; low is a copy.

    target, warped: (h, w) uint8 gray, aligned by a first map; compared: (h, w) bool. 0 where fewer than MIN_BLOCKS
    blocks are found again at all: what is covered or cannot be told apart is no evidence of parallax.
    """
    frame = frame_size(target.shape[1], target.shape[0])
    one, other = (
        np.asarray(cv2.GaussianBlur(resize_into(gray, frame), (0, 0), SMOOTHING_PX), np.uint8)
        for gray in (target, warped)
    )
    counted = cv2.resize(compared.astype(np.uint8), frame, interpolation=cv2.INTER_NEAREST) > 0
    found = [shift for corner in _corners(one.shape) if (shift := _block_shift(one, other, counted, *corner))]
    if len(found) < MIN_BLOCKS:
        return 0.0
    return float((_residuals(np.array(found)) > DISPLACED_PX).mean())


def _corners(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    top, left = (range(SEARCH_PX, length - BLOCK_PX - SEARCH_PX + 1, STEP_PX) for length in shape[:2])
    return list(product(top, left))


def _block_shift(
    one: NDArray[np.uint8], other: NDArray[np.uint8], counted: NDArray[np.bool_], top: int, left: int
) -> tuple[float, float, float, float] | None:
    """As `alignment.find_block`, of what is compared and varies."""
    block = one[top : top + BLOCK_PX, left : left + BLOCK_PX]
    if not counted[top + BLOCK_PX // 2, left + BLOCK_PX // 2] or block.std() < MIN_BLOCK_STD:
        return None
    return find_block(one, other, (top, left), BLOCK_PX, SEARCH_PX, (MIN_BLOCK_CORRELATION, MIN_PEAK_CURVATURE))


def _residuals(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance, px, of each shift from the quadratic field that most shifts follow: any lens or perspective is smooth."""
    x, y = ((column - column.mean()) / BLOCK_PX for column in found[:, :2].T)
    design, shifts = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1), found[:, 2:]
    kept = np.ones(len(found), np.bool_)
    residuals = np.zeros(len(found))
    for _ in range(FIT_ROUNDS):
        solution = np.linalg.lstsq(design[kept], shifts[kept], rcond=None)[0]
        residuals = np.linalg.norm(shifts - design @ solution, axis=1)
        closer = residuals <= max(FIT_PX, 1.5 * float(np.median(residuals)))
        if closer.sum() < MIN_BLOCKS // 2:
            break
        kept = closer
    return residuals
