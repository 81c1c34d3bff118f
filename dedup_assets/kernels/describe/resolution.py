"""Up to which frequency a picture holds structure: what enlarges it adds none, however it is sharpened or grained.

Here belongs the measure of one picture. Comparing it with a smaller one is in `kernels/keep/real_pixels.py`, the score of plain
enlargements in `quality.py`.
"""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX: Final = 256
LINES: Final = 32
SEGMENT_PX: Final = 16
MIN_KEPT_POWER: Final = 1.0
# The lower half of the squares of normal numbers has 0.143 of the mean of all.
NOISE_IN_QUIET_HALF: Final = 0.143

# Of photographs the structure just above the highest frequency of a copy 2, 3 or 4 times smaller has 10^-0.9 of the power just
# below it or more (JPEG quality 50 to 92, with noise of 5 levels too), of enlargements that were sharpened and grained 10^-1.2 or
# less; by 1.5 these meet at -1.1, and only -1.3 is sure. Six photographs at 480 px.
FACTORS: Final = {1.5: -1.3, 1.75: -1.2, 2.0: -1.15, 2.5: -1.15, 3.0: -1.1, 4.0: -1.1}
BELOW, ABOVE = (0.5, 0.85), (1.1, 1.6)


def measure_resolved_share(gray: NDArray[np.uint8], factor: int = 1) -> float:
    """Return the share of its side, 0.25 / factor to 1, to which (h, w) uint8 could be shrunk without losing structure.

    factor: by how much the picture was scaled down while it was decoded. A centre of 256 px is looked at; 1 where it
    cannot be told. Noise is as strong where a picture is quiet as anywhere else, so it is taken off.
    """
    side = min(*gray.shape, SIDE_PX) // SEGMENT_PX * SEGMENT_PX
    if side < SIDE_PX // 2:
        return 1.0
    below, above = (_bands() @ _structure(gray, side)).reshape(2, -1)
    drops = np.where(below >= MIN_KEPT_POWER, np.log10((above + 0.01) / np.maximum(below, MIN_KEPT_POWER)), 0)
    empty = [enlarged for (enlarged, limit), drop in zip(FACTORS.items(), drops, strict=True) if drop <= limit]
    return 1 / (max(empty) * factor) if empty else 1.0


def _structure(gray: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Return the mean DCT power of segments of 16 px of 32 rows and 32 columns, less that of noise; (16,)."""
    top, left = (gray.shape[0] - side) // 2, (gray.shape[1] - side) // 2
    crop, step = gray[top : top + side, left : left + side], max(1, side // LINES)
    lines = np.concatenate([crop[step // 2 :: step], crop[:, step // 2 :: step].T]).astype(np.float32)
    power = np.square(_waves() @ lines.reshape(-1, SEGMENT_PX).T)
    half = power.shape[1] // 2
    quiet = np.partition(power, half, axis=1)[:, :half].mean(axis=1)
    return np.asarray(np.maximum(power.mean(axis=1) - quiet / NOISE_IN_QUIET_HALF, 0), dtype=np.float32)


@cache
def _waves() -> NDArray[np.float32]:
    """Return the orthonormal DCT-II of 16 values, (16, 16)."""
    return np.asarray(cv2.dct(np.eye(SEGMENT_PX, dtype=np.float32), flags=cv2.DCT_ROWS).T)


@cache
def _bands() -> NDArray[np.float64]:
    """Return what takes 16 powers to their means just below the highest frequency of each factor, then just above it; (12, 16)."""
    frequency = np.arange(SEGMENT_PX) / (2 * SEGMENT_PX)
    cuts = [(low * 0.5 / factor, high * 0.5 / factor) for low, high in (BELOW, ABOVE) for factor in FACTORS]
    within = np.array([(frequency >= low) & (frequency <= high) for low, high in cuts])
    return np.asarray(within / within.sum(axis=1, keepdims=True))
