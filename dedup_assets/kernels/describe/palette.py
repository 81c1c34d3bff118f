"""The colours of pictures for people: how many there are, and how well those of a group agree.

Belongs here: figures that a report shows. Does not belong here: the comparison that decides on a pair
(`kernels/verify/exact/colour.py`).
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS, transform_image

SUMMARY_SIDE_PX: Final = 8
SUMMARY_BYTES: Final = SUMMARY_SIDE_PX * SUMMARY_SIDE_PX * 3

_LEVEL_BITS: Final = 2
_COLOURS: Final = 1 << 3 * _LEVEL_BITS
_DOMINANT_SHARE: Final = 0.05


def summarize_small_pictures(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average (n, 32, 32, 3) uint8 over areas down to 8x8: (n, 192) uint8; the pictures are laid below each other, as one."""
    size = (SUMMARY_SIDE_PX, SUMMARY_SIDE_PX * len(rgb))
    small = cv2.resize(rgb.reshape(-1, *rgb.shape[2:]), size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False).reshape(len(rgb), -1)


def count_dominant_colours(rgb: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many colours, of 4 levels a channel, hold at least 5 % of the pixels of each picture; (n,), 0..20.

    rgb: (n, h, w, 3) uint8.
    """
    levels = rgb >> (8 - _LEVEL_BITS)
    bins = (levels[..., 0] << (2 * _LEVEL_BITS)) | (levels[..., 1] << _LEVEL_BITS) | levels[..., 2]
    numbered = bins.reshape(len(rgb), -1) + (_COLOURS * np.arange(len(rgb)))[:, None]
    counts = np.bincount(numbered.ravel(), minlength=_COLOURS * len(rgb)).reshape(len(rgb), _COLOURS)
    return np.asarray(np.count_nonzero(counts >= _DOMINANT_SHARE * numbered.shape[1], axis=1), dtype=np.int64)


def measure_colourfulness(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean distance from gray in opponent colours of each picture, (n,), 0 (gray) .. about 200.

    rgb: (n, h, w, 3) uint8 (after Hasler and Suesstrunk, "Measuring colourfulness in natural images", 2003).
    """
    return _mean_distances_from_gray(rgb.reshape(len(rgb), -1, 3))


@compiled
def _mean_distances_from_gray(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure (n, pixels, 3) by red against green and yellow against blue."""
    means = np.empty(len(pixels))
    for picture in range(len(pixels)):
        total = 0.0
        for red, green, blue in pixels[picture]:
            total += np.sqrt((np.float32(red) - green) ** 2 + ((np.float32(red) + green) / 2 - blue) ** 2)
        means[picture] = total / pixels.shape[1]
    return means


def turn_summaries(summaries: NDArray[np.uint8], turns: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Summaries (n, 192) as they are before so many turns, (n,) indexes into `transforms.TRANSFORMS`, made them what they are."""
    turned = summaries.copy()
    for turn in np.unique(turns):
        rows = np.flatnonzero(turns == turn)
        cells = summaries[rows].reshape(-1, SUMMARY_SIDE_PX, SUMMARY_SIDE_PX, 3).transpose(1, 2, 3, 0)
        upright = transform_image(cells, INVERSE_TRANSFORMS[TRANSFORMS[turn]])
        turned[rows] = upright.transpose(3, 0, 1, 2).reshape(-1, SUMMARY_BYTES)
    return turned


def mean_colour_correlations(summaries: NDArray[np.uint8], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean pairwise Pearson correlation of the colours of each group: (g,) float64, -1..1, high is alike.

    `summaries` (n, 192) uint8 as `summarize_small_pictures` makes them; `groups` (n,) labels 0..g-1. NaN for groups with fewer
    than two pictures that have any contrast. Linear in n: the sum over all pairs follows from the sum of unit vectors.
    """
    values = summaries.astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    units = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    count = np.bincount(groups, weights=(lengths[:, 0] > 0).astype(np.float64))
    sums = np.zeros((len(count), summaries.shape[1]))
    np.add.at(sums, groups, units)
    pairs = count * (count - 1)
    means = np.full(len(count), np.nan)
    np.divide((sums**2).sum(axis=1) - count, pairs, out=means, where=pairs > 0)
    return means
