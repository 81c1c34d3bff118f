"""Finding all pairs of near codes: 256-bit hashes by Hamming distance.

Here belongs the search over many images, which sees nothing but codes. How a code is made from an image, and whether a
candidate pair shows the same picture, belong elsewhere; vectors are searched by `kernels/vectors/exact_search.py`.
"""

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.bands import (
    CHUNK_PAIRS,
    CODE_BITS,
    LOW_HALF,
    band_collisions,
    band_masks,
    meet_in_a_band,
)

MAX_RADIUS = 80
"""Beyond it bands need thousands of bands: (1 - 80/256)^20 = 1/1800."""
EXHAUSTIVE_PAIRS_A_BAND = 1 << 14
"""Comparing so many pairs takes as long as one band of a small search: below it, all pairs are compared."""
EXHAUSTIVE_BLOCK = 1 << 20
BUFFERED_PAIRS = 1 << 22

DistancePairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]


def find_pairs_within(queries: NDArray[np.uint8], codes: NDArray[np.uint8], radius: int) -> DistancePairs:
    """Every pair of a query and a code that share a band and differ in at most `radius` bits.

    Locality-sensitive hashing by bit sampling (Indyk & Motwani 1998) with fixed bands. Whether a pair is found depends on
    its two codes and the radius alone: not on the other rows, their order, or which of the two is the query. The
    bands of a round cut the 256 bits into 12 disjoint parts, so pairs of at most 11 differing bits are all found; of
    pairs at exactly the radius at least 1 - MAX_MISS are.

    Args:
        queries: (q, 32) uint8.
        codes: (n, 32) uint8. May be the same array, each row then finds itself too.
        radius: inclusive, 0..80.

    Returns:
        Rows of queries, rows of codes (int64) and Hamming distances (int32), sorted by query row, then code row. Memory
        beyond this answer is about 100 bytes a code and 100 MB.

    Raises:
        ValueError: a wrong shape or radius.
    """
    query_words = _as_words(queries)
    code_words = query_words if codes is queries else _as_words(codes)
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius {radius} is outside 0..{MAX_RADIUS}")
    if len(queries) * len(codes) <= EXHAUSTIVE_PAIRS_A_BAND * len(band_masks(radius)):
        return _compare_all(query_words, code_words, radius)
    found = _search_bands(query_words, code_words, radius)
    if code_words is query_words:
        rows, others = found >> np.uint64(32), found & LOW_HALF
        itself = np.arange(len(codes), dtype=np.uint64)
        found = _distinct([found, _packed(others, rows), _packed(itself, itself)])
    rows, others = found >> np.uint64(32), found & LOW_HALF
    return rows.astype(np.int64), others.astype(np.int64), _distances(query_words, rows, code_words, others, CODE_BITS)


def _search_bands(queries: NDArray[np.uint64], codes: NDArray[np.uint64], radius: int) -> NDArray[np.uint64]:
    """Pairs that meet in any band and are within the radius, packed, sorted, each once; within one set, one way round."""
    found, buffered = np.empty(0, np.uint64), [np.empty(0, np.uint64)]
    for number, mask in enumerate(band_masks(radius) if queries.shape[1] and codes.shape[1] else ()):
        for rows, others in band_collisions(queries, codes, mask):
            distances = _distances(queries, rows, codes, others, radius)
            fresh = (distances <= radius) & ((distances > 0) | (number == 0))
            buffered.append(_packed(rows[fresh], others[fresh]))
        if sum(map(len, buffered)) > BUFFERED_PAIRS:
            found, buffered = _distinct([found, *buffered]), []
    return _distinct([found, *buffered])


def _compare_all(queries: NDArray[np.uint64], codes: NDArray[np.uint64], radius: int) -> DistancePairs:
    """The same answer from all pairs: those within the radius that share a band, as if the bands had been searched."""
    block = max(1, EXHAUSTIVE_BLOCK // max(1, codes.shape[1]))
    parts = [np.empty((2, 0), np.int64)]
    for start in range(0, queries.shape[1], block):
        differing = queries[:, start : start + block, None] ^ codes[:, None, :]
        distances = np.bitwise_count(differing).sum(axis=0, dtype=np.int32)
        rows, others = np.nonzero(distances <= radius)
        parts.append(np.stack([rows + start, others]))
    rows, others = np.concatenate(parts, axis=1)
    met = meet_in_a_band(queries[:, rows], codes[:, others], band_masks(radius))
    rows, others = rows[met], others[met]
    return rows, others, np.bitwise_count(queries[:, rows] ^ codes[:, others]).sum(axis=0, dtype=np.int32)


def _as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The codes as four columns of 64 bits, (4, n): picking from a column is several times faster than picking rows."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != CODE_BITS // 8:
        raise ValueError(f"codes must be (n, 32) uint8, not {codes.shape} {codes.dtype}")
    return np.ascontiguousarray(np.ascontiguousarray(codes).view(np.uint64).T)


def _distances(
    left: NDArray[np.uint64],
    rows: NDArray[np.uint64],
    right: NDArray[np.uint64],
    others: NDArray[np.uint64],
    limit: int,
) -> NDArray[np.int32]:
    """Hamming distances of given pairs of rows; where half of the bits already exceed the limit, only of that half."""
    out = np.empty(len(rows), np.int32)
    for start in range(0, len(rows), CHUNK_PAIRS):
        one, other = (
            rows[start : start + CHUNK_PAIRS].view(np.int64),
            others[start : start + CHUNK_PAIRS].view(np.int64),
        )
        distances = _differing_bits(left[:2], one, right[:2], other)
        near = np.flatnonzero(distances <= limit)
        distances[near] += _differing_bits(left[2:], one[near], right[2:], other[near])
        out[start : start + CHUNK_PAIRS] = distances
    return out


def _differing_bits(
    left: NDArray[np.uint64], rows: NDArray[np.int64], right: NDArray[np.uint64], others: NDArray[np.int64]
) -> NDArray[np.int32]:
    counts = np.zeros(len(rows), np.int32)
    for here, there in zip(left, right, strict=True):
        counts += np.bitwise_count(here.take(rows) ^ there.take(others))
    return counts


def _packed(rows: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return np.asarray(rows << np.uint64(32) | others, np.uint64)


def _distinct(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Sorted without repeats; several times faster than np.unique, which hashes."""
    pairs = np.concatenate(parts)
    pairs.sort()
    first = np.ones(len(pairs), np.bool_)
    np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
    return np.asarray(pairs[first], np.uint64)
