"""What JPEG tables and pixels tell about how often and how hard a picture was compressed.

Here belong estimates for one picture by its tables and the borders of its blocks; those by single coefficients are in
`lattice`, comparing pictures is in `keeping`. No file is opened here.
"""

from collections.abc import Sequence
from functools import lru_cache
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

JPEG_GRID_PX = 8

BLOCKINESS_SIDE_PX = 512
MAX_EDGE_STEP = 16

# Luminance table of the JPEG standard (ITU-T T.81, 1992, annex K.1), row by row.
STANDARD_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def scale_luminance_table(quality: int) -> NDArray[np.int64]:
    """Return the (8, 8) luminance table that the Independent JPEG Group's encoder uses at quality 1..100."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(np.clip((STANDARD_LUMINANCE * percent + 50) // 100, 1, 255), dtype=np.int64)


@lru_cache(maxsize=1)
def _table_sums() -> NDArray[np.int64]:
    return np.array([scale_luminance_table(quality).sum() for quality in range(1, 101)])


def estimate_jpeg_quality(tables: Sequence[Sequence[int]] | None) -> int | None:
    """Return the IJG quality, 1..100, whose luminance table sums closest to the first of the given tables.

    Tables are 64 steps each, in any order. None without a table. Of equally close qualities the higher is returned.
    """
    if not tables:
        return None
    gap = np.abs(_table_sums() - sum(tables[0]))
    return int(100 - np.argmin(gap[::-1]))


def step_percent(quality: float | None) -> float:
    """Return the size of quantization steps at an IJG quality 1..100, percent of the standard table; 0 for None."""
    if quality is None:
        return 0.0
    return 5000 / quality if quality < 50 else 200.0 - 2 * quality


def measure_blockiness(gray: NDArray[np.uint8]) -> float:
    """Return by how many gray levels neighbours differ more across borders of 8x8 blocks than elsewhere; about -4..10.

    gray: (h, w) uint8, upright and full size; a centre crop of 512 px is looked at; 0 below 32 px. Summed over both
    directions (after Wang, Bovik and Evans, 2000), on a grid from the top left or, if the picture was turned after its
    compression, from the far sides. A change of tone keeps it, where the lattice of coefficients is lost.
    """
    top, height = centre_span(gray.shape[0], 0, BLOCKINESS_SIDE_PX)
    left, width = centre_span(gray.shape[1], 0, BLOCKINESS_SIDE_PX)
    if min(height, width) < 4 * JPEG_GRID_PX:
        return 0.0
    crop = gray[top : top + height, left : left + width]
    columns = _mean_steps(crop[:, 1:], crop[:, :-1], across=0)
    rows = _mean_steps(crop[1:], crop[:-1], across=1)
    return _edge_excess(columns, gray.shape[1] % JPEG_GRID_PX) + _edge_excess(rows, gray.shape[0] % JPEG_GRID_PX)


def centre_span(length: int, origin: int, side: int) -> tuple[int, int]:
    """Return start and length of whole blocks, at most `side` pixels, about the centre on a grid through the origin."""
    span = min(side, length - origin) // JPEG_GRID_PX * JPEG_GRID_PX
    return origin + (length - origin - span) // 2 // JPEG_GRID_PX * JPEG_GRID_PX, span


def _mean_steps(later: NDArray[np.uint8], earlier: NDArray[np.uint8], across: int) -> NDArray[np.float32]:
    """Return the mean step from each line to the next, gray levels; steps beyond 16 are edges of the picture."""
    steps = cv2.absdiff(later, earlier)
    steps = cv2.threshold(steps, MAX_EDGE_STEP, 255, cv2.THRESH_TRUNC, dst=steps)[1]
    return np.asarray(cv2.reduce(steps, across, cv2.REDUCE_AVG, dtype=cv2.CV_32F), dtype=np.float32).ravel()


def _edge_excess(mean: NDArray[np.float32], far_phase: int) -> float:
    """Return how much steps into lines 0 or far_phase (mod 8) exceed those beside them more than in other phases."""
    excess = 2 * mean[1:-1] - mean[:-2] - mean[2:]
    blocks = len(excess) // JPEG_GRID_PX
    sums = excess[: blocks * JPEG_GRID_PX].reshape(blocks, JPEG_GRID_PX).sum(axis=0)
    phases: list[float] = (sums / blocks).tolist()
    own, far = phases[-2], phases[far_phase - 2]
    others = [phase for at, phase in enumerate(phases, start=2) if at % JPEG_GRID_PX not in (0, far_phase)]
    return max(own, far) - median(others)
