"""Which pictures of next to no signal might be the same: equal or near hashes, and colours that recompression could have moved.

Belongs here: candidates among pictures for which a hash means little. Does not belong here: all others
(`near_contents.py`), the strict comparison of pixels that decides (`kernels/verify/exact/pixel_tests.py`).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hamming_search import find_pairs_within
from dedup_assets.kernels.candidates.hash_classes import HashClasses, name_rows
from dedup_assets.kernels.members import Members, concatenate_ranges

MAX_DCT_DISTANCE = 52
"""Bits of 256: recompressed and resized mists, skies and dark rooms differed in 2 to 50 but for noise alone, others in 86 and
more."""
MAX_MEAN_DIFFERENCE = 6
"""Levels: the strict comparison allows no pixel 4 levels, so means differ by 4, and by rounding on either side."""
CODES_AT_ONCE = 1_000
_BLOCK_PAIRS = 1 << 20


def find_plain_links(classes: HashClasses, queries: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs (m, 2) of a query class and another, one of them of low information, that might show the same, each once.

    Their DCT hashes are within MAX_DCT_DISTANCE; of two of low information also mean colours within MAX_MEAN_DIFFERENCE levels
    a channel. Whether a pair is found depends on its two classes alone. `queries` are distinct class numbers.
    """
    found = [np.empty((0, 2), np.int64)]
    for asking, group in _near_hashes(classes, queries):
        found.extend(_within(classes, group, asking))
    links = np.concatenate(found)
    return np.asarray(np.unique(np.sort(links, axis=1), axis=0))


def _near_hashes(
    classes: HashClasses, queries: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Queries of one DCT hash, and all classes of a hash near it: each hash is searched once, however many classes have it.

    Those of low information ask all others; the others are left to ask those of low information that do not ask themselves.
    """
    low = classes.hashes.low_information
    _, first, code_of = np.unique(name_rows(classes.hashes.dct), return_index=True, return_inverse=True)
    codes, members = classes.hashes.dct[first], Members(code_of.astype(np.int64), len(first))
    unasked = np.setdiff1d(np.flatnonzero(low), queries)
    has_low = np.bincount(code_of[unasked], minlength=len(first)) > 0
    for asking, others in (
        (queries[low[queries]], np.arange(len(first))),
        (queries[~low[queries]], np.flatnonzero(has_low)),
    ):
        own, of_asking = np.unique(code_of[asking], return_inverse=True)
        at_code = Members(of_asking.astype(np.int64), len(own))
        for numbers in np.array_split(np.arange(len(own)), len(own) // CODES_AT_ONCE + 1):
            here, there, _ = find_pairs_within(codes[own[numbers]], codes[others], MAX_DCT_DISTANCE)
            starts = np.searchsorted(here, np.arange(len(numbers) + 1))
            for place in np.flatnonzero(np.diff(starts)):
                near = others[there[starts[place] : starts[place + 1]]]
                yield asking[at_code[numbers[place]]], members.of(near)[1]


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
