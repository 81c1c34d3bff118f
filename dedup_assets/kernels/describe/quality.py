"""Quality signals of one decoded picture: how sharp, how compressed, whether enlarged, how much there is to hash.

Here belong measures of a single picture. Choosing between pictures is in `kernels/keep/ranking.py`, finding uniform borders in
`borders.py`, reading compression from tables and pixels in `compression.py` and `lattice.py`, colours in `palette.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.describe.compression import JPEG_GRID_PX, estimate_jpeg_quality, measure_blockiness
from dedup_assets.kernels.describe.gaps import find_gaps
from dedup_assets.kernels.describe.hashes import sum_cells
from dedup_assets.kernels.describe.lattice import estimate_prior_jpeg_quality
from dedup_assets.kernels.describe.resolution import measure_resolved_share
from dedup_assets.kernels.describe.shrinking import Reduction

SPECTRUM_SIDE_PX = 256
KEPT_BAND, LOST_BAND = (0.12, 0.25), (0.32, 0.5)
SPECTRUM_LINES = 32
# Lines hold less of what an enlargement loses than the plane does: with 1.15 the score is that of the plane within 0.015
# in the mean of 2,700 pictures made of 100 photographs: halved, enlarged or not, then at JPEG quality 50 and 85 or not.
LOST_WEIGHT = 1.15
ROUNDING_POWER = 1 / 12
MIN_KEPT_POWER = 2.0
FULL_RATIO, EMPTY_RATIO = -1.0, -2.5

# Of 614 photographs 1 in 500 had a detail of 2.5 or less, and the least contrast was 10. Flat colours, linear and radial
# gradients, vignettes, near-black frames and blank scans had a detail of 2.5 at most. Full pages of text have 3.7 to 5.
MAX_FLAT_CONTRAST = 3.0
MAX_FLAT_DETAIL = 2.5


@dataclass(frozen=True, slots=True)
class QualitySignals:
    """What one picture tells about its own quality; comparable between pictures only as each field says.

    sharpness           mean absolute Laplacian of the luma, gray levels; comparable at equal size; noise raises it
    jpeg_quality        IJG quality of the file's own tables, 1..100; None without tables
    prior_jpeg_quality  IJG quality of an earlier, coarser JPEG compression still visible in the pixels; None: no trace
    blockiness          gray levels by which 8x8 blocks stand out, about -4..10; 0 where it cannot be told
    bits_per_pixel      file bits over full-size pixels, > 0
    upscale_score       0 (full spectrum) .. 1 (nothing above what a 2x enlargement leaves); 0 where it cannot be told
    resolved_share      share of the side, 0..1, to which it could shrink without losing structure; 1 where it cannot be told
    """

    sharpness: float
    jpeg_quality: int | None
    prior_jpeg_quality: int | None
    blockiness: float
    bits_per_pixel: float
    upscale_score: float
    resolved_share: float


def measure_quality(
    picture: Reduction,
    width_px: int,
    height_px: int,
    size_bytes: int,
    jpeg_quantization: Sequence[Sequence[int]] | None = None,
) -> QualitySignals:
    """Measure one picture.

    picture is that of the whole upright image, decoded at full size or scaled down by the decoder. Spectrum and traces
    of earlier compression are measured only where it has the full size (width_px x height_px, upright).
    jpeg_quantization holds the file's tables as Pillow's `image.quantization` values, None for other formats.
    """
    gray = picture.gray
    jpeg_quality = estimate_jpeg_quality(jpeg_quantization)
    full_size = gray.shape == (height_px, width_px)
    return QualitySignals(
        sharpness=_sum_laplacian(gray) / gray.size,
        jpeg_quality=jpeg_quality,
        prior_jpeg_quality=_find_prior_quality(gray, jpeg_quality, jpeg_quantization) if full_size else None,
        blockiness=measure_blockiness(gray) if full_size else 0.0,
        bits_per_pixel=8 * size_bytes / (width_px * height_px),
        upscale_score=_measure_upscaling(gray) if full_size else 0.0,
        resolved_share=measure_resolved_share(gray, max(1, round(height_px / len(gray)))),
    )


def _find_prior_quality(
    gray: NDArray[np.uint8], jpeg_quality: int | None, tables: Sequence[Sequence[int]] | None
) -> int | None:
    """Return the quality of an earlier, coarser compression that shows as a lattice, or else as gaps in that of the file."""
    prior = estimate_prior_jpeg_quality(gray, jpeg_quality)
    if prior is not None or not tables:
        return prior
    return find_gaps(gray, np.reshape(tables[0], (JPEG_GRID_PX, JPEG_GRID_PX)).astype(np.int64))


@overload
def is_low_information(contrast: float, detail: float) -> bool: ...
@overload
def is_low_information(contrast: NDArray[np.float64], detail: NDArray[np.float64]) -> NDArray[np.bool_]: ...
def is_low_information(
    contrast: float | NDArray[np.float64], detail: float | NDArray[np.float64]
) -> bool | NDArray[np.bool_]:
    """Whether a picture carries too little signal for its perceptual hashes to be evidence; for one or (n,) pictures.

    contrast: standard deviation of gray_64, 0..127; detail: as in QualitySignals. Bounds are inclusive.
    """
    return (contrast <= MAX_FLAT_CONTRAST) | (detail <= MAX_FLAT_DETAIL)


def measure_detail(gray: NDArray[np.uint8]) -> float:
    """Return `measure_details` of one (h, w) uint8 picture, first averaged over areas down to 64x64."""
    small = cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return float(measure_details(small[None])[0])


def measure_details(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how far a cell of a 16x16 picture stands from the mean of its four neighbours, gray levels, >= 0; (n,).

    gray: (n, 64, 64) uint8. It is the upper quartile over the inner cells: gradients, vignettes and blank paper have
    next to none; of a product on white a quarter of the cells suffices.
    """
    cells = sum_cells(gray).astype(np.float32) / 16
    beside = (cells[:, :-2, 1:-1] + cells[:, 2:, 1:-1] + cells[:, 1:-1, :-2] + cells[:, 1:-1, 2:]) / 4
    apart = np.sort(np.abs(cells[:, 1:-1, 1:-1] - beside).reshape(len(gray), -1), axis=1)
    below, share = divmod(0.75 * (apart.shape[1] - 1), 1)
    low, high = apart[:, int(below)], apart[:, int(below) + 1]
    return np.asarray(low + (high - low) * share, dtype=np.float64)


