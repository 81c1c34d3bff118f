"""Which pictures of next to no signal might be the same: equal hashes, and colours that recompression could have moved.

Belongs here: candidates among pictures for which a hash means little. Does not belong here: all others
(`near_contents.py`), the strict comparison of pixels that decides (`kernels/verify/exact/pixel_tests.py`).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import HashClasses, name_rows
from dedup_assets.kernels.members import concatenate_ranges

MAX_MEAN_DIFFERENCE = 6
"""Levels: the strict comparison allows no pixel 4 levels, so means differ by 4, and by rounding on either side."""
_BLOCK_PAIRS = 1 << 20


def find_plain_links(classes: HashClasses, queries: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs (m, 2) of a query class and another, one of them of low information, that might show the same, each once.

    Both have equal outer hashes; two of low information also mean colours within MAX_MEAN_DIFFERENCE levels a channel.
    Whether a pair is found depends on its two classes alone. `queries` are distinct class numbers.
    """
    found = [np.empty((0, 2), np.int64)]
    for group in _equal_hashes(classes):
        asking = group[np.isin(group, queries)]
        if len(asking):
            found.extend(_within(classes, group, asking))
    links = np.concatenate(found)
    return np.asarray(np.unique(np.sort(links, axis=1), axis=0))


def _equal_hashes(classes: HashClasses) -> list[NDArray[np.int64]]:
    """Numbers of the classes that share both outer hashes with one of low information, of at least two."""
    outer = name_rows(np.concatenate([classes.hashes.dct, classes.hashes.wavelet], axis=1))
    shared = np.flatnonzero(np.isin(outer, outer[classes.hashes.low_information]))
    order = shared[np.argsort(outer[shared], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(outer[order])) + 1)
    return [group for group in groups if len(group) > 1]


def _within(classes: HashClasses, group: NDArray[np.int64], asking: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Compare the colours of some classes of a group with those of all of it, in the order of their red."""
    low, colour = classes.hashes.low_information, classes.colour.astype(np.int16)
    group = group[np.argsort(colour[group, 0], kind="stable")]
    red = colour[group, 0]
    normal = group[~low[group]]
    for block in np.array_split(asking, max(1, len(asking) * len(group) // _BLOCK_PAIRS)):
        first = np.searchsorted(red, colour[block, 0] - MAX_MEAN_DIFFERENCE)
        last = np.searchsorted(red, colour[block, 0] + MAX_MEAN_DIFFERENCE, "right")
        counts = last - first
        left = np.repeat(block, counts)
        right = group[concatenate_ranges(first, counts)]
        near = (np.abs(colour[left] - colour[right]) <= MAX_MEAN_DIFFERENCE).all(axis=1)
        near &= low[left] & low[right] & (left != right)
        yield np.stack([left[near], right[near]], axis=1)
        yield from _mixed(block, group, normal, low)


def _mixed(
    block: NDArray[np.int64], group: NDArray[np.int64], normal: NDArray[np.int64], low: NDArray[np.bool_]
) -> Iterator[NDArray[np.int64]]:
    """Pairs of a class of low information with one that is not: their pixels decide."""
    for asking, others in ((block[low[block]], normal), (block[~low[block]], group[low[group]])):
        pairs = np.repeat(asking, len(others)), np.tile(others, len(asking))
        yield np.stack(pairs, axis=1)
