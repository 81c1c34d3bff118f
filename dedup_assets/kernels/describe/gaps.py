"""Multiples that a JPEG should have and lacks, since it was made of a coarser JPEG on the same blocks.

Here belongs that one trace, which needs the file's own table. Coefficients that lie on the multiples of coarser steps are found in
`lattice.py`, in files of any format.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.compression import JPEG_GRID_PX, scale_luminance_table
from dedup_assets.kernels.describe.lattice import BIN_COUNT, BINS_PER_LEVEL, UNUSED, WAVES, count_own_grid

SOUGHT: Final = tuple(range(40, 90))
MIN_COARSER: Final = 1.12
MIN_STEP: Final = 3
ROUNDING: Final = 0.6
"""Levels by which rounding to pixels and back moves a coefficient."""
MULTIPLES: Final = np.arange(1, 13)

# Of 25 photographs of another collection compressed twice, from quality 50 to 80 to one of 75 to 90, 95 in 100 had gaps,
# from 70 to 75 none; of those compressed once (60 to 92), or more coarsely the second time, none had any.
MIN_EXPECTED: Final = 30.0
MAX_FILLED: Final = 0.3


def find_gaps(gray: NDArray[np.uint8], table: NDArray[np.int64]) -> int | None:
    """Return the IJG quality, 40..89, of the coarser JPEG that a JPEG was made of; None where no gaps tell of one.

    gray: (h, w) uint8, full size and as stored. table: (8, 8) luminance steps of the file, row by row. A coefficient that was
    quantized by a coarser step first reaches few multiples of the finer one (Lukáš and Fridrich, 2003); without that their
    numbers fall geometrically.
    """
    places, qualities, missing = _plan(table.tobytes())
    counts = np.bincount(places, count_own_grid(gray).ravel(), minlength=WAVES * WAVES * (len(MULTIPLES) + 2))
    found = counts.reshape(WAVES * WAVES, -1)[:, 1:-1]
    total = found.sum(axis=1)
    ratio = 1 - total / np.maximum((found * MULTIPLES).sum(axis=1), 1)
    expected = (total * (1 - ratio))[:, None] * ratio[:, None] ** (MULTIPLES - 1)
    due, there = missing @ expected.ravel(), missing @ found.ravel()
    gap = np.where((due >= MIN_EXPECTED) & (there <= MAX_FILLED * due), (due - there) / np.sqrt(np.maximum(due, 1)), 0)
    return qualities[int(np.argmax(gap))] if len(gap) and gap.any() else None


@lru_cache(maxsize=64)
def _plan(table: bytes) -> tuple[NDArray[np.int64], tuple[int, ...], NDArray[np.float64]]:
    """Return, for a table of 64 steps, where each bin of `count_own_grid` is counted: 14 places a coefficient, that of nothing,
    of 12 multiples and of more; then the qualities that are coarser, and for each of them what is missing, (n, 16 x 12).
    """
    steps = np.frombuffer(table, np.int64)
    own = steps.reshape(JPEG_GRID_PX, JPEG_GRID_PX)[:WAVES, :WAVES].ravel()
    unused = np.isin(np.arange(len(own)), [WAVES * row + column for row, column in UNUSED]) | (own < MIN_STEP)
    multiples = np.rint(np.arange(BIN_COUNT) / BINS_PER_LEVEL / own[:, None]).astype(np.int64)
    multiples = np.where(unused[:, None], 0, np.minimum(multiples, len(MULTIPLES) + 1))
    places = (np.arange(len(own)) * (len(MULTIPLES) + 2))[:, None] + multiples
    coarser = [quality for quality in SOUGHT if scale_luminance_table(quality).sum() >= MIN_COARSER * steps.sum()]
    missing = [_missing(scale_luminance_table(quality)[:WAVES, :WAVES].ravel(), own).ravel() for quality in coarser]
    return places.ravel(), tuple(coarser), np.array(missing, dtype=np.float64).reshape(-1, len(own) * len(MULTIPLES))


def _missing(coarser: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which multiples of its step no multiple of the coarser one comes to, (16, 12)."""
    steps = steps[:, None]
    edges = (MULTIPLES - 0.5) * steps - ROUNDING, (MULTIPLES + 0.5) * steps + ROUNDING
    first = np.ceil(edges[0] / coarser[:, None]) * coarser[:, None]
    return np.asarray((first > edges[1]) & (coarser[:, None] > steps), dtype=np.bool_)
