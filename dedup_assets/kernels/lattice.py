"""The trace that an earlier JPEG compression leaves in the pixels: coefficients on multiples of its steps.

Here belongs finding that trace in one picture. What a file's own tables and the borders of its blocks tell is in
`compression`.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compression import JPEG_GRID_PX, centre_span, scale_luminance_table, step_percent

# An earlier compression is sought at these qualities: 20 to 180 % of the standard steps, 14 % apart, so that the
# nearest is at most 7 % off and the first multiples of its steps still coincide.
SOUGHT_QUALITIES = (27, 32, 36, 41, 47, 54, 59, 64, 68, 72, 76, 79, 81, 83, 85, 87, 89)
MIN_COARSER = 1.5
CROP_SIDE_PX = 256
BINS_PER_LEVEL = 4
BIN_COUNT = 64 * BINS_PER_LEVEL

# Coefficients of up to 3 half waves along each side, without the mean and the finest of these 16.
WAVES = 4
UNUSED = ((0, 0), (WAVES - 1, WAVES - 1))

# Mean of cos(2 pi c / step) over coefficients c beyond half a step: 1 on the lattice, about 0 off it. On 120
# photographs and 1,700 edits 0.3 found 8 of 9 turned and re-encoded JPEGs of quality 75, all 8 saved as PNG, all 9
# mirrored; a trace in none of 29 originals below quality 91 and in 2 of 90 above, whose PNG copies show it too.
MIN_LATTICE_FIT = 0.3
MIN_LATTICE_COUNT = 100

# Every eighth row of blocks is looked at first. Of 1,551 traces in 50 photographs, compressed once or twice, upright or
# turned, none fitted there by less than 0.27; of 849 pictures without a trace 6 in 100 fitted by 0.2.
ROWS_APART = 8
MIN_SAMPLE_FIT = 0.2

Fits = tuple[NDArray[np.float32], NDArray[np.float32]]


def estimate_prior_jpeg_quality(gray: NDArray[np.uint8], jpeg_quality: int | None) -> int | None:
    """Return the IJG quality, about 27..89, of an earlier and coarser JPEG compression that the pixels still show.

    gray: (h, w) uint8, upright and full size; a centre crop of 256 px is looked at. jpeg_quality: that of the file's
    own tables, None for other formats. None: no trace. DCT coefficients of a decoded JPEG lie on multiples of its steps
    (Fan and de Queiroz, 2003); a finer second compression blurs these multiples, a change of size destroys them.
    """
    coarser = _coarser_qualities(jpeg_quality)
    if not coarser.any():
        return None
    crops = _centre_crops(gray)
    fit, count = _fit_lattices(crops, ROWS_APART)
    if not (coarser & (count >= MIN_LATTICE_COUNT / ROWS_APART) & (fit >= MIN_SAMPLE_FIT)).any():
        return None
    fit, count = _fit_lattices(crops)
    trusted = coarser & (count >= MIN_LATTICE_COUNT) & (fit >= MIN_LATTICE_FIT)
    if not trusted.any():
        return None
    strength = np.where(trusted, fit * np.sqrt(count), -1).max(axis=0)
    return SOUGHT_QUALITIES[int(np.argmax(strength))]


def _centre_crops(gray: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return a crop of whole blocks for each grid that the picture may have been compressed on.

    It begins at the top left, or where the far sides came to lie if the picture was turned after compression.
    """
    height, width = gray.shape
    rows = [centre_span(height, origin, CROP_SIDE_PX) for origin in sorted({0, height % JPEG_GRID_PX})]
    columns = [centre_span(width, origin, CROP_SIDE_PX) for origin in sorted({0, width % JPEG_GRID_PX})]
    return [gray[top : top + high, left : left + wide] for top, high in rows for left, wide in columns]


