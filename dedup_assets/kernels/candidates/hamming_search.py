"""Finding all pairs of near codes: 256-bit hashes by Hamming distance.

Here belongs the search over many images, which sees nothing but codes. How a code is made from an image, and whether a
candidate pair shows the same picture, belong elsewhere; vectors are searched by `kernels/vectors/exact_search.py`.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.band_join import find_in_band
from dedup_assets.kernels.candidates.bands import CODE_BITS, band_masks, share_a_band

MAX_RADIUS = 80
"""Beyond it bands need thousands of bands: (1 - 80/256)^20 = 1/1800."""
EXHAUSTIVE_PAIRS_A_BAND = 1 << 14
"""Comparing so many pairs takes as long as one band of a small search: below it, all pairs are compared."""
EXHAUSTIVE_BLOCK = 1 << 20
LOW_HALF = np.uint64(0xFFFFFFFF)

DistancePairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]


def find_pairs_within(
    queries: NDArray[np.uint8], codes: NDArray[np.uint8], radius: int, threads: int = 1
) -> DistancePairs:
    """Every pair of a query and a code that share a band and differ in at most `radius` bits.

    Locality-sensitive hashing by bit sampling (Indyk & Motwani 1998) with fixed bands. Whether a pair is found depends on
    its two codes and the radius alone: not on the other rows, their order, or which of the two is the query. The
    bands of a round cut the 256 bits into 12 disjoint parts, so pairs of at most 11 differing bits are all found; of
    pairs at exactly the radius at least 1 - MAX_MISS are.

    Args:
        queries: (q, 32) uint8.
        codes: (n, 32) uint8. May be the same array: then pairs of two rows of it are found, each once, the lower row first.
        radius: inclusive, 0..80.
        threads: how many bands are searched at a time.

    Returns:
        Rows of queries, rows of codes (int64) and Hamming distances (int32), sorted by query row, then code row. Memory
        beyond the codes and 50 bytes a pair of this answer is 24 bytes a code and thread, up to 800 MB a thread.

    Raises:
        ValueError: a wrong shape or radius.
    """
    query_words = _as_words(queries)
    code_words = query_words if codes is queries else _as_words(codes)
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius} is outside 0..{MAX_RADIUS}")
    masks = band_masks(radius)
    if len(queries) * len(codes) <= EXHAUSTIVE_PAIRS_A_BAND * len(masks):
        return _compare_all(query_words, code_words, radius)
    with ThreadPoolExecutor(threads) as pool:
        of_bands = pool.map(partial(find_in_band, query_words, code_words, masks, radius=radius), range(len(masks)))
        pairs, distances = (np.concatenate(parts) for parts in zip(*of_bands, strict=True))
    if codes is queries:
        pairs = np.minimum(pairs, pairs >> np.uint64(32) | pairs << np.uint64(32))
    order = np.argsort(pairs)
    pairs = pairs[order]
    return (
        (pairs >> np.uint64(32)).astype(np.int64),
        (pairs & LOW_HALF).astype(np.int64),
        distances[order].astype(np.int32),
    )


def _compare_all(queries: NDArray[np.uint64], codes: NDArray[np.uint64], radius: int) -> DistancePairs:
    """The same answer from all pairs: those within the radius that share a band, as if the bands had been searched."""
    block = max(1, EXHAUSTIVE_BLOCK // max(1, len(codes)))
    parts = [np.empty((2, 0), np.int64)]
    for start in range(0, len(queries), block):
        rows, others = np.nonzero(_distances(queries[start : start + block, None], codes[None]) <= radius)
        parts.append(np.stack([rows + start, others]))
    rows, others = np.concatenate(parts, axis=1)
    met = share_a_band(queries[rows], codes[others], band_masks(radius))
    if codes is queries:
        met &= rows < others
    rows, others = rows[met], others[met]
    return rows, others, _distances(queries[rows], codes[others])


def _distances(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.int32]:
    return np.asarray(np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.int32))


def _as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The codes as (n, 4) words of 64 bits."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != CODE_BITS // 8:
        raise ValueError(f"codes must be (n, 32) uint8, not {codes.shape} {codes.dtype}")
    return np.ascontiguousarray(codes).view(np.uint64)
