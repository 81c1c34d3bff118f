"""The colours of pictures for people: how many there are, and how well those of a group agree.

Belongs here: figures that a report shows. Does not belong here: the comparison that decides on a pair (`colour`).
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SUMMARY_SIDE_PX: Final = 8
SUMMARY_BYTES: Final = SUMMARY_SIDE_PX * SUMMARY_SIDE_PX * 3

_COUNTED_SIDE_PX: Final = 32
_LEVEL_BITS: Final = 2
_DOMINANT_SHARE: Final = 0.05


def summarize_colours(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average (h, w, 3) uint8 over areas down to 8x8: (192,) uint8, aspect ignored."""
    small = cv2.resize(rgb, (SUMMARY_SIDE_PX, SUMMARY_SIDE_PX), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False).reshape(-1)


def count_dominant_colours(rgb: NDArray[np.uint8]) -> int:
    """How many colours, of 4 levels a channel, hold at least 5 % of the pixels of (h, w, 3) uint8; 0..20."""
    small = np.asarray(cv2.resize(rgb, (_COUNTED_SIDE_PX, _COUNTED_SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
    red, green, blue = np.moveaxis(small >> (8 - _LEVEL_BITS), -1, 0)
    bins = (red << (2 * _LEVEL_BITS)) | (green << _LEVEL_BITS) | blue
    return int(np.count_nonzero(np.bincount(bins.ravel()) >= _DOMINANT_SHARE * bins.size))


def mean_colour_correlations(summaries: NDArray[np.uint8], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean pairwise Pearson correlation of the colours of each group: (g,) float64, -1..1, high is alike.

    `summaries` (n, 192) uint8 as `summarize_colours` makes them; `groups` (n,) labels 0..g-1. NaN for groups with fewer
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
