"""Finding all pairs of near codes: 256-bit hashes by Hamming distance, vectors by cosine.

Here belong the searches over many images, which see nothing but codes and vectors. How a code is made from an image, and
whether a candidate pair shows the same picture, belong elsewhere.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil, comb, log

import numpy as np
from numpy.typing import NDArray

CODE_BITS = 256
BAND_BITS = 18
"""Bits that two codes must share at once to be compared: of 10^6 random codes 10^6 / 2^18 = 4 share a given band."""
MAX_MISS = 0.002
"""Share of the pairs at exactly the radius that share no band; nearer pairs are missed less often, down to never."""
MAX_RADIUS = 80
"""Beyond it bands need thousands of tables: (1 - 80/256)^18 = 1/850."""
LOW_HALF = np.uint64(0xFFFFFFFF)
CHUNK_PAIRS = 1 << 19
BUFFERED_PAIRS = 1 << 22
VECTOR_BLOCK = 2048
COSINE_SLACK = 1e-4
"""Products of float32 blocks differ in the last digits with the shape of the block; the exact cosine decides afterwards."""

DistancePairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]
CosinePairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def find_pairs_within(queries: NDArray[np.uint8], codes: NDArray[np.uint8], radius: int) -> DistancePairs:
    """Every pair of a query and a code that share a band and differ in at most `radius` bits.

    Locality-sensitive hashing by bit sampling (Indyk & Motwani 1998) with fixed bands. Whether a pair is found depends on
    its two codes and the radius alone: not on the other rows, their order, or which of the two is the query. The
    bands of a round cut the 256 bits into 14 disjoint parts, so pairs of at most 13 differing bits are all found; of
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
    found, buffered = np.empty(0, np.uint64), [np.empty(0, np.uint64)]
    for number, mask in enumerate(band_masks(radius) if len(queries) and len(codes) else ()):
        for rows, others in _band_collisions(query_words, code_words, mask):
            distances = _distances(query_words, rows, code_words, others, radius)
            fresh = (distances <= radius) & ((distances > 0) | (number == 0))
            buffered.append(_packed(rows[fresh], others[fresh]))
        if sum(map(len, buffered)) > BUFFERED_PAIRS:
            found, buffered = _distinct([found, *buffered]), []
    found = _distinct([found, *buffered])
    rows, others = found >> np.uint64(32), found & LOW_HALF
    if code_words is query_words:
        itself = np.arange(len(codes), dtype=np.uint64)
        found = _distinct([found, _packed(others, rows), _packed(itself, itself)])
        rows, others = found >> np.uint64(32), found & LOW_HALF
    return rows.astype(np.int64), others.astype(np.int64), _distances(query_words, rows, code_words, others, CODE_BITS)


@lru_cache
def band_masks(radius: int) -> NDArray[np.uint64]:
    """The bands for a radius: (bands, 4) uint64, each with BAND_BITS of the 256 bits set.

    A pair at distance r shares a random band of k bits with p = C(256-r, k) / C(256, k), so that
    ln(MAX_MISS) / ln(1 - p) bands miss MAX_MISS of them. They come in rounds of 14 disjoint ones.
    """
    in_round = CODE_BITS // BAND_BITS
    shared = comb(CODE_BITS - radius, BAND_BITS) / comb(CODE_BITS, BAND_BITS)
    rounds = 1 if radius < in_round else ceil(log(MAX_MISS) / log(1 - shared) / in_round)
    random = np.random.default_rng(256)
    bits = np.stack([random.permutation(CODE_BITS)[: in_round * BAND_BITS] for _ in range(rounds)])
    chosen = np.zeros((rounds * in_round, CODE_BITS), np.uint8)
    np.put_along_axis(chosen, bits.reshape(-1, BAND_BITS), 1, axis=1)
    return np.packbits(chosen, axis=1).view(np.uint64)


def find_vector_pairs(queries: NDArray[np.float32], vectors: NDArray[np.float32], min_cosine: float) -> CosinePairs:
    """Every pair of a query and a vector whose cosine similarity is at least `min_cosine`; exact and symmetric.

    Args:
        queries: (q, d) float32, L2-normalised.
        vectors: (n, d) float32, L2-normalised. May be the same array, each row then finds itself too.
        min_cosine: inclusive, in [-1, 1]; high is alike.

    Returns:
        Rows of queries, rows of vectors (int64) and cosines (float32), sorted by query row, then vector row.

    Raises:
        ValueError: arrays of other shapes.
    """
    if queries.ndim != 2 or vectors.ndim != 2 or queries.shape[1] != vectors.shape[1]:
        raise ValueError(f"queries and vectors must be (q, d) and (n, d), not {queries.shape} and {vectors.shape}")
    parts = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
    for first in range(0, len(queries), VECTOR_BLOCK):
        for start in range(0, len(vectors), VECTOR_BLOCK):
            block = queries[first : first + VECTOR_BLOCK] @ vectors[start : start + VECTOR_BLOCK].T
            rows, others = np.nonzero(block >= min_cosine - COSINE_SLACK)
            rows, others = rows + first, others + start
            cosines = _exact_cosines(queries, rows, vectors, others)
            kept = cosines >= np.float32(min_cosine)
            parts.append((rows[kept], others[kept], cosines[kept]))
    rows, others, cosines = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((others, rows))
    return rows[order], others[order], cosines[order]