def _fit_lattices(crops: Sequence[NDArray[np.uint8]], rows_apart: int = 1) -> Fits:
    """Return fit and number of coefficients, (crops, qualities) each, by every so many rows of blocks."""
    sums = _count_coefficients(crops, rows_apart) @ _lattice_weights()
    waves, count = sums[:, : len(SOUGHT_QUALITIES)], sums[:, len(SOUGHT_QUALITIES) :]
    return waves / np.maximum(count, 1), count


def _count_coefficients(crops: Sequence[NDArray[np.uint8]], rows_apart: int = 1) -> NDArray[np.float32]:
    """Return how often each of the 16 low luminance coefficients has each size; (crops, 16 x BIN_COUNT).

    Of crops of unequal sizes, all whole blocks, as much is looked at as the smallest has.
    """
    height, width = min(len(crop) for crop in crops), min(crop.shape[1] for crop in crops)
    counted = WAVES * WAVES * BIN_COUNT
    if not height or not width:
        return np.zeros((len(crops), counted), dtype=np.float32)
    blocks = np.stack([_split_rows(crop[:height, :width])[::rows_apart] for crop in crops])
    lines = np.ascontiguousarray(np.moveaxis(blocks, 2, 0), dtype=np.float32).reshape(JPEG_GRID_PX, -1)
    basis = _cosines()
    coefficients = (basis @ lines).reshape(-1, JPEG_GRID_PX) @ basis.T
    sizes = cv2.convertScaleAbs(coefficients, alpha=BINS_PER_LEVEL).ravel()
    bins = sizes + _bin_offsets(len(crops), blocks[0].size // JPEG_GRID_PX**2)
    return np.bincount(bins, minlength=len(crops) * counted).reshape(-1, counted).astype(np.float32)


def _split_rows(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (h, w) as its rows of blocks, (h / 8, 8, w)."""
    return crop.reshape(-1, JPEG_GRID_PX, crop.shape[1])


@lru_cache(maxsize=128)
def _coarser_qualities(jpeg_quality: int | None) -> NDArray[np.bool_]:
    least = MIN_COARSER * step_percent(jpeg_quality)
    return np.array([step_percent(quality) > least for quality in SOUGHT_QUALITIES])


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float32]:
    """Return the first 4 of 8 orthonormal DCT-II waves, (4, 8), as JPEG quantizes them."""
    at = (2 * np.arange(JPEG_GRID_PX) + 1) * np.pi / (2 * JPEG_GRID_PX)
    waves = [np.cos(at * wave) * np.sqrt((2 if wave else 1) / JPEG_GRID_PX) for wave in range(WAVES)]
    return np.stack(waves).astype(np.float32)


@lru_cache(maxsize=64)
def _bin_offsets(crops: int, blocks: int) -> NDArray[np.uint16]:
    """Return where the bins begin of each coefficient of crops of so many blocks, by row, crop, block and column."""
    first = np.arange(crops * WAVES * WAVES, dtype=np.uint16).reshape(crops, WAVES, 1, WAVES) * np.uint16(BIN_COUNT)
    return np.repeat(first.swapaxes(0, 1), blocks, axis=2).ravel()


@lru_cache(maxsize=1)
def _lattice_weights() -> NDArray[np.float32]:
    """Return for each bin and sought quality the cosine of its phase where it is beyond half a step, else 0, then 1 or 0.

    (16 x BIN_COUNT, 2 x qualities); 0 throughout for coefficients that are not used.
    """
    size = np.arange(BIN_COUNT) / BINS_PER_LEVEL
    tables = np.stack([scale_luminance_table(quality) for quality in SOUGHT_QUALITIES])
    steps = tables[:, :WAVES, :WAVES, None].astype(np.float64)
    beyond = (size > steps / 2) & (size < size[-1])
    for row, column in UNUSED:
        beyond[:, row, column] = False
    waves = np.cos(2 * np.pi * size / steps) * beyond
    return np.concatenate([waves, beyond]).reshape(2 * len(tables), -1).T.astype(np.float32)
