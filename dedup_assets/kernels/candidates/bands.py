"""Bands of bits that near codes share: which bands a radius needs, and which pairs share one.

Here belongs locality-sensitive hashing by bit sampling (Indyk & Motwani 1998). Finding the codes that share a band is in
`band_join.py`.
"""

from functools import lru_cache
from math import ceil, comb, log

import numpy as np
from numpy.typing import NDArray

CODE_BITS = 256
BAND_BITS = 20
"""Bits that two codes must share at once to be compared: of 10^6 random codes one shares a given band by chance.

With more of them, more bands would be needed: comparing what falls together costs less than sorting the codes once more up to
some 10^8 codes, and so the bands need not follow from how many there are."""
MAX_MISS = 0.005
"""Share of the pairs at exactly the radius that share no band; nearer pairs are missed less often, down to never."""


@lru_cache
def band_masks(radius: int) -> NDArray[np.uint64]:
    """The bands for a radius: (bands, 4) uint64, each with BAND_BITS of the 256 bits set.

    A pair at distance r shares a random band of k bits with p = C(256-r, k) / C(256, k), so that
    ln(MAX_MISS) / ln(1 - p) bands miss MAX_MISS of them. They come in rounds of 12 disjoint ones.
    """
    in_round = CODE_BITS // BAND_BITS
    shared = comb(CODE_BITS - radius, BAND_BITS) / comb(CODE_BITS, BAND_BITS)
    rounds = 1 if radius < in_round else ceil(log(MAX_MISS) / log(1 - shared) / in_round)
    random = np.random.default_rng(256)
    bits = np.stack([random.permutation(CODE_BITS)[: in_round * BAND_BITS] for _ in range(rounds)])
    chosen = np.zeros((rounds * in_round, CODE_BITS), np.uint8)
    np.put_along_axis(chosen, bits.reshape(-1, BAND_BITS), 1, axis=1)
    return np.packbits(chosen, axis=1).view(np.uint64)


def share_a_band(left: NDArray[np.uint64], right: NDArray[np.uint64], masks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether each of m pairs of codes, (m, 4) words each, agrees in all bits of any band: (m,)."""
    apart, rows = left ^ right, np.arange(len(left))
    for mask in masks:
        if not len(rows):
            break
        rows = rows[(apart[rows] & mask).any(axis=1)]
    shared = np.ones(len(left), np.bool_)
    shared[rows] = False
    return shared