def _exact_cosines(
    queries: NDArray[np.float32], rows: NDArray[np.int64], vectors: NDArray[np.float32], others: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Row by row in float64, rounded once: the same whichever side is the query and however blocks are cut."""
    out = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), VECTOR_BLOCK):
        part = slice(start, start + VECTOR_BLOCK)
        out[part] = (queries[rows[part]].astype(np.float64) * vectors[others[part]]).sum(axis=1)
    return out


def _as_words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != CODE_BITS // 8:
        raise ValueError(f"codes must be (n, 32) uint8, not {codes.shape} {codes.dtype}")
    return np.ascontiguousarray(codes).view(np.uint64)


def _band_collisions(
    queries: NDArray[np.uint64], codes: NDArray[np.uint64], mask: NDArray[np.uint64]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Pairs of rows that agree in all bits of the band, about CHUNK_PAIRS at a time; within one set, each pair once."""
    code_keys = _band_keys(codes, mask)
    query_keys = code_keys if codes is queries else _band_keys(queries, mask)
    code_order = _sorted_rows(code_keys, query_keys)
    query_order = code_order if codes is queries else _sorted_rows(query_keys, code_keys)
    sorted_codes, sorted_queries = code_keys[code_order], query_keys[query_order]
    low = np.arange(1, len(codes) + 1) if codes is queries else np.searchsorted(sorted_codes, sorted_queries)
    counts = np.searchsorted(sorted_codes, sorted_queries, "right") - low
    for part, rows, offsets in _expanded(counts):
        yield query_order[rows], code_order[np.repeat(low[part], counts[part]) + offsets]


def _expanded(counts: NDArray[np.int64]) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.int64]]]:
    """Cut rows into parts of about CHUNK_PAIRS pairs: the part, each of its rows `counts` times, and 0, 1, … within a row."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = ends[start] - counts[start]
        stop = max(start + 1, int(np.searchsorted(ends, done + CHUNK_PAIRS, "right")))
        part = counts[start:stop]
        rows = np.repeat(np.arange(start, stop), part)
        yield slice(start, stop), rows, np.arange(len(rows)) - np.repeat(np.cumsum(part) - part, part)
        start = stop


def _band_keys(words: NDArray[np.uint64], mask: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """A 32-bit multiplicative hash (Dietzfelbinger 1997) of the bits under the mask, (n,)."""
    odd = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
    key = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):
        key += (words[:, column] & mask[column]) * odd[column]
    key ^= key >> np.uint64(29)
    key *= odd[3]
    return (key >> np.uint64(32)).astype(np.uint32)


def _sorted_rows(keys: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Rows in the order of their keys, without those that meet no key of the others."""
    rows = np.arange(len(keys), dtype=np.uint64)
    if len(others) < len(keys) // 4:
        present = np.zeros(1 << 22, np.bool_)
        present[others >> np.uint32(10)] = True
        rows = np.flatnonzero(present[keys >> np.uint32(10)]).astype(np.uint64)
    packed = keys[rows].astype(np.uint64) << np.uint64(32) | rows
    packed.sort()
    return packed & LOW_HALF


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
        part = slice(start, start + CHUNK_PAIRS)
        one, other = rows[part], others[part]
        distances = _differing_bits(left[:, :2], one, right[:, :2], other)
        near = np.flatnonzero(distances <= limit)
        distances[near] += _differing_bits(left[:, 2:], one[near], right[:, 2:], other[near])
        out[part] = distances
    return out


def _differing_bits(
    left: NDArray[np.uint64], rows: NDArray[np.uint64], right: NDArray[np.uint64], others: NDArray[np.uint64]
) -> NDArray[np.int32]:
    differing = np.bitwise_count(left[rows] ^ right[others])
    return np.add(differing[:, 0], differing[:, 1], dtype=np.int32)


def _packed(rows: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return np.asarray(rows << np.uint64(32) | others, np.uint64)


def _distinct(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Sorted without repeats; several times faster than np.unique, which hashes."""
    pairs = np.concatenate(parts)
    pairs.sort()
    first = np.ones(len(pairs), np.bool_)
    np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
    return np.asarray(pairs[first], np.uint64)
