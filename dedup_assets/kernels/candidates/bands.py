"""Bands of bits that near codes share: which bands a radius needs, and which rows meet in one.

Here belongs locality-sensitive hashing by bit sampling (Indyk & Motwani 1998). Comparing the rows that meet is in
`hamming_search.py`.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil, comb, log

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.members import concatenate_ranges

CODE_BITS = 256
BAND_BITS = 20
"""Bits that two codes must share at once to be compared: of 10^6 random codes one shares a given band by chance."""
MAX_MISS = 0.005
"""Share of the pairs at exactly the radius that share no band; nearer pairs are missed less often, down to never."""
CHUNK_PAIRS = 1 << 19
LOW_HALF = np.uint64(0xFFFFFFFF)
PRESENCE_BITS = 22
ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)


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


def band_collisions(
    queries: NDArray[np.uint64], codes: NDArray[np.uint64], mask: NDArray[np.uint64]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Pairs of rows that agree in all bits of the band, about CHUNK_PAIRS at a time; within one set, each pair once."""
    code_keys = _band_keys(codes, mask)
    query_keys = code_keys if codes is queries else _band_keys(queries, mask)
    code_order = _sorted_rows(code_keys, query_keys)
    query_order = code_order if codes is queries else _sorted_rows(query_keys, code_keys)
    sorted_codes, sorted_queries = code_keys[code_order], query_keys[query_order]
    low = np.arange(1, codes.shape[1] + 1) if codes is queries else np.searchsorted(sorted_codes, sorted_queries)
    counts = np.searchsorted(sorted_codes, sorted_queries, "right") - low
    for part in _parts(counts):
        others = code_order[concatenate_ranges(low[part], counts[part])]
        yield np.repeat(query_order[part], counts[part]), others


def meet_in_a_band(left: NDArray[np.uint64], right: NDArray[np.uint64], masks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether `band_collisions` would find each of m pairs in any band: (m,) from words (4, m) of their two codes."""
    apart = np.arange(left.shape[1])
    for mask in masks:
        if not len(apart):
            break
        apart = apart[_band_keys(left[:, apart], mask) != _band_keys(right[:, apart], mask)]
    met = np.ones(left.shape[1], np.bool_)
    met[apart] = False
    return met


def _parts(counts: NDArray[np.int64]) -> Iterator[slice]:
    """Cut rows, each of so many pairs, into parts of about CHUNK_PAIRS pairs."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = ends[start] - counts[start]
        stop = max(start + 1, int(np.searchsorted(ends, done + CHUNK_PAIRS, "right")))
        yield slice(start, stop)
        start = stop


def _band_keys(words: NDArray[np.uint64], mask: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """A 32-bit multiplicative hash (Dietzfelbinger 1997) of the bits under the mask, (n,)."""
    key = np.zeros(words.shape[1], np.uint64)
    for column, bits, odd in zip(words, mask, ODD, strict=True):
        if bits:
            key += (column & bits) * odd
    key ^= key >> np.uint64(29)
    key *= ODD[3]
    return (key >> np.uint64(32)).astype(np.uint32)


def _sorted_rows(keys: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Rows in the order of their keys, without those that meet no key of the others."""
    rows = np.arange(len(keys), dtype=np.uint64)
    if len(others) < len(keys) // 4:
        present = np.zeros(1 << PRESENCE_BITS, np.bool_)
        present[others >> np.uint32(32 - PRESENCE_BITS)] = True
        rows = np.flatnonzero(present[keys >> np.uint32(32 - PRESENCE_BITS)]).astype(np.uint64)
    packed = keys[rows].astype(np.uint64) << np.uint64(32) | rows
    packed.sort()
    return packed & LOW_HALF
