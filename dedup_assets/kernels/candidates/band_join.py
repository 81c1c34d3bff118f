"""Finding the codes that share a band of bits and are near each other, in loops that run at the speed of the machine.

Here belongs one band: sorting codes by its bits and comparing what falls together. Which bands there are is in `bands.py`, what
is searched for in `hamming_search.py`.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled

Words = NDArray[np.uint64]
Sorted = tuple[NDArray[np.uint32], Words, NDArray[np.uint32]]
"""Where each bucket ends, the first two words of the codes bucket by bucket, and their rows."""

ALL = np.empty(0, np.uint8)
"""In place of the buckets that are wanted: all of them."""
MAX_SORTED = 1 << 24
"""Codes that are sorted at once, 32 bytes each: of more, those of one range of buckets after the other."""

_MIN_BUCKET_BITS, _MAX_BUCKET_BITS = 8, 26


def find_in_band(
    queries: Words, codes: Words, masks: Words, number: int, radius: int
) -> tuple[Words, NDArray[np.uint8]]:
    """Pairs of a query and a code that are within the radius, and of whose shared bands this is the first.

    So no pair is found in two bands, and none has to be remembered. Where the queries are the codes (the same array), pairs of
    two rows are found, each once. `queries` (q, 4) and `codes` (n, 4) are words of 64 bits and may be mapped from a file;
    what is held beside them is some 28 bytes a code, of about MAX_SORTED at most on either side, and 4 bytes a bucket.

    Returns (m,) rows of a query in the upper and of a code in the lower 32 bits, and (m,) distances, in no order.
    """
    most = max(len(queries), len(codes))
    bits = min(max(most.bit_length() - 1, _MIN_BUCKET_BITS), _MAX_BUCKET_BITS)
    few, many = (queries, codes) if len(queries) <= len(codes) else (codes, queries)
    edges = np.linspace(0, 1 << bits, -(-most // MAX_SORTED) + 1).astype(np.int64)
    found = []
    for low, high in pairwise(edges.tolist()):
        ours = sort_by_band(few, masks[number], bits, low, high, ALL)
        theirs = ours if few is many else sort_by_band(many, masks[number], bits, low, high, _occupied(ours[0]))
        found.append(compare_buckets(few, ours, many, theirs, few is many, masks, number, radius))
    pairs, distances = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return (pairs if few is queries else pairs >> np.uint64(32) | pairs << np.uint64(32)), distances


def _occupied(ends: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The buckets that hold a code, a bit each."""
    return np.packbits(np.diff(ends, prepend=np.uint32(0)) > 0, bitorder="little")


@compiled
def bucket_of(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, mask: Words, shift: np.uint64) -> np.int64:
    """A multiplicative hash (Dietzfelbinger 1997) of the bits under the mask."""
    key = (a & mask[0]) * np.uint64(0x9E3779B97F4A7C15) + (b & mask[1]) * np.uint64(0xC2B2AE3D27D4EB4F)
    key += (c & mask[2]) * np.uint64(0x165667B19E3779F9) + (d & mask[3]) * np.uint64(0xD6E8FEB86659FD93)
    key ^= key >> np.uint64(29)
    return np.int64((key * np.uint64(0xD6E8FEB86659FD93)) >> shift)


@compiled
def sort_by_band(codes: Words, mask: Words, bits: int, low: int, high: int, wanted: NDArray[np.uint8]) -> Sorted:
    """The codes of the buckets low..high-1 of 2^bits, bucket by bucket; of those that are `wanted`, where any are named."""
    shift, every = np.uint64(64 - bits), len(wanted) == 0
    ends = np.zeros(high - low, np.uint32)
    buckets, chosen, count = np.empty(len(codes), np.uint32), np.empty(len(codes), np.uint32), 0
    for row in range(len(codes)):
        bucket = bucket_of(codes[row, 0], codes[row, 1], codes[row, 2], codes[row, 3], mask, shift) - low
        if 0 <= bucket < high - low and (every or wanted[bucket >> 3] >> (bucket & 7) & 1):
            ends[bucket] += np.uint32(1)
            buckets[count], chosen[count] = bucket, row
            count += 1
    total = np.uint32(0)
    for place in range(high - low):
        here = ends[place]
        ends[place] = total
        total += here
    heads, rows = np.empty((count, 2), np.uint64), np.empty(count, np.uint32)
    for number in range(count):
        home, row = buckets[number], chosen[number]
        at = ends[home]
        ends[home] = at + np.uint32(1)
        heads[at, 0], heads[at, 1], rows[at] = codes[row, 0], codes[row, 1], row
    return ends, heads, rows


@compiled
def differing_bits(left: np.uint64, right: np.uint64) -> np.int64:
    """The bits that differ (Warren, Hacker's Delight, 2002); LLVM makes one instruction of counting them."""
    word = left ^ right
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def is_first_shared(code: Words, other: Words, masks: Words, number: int) -> bool:
    """Whether two codes agree in this band, and in none before it."""
    a, b, c, d = code[0] ^ other[0], code[1] ^ other[1], code[2] ^ other[2], code[3] ^ other[3]
    for band in range(number + 1):
        if (a & masks[band, 0]) | (b & masks[band, 1]) | (c & masks[band, 2]) | (d & masks[band, 3]) == 0:
            return band == number
    return False


@compiled
def compare_buckets(
    few: Words, ours: Sorted, many: Words, theirs: Sorted, is_one_set: bool, masks: Words, number: int, radius: int
) -> tuple[Words, NDArray[np.uint8]]:
    """Compare what lies in one bucket; where half of the bits exceed the radius already, only that half."""
    ends, heads, rows = ours
    other_ends, other_heads, other_rows = theirs
    pairs, distances, found = np.empty(1024, np.uint64), np.empty(1024, np.uint8), 0
    start, other_start = 0, 0
    for bucket in range(len(ends)):
        for at in range(start, ends[bucket]):
            for there in range(at + 1 if is_one_set else other_start, other_ends[bucket]):
                apart = differing_bits(heads[at, 0], other_heads[there, 0])
                apart += differing_bits(heads[at, 1], other_heads[there, 1])
                if apart > radius:
                    continue
                code, other = few[rows[at]], many[other_rows[there]]
                apart += differing_bits(code[2], other[2]) + differing_bits(code[3], other[3])
                if apart > radius or not is_first_shared(code, other, masks, number):
                    continue
                if found == len(pairs):
                    pairs = np.concatenate((pairs, np.empty(found, np.uint64)))
                    distances = np.concatenate((distances, np.empty(found, np.uint8)))
                pairs[found] = np.uint64(rows[at]) << np.uint64(32) | np.uint64(other_rows[there])
                distances[found] = apart
                found += 1
        start, other_start = ends[bucket], other_ends[bucket]
    return pairs[:found].copy(), distances[:found].copy()
