"""What JPEG tables and pixels tell about how often and how hard a picture was compressed.

Here belong estimates for one picture by its tables and the borders of its blocks; those by single coefficients are in
`lattice.py`, comparing pictures is in `kernels/keep/ranking.py`. No file is opened here.
"""

from collections.abc import Sequence
from functools import lru_cache
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dedup_assets.kernels.compiled import compiled

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
    percent = int(step_percent(quality))
    return np.asarray(np.clip((STANDARD_LUMINANCE * percent + 50) // 100, 1, 255), dtype=np.int64)


@lru_cache(maxsize=1)
def _table_sums() -> NDArray[np.int64]:
    return np.array([scale_luminance_table(quality).sum() for quality in range(1, 101)])


def estimate_jpeg_quality(tables: Sequence[Sequence[int]] | None) -> int | None:
    """Return the IJG quality, 1..100, whose luminance table sums closest to the first of the given tables.

    Tables are 64 steps each, in any order. None without a table. Of equally close qualities the higher is returned.
    """
    return _find_quality(sum(tables[0])) if tables else None


@lru_cache(maxsize=1024)
def _find_quality(table_sum: int) -> int:
    gap = np.abs(_table_sums() - table_sum)
    return int(100 - np.argmin(gap[::-1]))


def step_percent(quality: ArrayLike) -> NDArray[np.float64]:
    """Return the size of quantization steps at IJG qualities 1..100, percent of the standard table; NaN for NaN."""
    given = np.asarray(quality, dtype=np.float64)
    return np.where(given < 50, 5000 / np.maximum(given, 1), 200 - 2 * given)


def quality_of_steps(percent: float) -> float:
    """Return the IJG quality, 1..100, of quantization steps of that size: the inverse of `step_percent`, for percents > 0."""
    return max(1.0, 100 - percent / 2 if percent <= 100 else 5000 / percent)


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
    columns, rows = _sum_steps(gray, top, left, height, width)
    across, down = gray.shape[1] % JPEG_GRID_PX, gray.shape[0] % JPEG_GRID_PX
    return _edge_excess(columns / height, across) + _edge_excess(rows / width, down)


def centre_span(length: int, origin: int, side: int) -> tuple[int, int]:
    """Return start and length of whole blocks, at most `side` pixels, about the centre on a grid through the origin."""
    span = min(side, length - origin) // JPEG_GRID_PX * JPEG_GRID_PX
    return origin + (length - origin - span) // 2 // JPEG_GRID_PX * JPEG_GRID_PX, span


@compiled
def _sum_steps(
    gray: NDArray[np.uint8], top: int, left: int, height: int, width: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sums of steps from each column and each row of a crop to the next, gray levels: (width - 1,), (height - 1,).

    Steps beyond 16 are edges of the picture and count as 16.
    """
    columns, rows = np.zeros(width - 1, dtype=np.int32), np.zeros(height - 1, dtype=np.int32)
    for row in range(height):
        line, below = gray[top + row, left:], gray[top + min(row + 1, height - 1), left:]
        for at in range(width - 1):
            step = abs(np.int16(np.int16(line[at + 1]) - np.int16(line[at])))
            columns[at] += min(np.int16(step), np.int16(MAX_EDGE_STEP))
        total = np.int32(0)
        for at in range(width):
            step = abs(np.int16(np.int16(below[at]) - np.int16(line[at])))
            total += min(np.int16(step), np.int16(MAX_EDGE_STEP))
        if row + 1 < height:
            rows[row] = total
    return columns, rows


def _edge_excess(mean: NDArray[np.float64], far_phase: int) -> float:
    """Return how much steps into lines 0 or far_phase (mod 8) exceed those beside them more than in other phases."""
    phases: list[float] = _sum_excess(mean).tolist()
    others = [phase for at, phase in enumerate(phases) if at not in (0, far_phase)]
    return (max(phases[0], phases[far_phase]) - median(others)) / ((len(mean) - 2) // JPEG_GRID_PX)


@compiled
def _sum_excess(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each phase (mod 8) by how much its steps exceed those beside them, summed over whole blocks; (8,)."""
    phases = np.zeros(JPEG_GRID_PX)
    for at in range(1, (len(mean) - 2) // JPEG_GRID_PX * JPEG_GRID_PX + 1):
        phases[(at + 1) % JPEG_GRID_PX] += 2 * mean[at] - mean[at - 1] - mean[at + 1]
    return phases
