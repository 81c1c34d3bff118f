"""The trace that an earlier JPEG compression leaves in the pixels: coefficients on multiples of its steps.

Here belongs finding that trace in one picture. What a file's own tables and the borders of its blocks tell is in
`compression.py`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.describe.compression import JPEG_GRID_PX, centre_span, scale_luminance_table, step_percent

# An earlier compression is sought at these qualities: 20 to 180 % of the standard steps, 14 % apart, so that the
# nearest is at most 7 % off and the first multiples of its steps still coincide.
SOUGHT_QUALITIES = (27, 32, 36, 41, 47, 54, 59, 64, 68, 72, 76, 79, 81, 83, 85, 87, 89)
MIN_COARSER = 1.5
CROP_SIDE_PX = 256
BINS_PER_LEVEL = 4
BIN_COUNT = 64 * BINS_PER_LEVEL
COSINE_ONE = 127

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
ROWS_APART, OWN_ROWS_APART = 8, 4
MIN_SAMPLE_FIT = 0.2

Fits = tuple[NDArray[np.float64], NDArray[np.int32]]


def estimate_prior_jpeg_quality(gray: NDArray[np.uint8], jpeg_quality: int | None) -> int | None:
    """Return the IJG quality, about 27..89, of an earlier and coarser JPEG compression that the pixels still show.

    gray: (h, w) uint8, upright and full size; a centre crop of 256 px is looked at. jpeg_quality: that of the file's
    own tables, None for other formats. None: no trace. DCT coefficients of a decoded JPEG lie on multiples of its steps
    (Fan and de Queiroz, 2003); a finer second compression blurs these multiples, a change of size destroys them.
    """
    coarser = _coarser_qualities(jpeg_quality)
    if not coarser.any():
        return None
    fit, count = _fit_lattices(gray, ROWS_APART)
    if not (coarser & (count >= MIN_LATTICE_COUNT / ROWS_APART) & (fit >= MIN_SAMPLE_FIT)).any():
        return None
    fit, count = _fit_lattices(gray)
    trusted = coarser & (count >= MIN_LATTICE_COUNT) & (fit >= MIN_LATTICE_FIT)
    if not trusted.any():
        return None
    strength = np.where(trusted, fit * np.sqrt(count), -1).max(axis=0)
    return SOUGHT_QUALITIES[int(np.argmax(strength))]


def _fit_lattices(gray: NDArray[np.uint8], rows_apart: int = 1) -> Fits:
    """Return fit and number of coefficients, (grids, qualities) each, by every so many rows of blocks."""
    sums = _weigh(_count_coefficients(gray, rows_apart), _lattice_weights())
    waves, count = sums[:, : len(SOUGHT_QUALITIES)], sums[:, len(SOUGHT_QUALITIES) :]
    return waves / (COSINE_ONE * np.maximum(count, 1)), count


def _count_coefficients(gray: NDArray[np.uint8], rows_apart: int = 1) -> NDArray[np.uint16]:
    """Return how often each of the 16 low luminance coefficients has each size; (grids, 16, BIN_COUNT).

    On every grid as much is looked at as on the smallest, 256 px at most, about the centre.
    """
    (tops, down), (lefts, across) = (_find_grids(side) for side in gray.shape)
    return _count_on_grids(gray, tops, lefts, down, across, rows_apart, _cosines())


def count_own_grid(gray: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return how often each of the 16 low coefficients of (h, w) has each size, (16, BIN_COUNT), by every fourth row of blocks."""
    spans = [centre_span(side, 0, CROP_SIDE_PX) for side in gray.shape]
    tops, lefts = (np.array([begin]) for begin, _ in spans)
    down, across = (length // JPEG_GRID_PX for _, length in spans)
    return np.asarray(_count_on_grids(gray, tops, lefts, down, across, OWN_ROWS_APART, _cosines())[0])


@lru_cache(maxsize=256)
def _find_grids(side: int) -> tuple[NDArray[np.int64], int]:
    """Return where the middle of a side begins on each grid that it may have been compressed on, and its length in blocks.

    A grid begins at the start of the side, or where its end came to lie if the picture was turned after compression.
    """
    spans = np.array([centre_span(side, origin, CROP_SIDE_PX) for origin in sorted({0, side % JPEG_GRID_PX})])
    return spans[:, 0].copy(), int(spans[:, 1].min()) // JPEG_GRID_PX


@compiled
def _count_on_grids(
    gray: NDArray[np.uint8],
    tops: NDArray[np.int64],
    lefts: NDArray[np.int64],
    down: int,
    across: int,
    rows_apart: int,
    basis: NDArray[np.float32],
) -> NDArray[np.uint16]:
    """Count as `_count_coefficients` on the grids of one or two tops and lefts, each of so many blocks down and across."""
    counts = np.zeros((len(tops), len(lefts), WAVES * WAVES, BIN_COUNT), dtype=np.uint16)
    first = min(lefts[0], lefts[-1])
    width = max(lefts[0], lefts[-1]) - first + JPEG_GRID_PX * across
    for vertical, top in enumerate(tops):
        for row in range(0, down, rows_apart):
            lines = _project_columns(gray, top + row * JPEG_GRID_PX, first, width, basis)
            for horizontal, left in enumerate(lefts):
                _count_sizes(lines, left - first, across, basis, counts[vertical, horizontal])
    return counts.reshape(len(tops) * len(lefts), WAVES * WAVES, BIN_COUNT)


@compiled
def _project_columns(
    gray: NDArray[np.uint8], top: int, left: int, width: int, basis: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the products (4, width) of the waves with so many columns of 8 pixels from (top, left) on."""
    products, values = np.zeros((WAVES, width), dtype=np.float32), np.empty(width, dtype=np.float32)
    for step in range(JPEG_GRID_PX):
        line = gray[top + step, left : left + width]
        for at in range(width):
            values[at] = line[at]
        for wave in range(WAVES):
            product, factor = products[wave], basis[wave, step]
            for at in range(width):
                product[at] += factor * values[at]
    return products


@compiled
def _count_sizes(
    lines: NDArray[np.float32], left: int, blocks: int, basis: NDArray[np.float32], counts: NDArray[np.uint16]
) -> None:
    """Add to (16, BIN_COUNT) how often the coefficients have each size in so many blocks of (4, w) columns from left on."""
    columns, sizes = np.empty((JPEG_GRID_PX, blocks), dtype=np.float32), np.empty(blocks, dtype=np.float32)
    for wave in range(WAVES):
        line = lines[wave, left:]
        for step in range(JPEG_GRID_PX):
            column = columns[step]
            for block in range(blocks):
                column[block] = line[JPEG_GRID_PX * block + step]
        for across in range(WAVES):
            sizes[:] = 0
            for step in range(JPEG_GRID_PX):
                column, factor = columns[step], basis[across, step]
                for block in range(blocks):
                    sizes[block] += factor * column[block]
            count = counts[wave * WAVES + across]
            for block in range(blocks):
                at = abs(sizes[block]) * np.float32(BINS_PER_LEVEL) + np.float32(0.5)
                count[np.int64(min(at, np.float32(BIN_COUNT - 1)))] += 1


@compiled
def _weigh(counts: NDArray[np.uint16], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return the sums of the weights (16, BIN_COUNT, m) of what was counted on each grid: (grids, m)."""
    sums = np.zeros((len(counts), weights.shape[2]), dtype=np.int32)
    for grid in range(len(counts)):
        for coefficient in range(WAVES * WAVES):
            left, size = np.int64(counts[grid, coefficient].sum()), 0
            while left:
                count = np.int32(counts[grid, coefficient, size])
                if count:
                    for column in range(weights.shape[2]):
                        sums[grid, column] += count * np.int32(weights[coefficient, size, column])
                    left -= count
                size += 1
    return sums


@lru_cache(maxsize=128)
def _coarser_qualities(jpeg_quality: int | None) -> NDArray[np.bool_]:
    least = 0.0 if jpeg_quality is None else MIN_COARSER * step_percent(jpeg_quality)
    return step_percent(SOUGHT_QUALITIES) > least


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float32]:
    """Return the first 4 of 8 orthonormal DCT-II waves, (4, 8), as JPEG quantizes them."""
    at = (2 * np.arange(JPEG_GRID_PX) + 1) * np.pi / (2 * JPEG_GRID_PX)
    waves = [np.cos(at * wave) * np.sqrt((2 if wave else 1) / JPEG_GRID_PX) for wave in range(WAVES)]
    return np.stack(waves).astype(np.float32)


@lru_cache(maxsize=1)
def _lattice_weights() -> NDArray[np.int8]:
    """Return for each bin and sought quality the cosine of its phase where it is beyond half a step, else 0, then 1 or 0.

    (16, BIN_COUNT, 2 x qualities), cosines times COSINE_ONE: in whole numbers the table stays in the processor's cache
    from picture to picture. 0 throughout for coefficients that are not used.
    """
    size = np.arange(BIN_COUNT) / BINS_PER_LEVEL
    tables = np.stack([scale_luminance_table(quality) for quality in SOUGHT_QUALITIES])
    steps = tables[:, :WAVES, :WAVES, None].astype(np.float64)
    beyond = (size > steps / 2) & (size < size[-1])
    for row, column in UNUSED:
        beyond[:, row, column] = False
    waves = np.rint(COSINE_ONE * np.cos(2 * np.pi * size / steps)) * beyond
    both = np.concatenate([waves, beyond]).reshape(2 * len(tables), WAVES * WAVES, BIN_COUNT)
    return np.ascontiguousarray(np.moveaxis(both, 0, 2), dtype=np.int8)