@compiled
def _sum_laplacian(gray: NDArray[np.uint8]) -> int:
    """Return the sum over (h, w) of |4 x a pixel - its four neighbours|; outside its edges the picture is mirrored."""
    height, width = gray.shape
    total = 0
    for row in range(height):
        line, above = gray[row], gray[min(abs(row - 1), height - 1)]
        below = gray[row + 1 if row + 1 < height else max(row - 1, 0)]
        inner = np.int32(0)
        for at in range(1, width - 1):
            beside = np.int16(above[at]) + np.int16(below[at]) + np.int16(line[at - 1]) + np.int16(line[at + 1])
            inner += np.int32(abs(np.int16(4 * np.int16(line[at]) - beside)))
        total += int(inner)
        for at in range(0, width, max(1, width - 1)):
            neighbour = at - 1 if at else min(1, width - 1)
            total += abs(4 * np.int64(line[at]) - above[at] - below[at] - 2 * np.int64(line[neighbour]))
    return total


def _measure_upscaling(gray: NDArray[np.uint8]) -> float:
    """Compare the power that an enlargement by 2 loses, above 0.32 of the sampling rate, with what it keeps."""
    side = min(*gray.shape, SPECTRUM_SIDE_PX) // 2 * 2
    if side < SPECTRUM_SIDE_PX // 4:
        return 0.0
    top, left = (gray.shape[0] - side) // 2, (gray.shape[1] - side) // 2
    power = _line_spectrum(gray[top : top + side, left : left + side])
    lost, kept = LOST_WEIGHT * _mean_in_band(power, LOST_BAND), _mean_in_band(power, KEPT_BAND)
    if kept < MIN_KEPT_POWER:
        return 0.0
    octaves = math.log10(max(lost, ROUNDING_POWER / 8) / kept)
    return min(1.0, max(0.0, (octaves - FULL_RATIO) / (EMPTY_RATIO - FULL_RATIO)))


def _line_spectrum(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean DCT power of 32 rows and 32 columns, evenly spaced, of a square."""
    step = max(1, len(crop) // SPECTRUM_LINES)
    lines = np.concatenate([crop[step // 2 :: step], crop[:, step // 2 :: step].T]).astype(np.float32)
    waves = cv2.dct(lines, flags=cv2.DCT_ROWS)
    return np.asarray(cv2.reduce(cv2.multiply(waves, waves), 0, cv2.REDUCE_AVG)[0], dtype=np.float32)


def _mean_in_band(power: NDArray[np.float32], band: tuple[float, float]) -> float:
    """Return what the mean over the plane, where the higher of both frequencies is in the band, is about.

    The lines of natural pictures vary little across, so lines and columns hold the power of the L-shaped region.
    """
    inner, outer = (round(2 * share * len(power)) for share in band)
    mean = float(power[inner:outer].sum()) / (outer - inner)
    return (mean - ROUNDING_POWER) * 2 * len(power) / (inner + outer)
