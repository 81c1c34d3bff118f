"""The nearest neighbours of more vectors than can all be compared: only those are, whose signs agree in enough directions.

Here belong vectors in few bytes, the test by signs, and how much it finds. The exact search, which says what there is to find,
and keeping lists up to date are in `exact_search.py`.

A vector is rounded to 8 bits a number, and has a sign in each of 512 fixed directions (Charikar, STOC 2002; orthogonal ones,
as more is known of an angle by them: Ji et al., NIPS 2012). Whether two are compared follows from these two alone: not from
the collection, its order or its size. All sums are of whole numbers, so that they are the same on every processor.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.vectors.exact_search import Floats, Nearest, Rows, Searching

BITS, WORDS = 512, 8
NEAR_COSINE = 0.36
"""From here on, or from the limit that is asked for if it is higher, 99 of 100 pairs are compared. Of copies that an
exact search lists among a million pictures 0.996 are found, with 0.37 0.986 (`benchmarks/nearest_million.md`)."""
DEVIATIONS = 1.85
"""So many standard deviations of a sum of independent signs take in 99 % of sums of these: 20,000 pairs of 256 and of 512
numbers at cosines of 0.36, 0.5 and 0.7. Of unrelated pairs 1.6 and 0.2 in 1,000 pass at 0.36, and none at 0.5."""
TILE, TILES_AT_ONCE = 64, 16
"""Vectors whose signs are compared in one go, and goes before the next asked vector: 0.3 MB of 256 numbers a vector."""
ASKED_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class RoundedVectors:
    """n vectors of length 1, in d + 68 bytes each.

    values  (n, d) int8
    scales  (n,) float32: a vector is its values times its scale, within 1/254 of its largest number
    signs   (n, 8) uint64
    """

    values: NDArray[np.int8]
    scales: Floats
    signs: NDArray[np.uint64]

    def __len__(self) -> int:
        """How many vectors there are."""
        return len(self.values)

    def __getitem__(self, rows: NDArray[np.integer]) -> "RoundedVectors":
        """Some of them."""
        return RoundedVectors(self.values[rows], self.scales[rows], self.signs[rows])

    @classmethod
    def join(cls, parts: Sequence["RoundedVectors"]) -> "RoundedVectors":
        """All of at least one part."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


def round_vectors(vectors: Floats) -> RoundedVectors:
    """Round vectors (n, d) float32 of length 1; each by itself."""
    scales = np.maximum(np.abs(vectors).max(axis=1), np.float32(1e-9)) / np.float32(127)
    whole = np.rint(vectors / scales[:, None])
    is_positive = whole @ sign_directions(vectors.shape[1]).T > 0
    signs = np.packbits(is_positive, axis=1, bitorder="little").view(np.uint64)
    return RoundedVectors(whole.astype(np.int8), scales, signs)


@cache
def sign_directions(dimension: int) -> Floats:
    """The directions, (512, dimension) float32 of 1 and -1: a Hadamard matrix, or several, whose columns change sign at random."""
    side = max(8, 1 << (dimension - 1).bit_length())
    hadamard = np.ones((1, 1), np.float32)
    while len(hadamard) < side:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    turns = max(1, BITS // side)
    drawn = np.unpackbits(np.frombuffer(shake_256(b"sign_search").digest(turns * side // 8), np.uint8))
    flips = 1 - 2 * drawn.reshape(turns, 1, side).astype(np.float32)
    return np.ascontiguousarray((hadamard * flips).reshape(-1, side)[:BITS, :dimension])


def most_apart(min_cosine: float) -> int:
    """In how many signs two vectors differ that are compared, at most: 0 to 512."""
    share = math.acos(max(min_cosine, NEAR_COSINE)) / math.pi
    return int(BITS * share + DEVIATIONS * math.sqrt(BITS * share * (1 - share)))


def search_by_signs(threads: int) -> Searching[RoundedVectors]:
    """What `exact_search.EXACT` is for all vectors, for those whose signs agree."""
    return Searching(partial(find_nearest_by_signs, threads), partial(_find_entering, threads))


def find_nearest_by_signs(
    threads: int, vectors: RoundedVectors, asked: Rows, count: int, min_cosine: float, max_apart: int | None = None
) -> Nearest:
    """The `count` nearest other vectors of each asked one, of those at most `max_apart` signs apart; as `find_nearest` else.

    The test takes 0.5 ns of one core a pair where the processor counts bits in vectors (AVX-512), some 4 ns elsewhere.
    """
    apart = most_apart(min_cosine) if max_apart is None else max_apart
    floors = np.full(len(asked), min_cosine, np.float32)
    return _search(threads, vectors, asked, np.arange(len(vectors)), floors, count, apart)


def measure_recall(vectors: RoundedVectors, lists: Nearest, sample: int, count: int, min_cosine: float) -> float:
    """The share of the neighbours that `sample` evenly spaced vectors have among all that stands in `lists`; 1 if there is none."""
    asked = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), sample)).round().astype(np.int64))
    wanted = find_nearest_by_signs(1, vectors, asked, count, min_cosine, BITS)
    keys = wanted.rows * len(vectors) + wanted.others
    return float(np.isin(keys, lists.rows * len(vectors) + lists.others).mean()) if len(keys) else 1.0


def _find_entering(
    threads: int, vectors: RoundedVectors, new: Rows, standing: Rows, floors: Floats, count: int, min_cosine: float
) -> Nearest:
    return _search(threads, vectors, standing, new, floors[standing], count, most_apart(min_cosine))


def _search(
    threads: int, vectors: RoundedVectors, asked: Rows, among: Rows, floors: Floats, count: int, max_apart: int
) -> Nearest:
    """The `count` nearest of each asked row among some ascending rows, each list from its floor on."""
    cosines = np.repeat(np.nextafter(floors, np.float32(-2))[:, None], count, axis=1)
    others = np.full(cosines.shape, -1, np.int64)
    there = vectors if len(among) == len(vectors) else vectors[among]
    tiles = np.zeros((-(-len(among) // TILE) * TILE, WORDS), np.uint64)
    tiles[: len(among)] = there.signs
    tiles = np.ascontiguousarray(tiles.reshape(-1, TILE, WORDS).transpose(0, 2, 1))

    def scan(start: int) -> None:
        part = slice(start, start + ASKED_AT_ONCE)
        here, some = vectors[asked[part]], asked[part]
        _scan(
            some, here.signs, here.values, here.scales, among, tiles, there.values, there.scales,
            np.uint64(max_apart), cosines[part], others[part],
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(scan, range(0, len(asked), ASKED_AT_ONCE)))
    found = others >= 0
    return Nearest(np.repeat(asked, found.sum(axis=1)), others[found], cosines[found])


@compiled
def _scan(
    asked: Rows,
    asked_signs: NDArray[np.uint64],
    asked_values: NDArray[np.int8],
    asked_scales: Floats,
    rows: Rows,
    tiles: NDArray[np.uint64],
    values: NDArray[np.int8],
    scales: Floats,
    max_apart: np.uint64,
    cosines: Floats,
    others: Rows,
) -> None:
    """Enter in the lists (q, count) of asked rows, near ones first, what is nearer than their last: of equally near the first."""
    apart, chosen = np.empty(TILE, np.uint64), np.empty(TILE, np.int64)
    for first in range(0, len(tiles), TILES_AT_ONCE):
        for i in range(len(asked)):
            for tile in range(first, min(first + TILES_AT_ONCE, len(tiles))):
                if _count_apart(asked_signs, i, tiles, tile, apart) > max_apart:
                    continue
                for number in range(_choose(apart, max_apart, chosen)):
                    at = tile * TILE + chosen[number]
                    if at < len(rows) and rows[at] != asked[i]:
                        dot = _multiply(asked_values, i, values, at)
                        _enter(np.float32(dot) * (asked_scales[i] * scales[at]), rows[at], i, cosines, others)


@compiled
def _count_apart(
    signs: NDArray[np.uint64], i: int, tiles: NDArray[np.uint64], tile: int, apart: NDArray[np.uint64]
) -> np.uint64:
    """Fill in how many signs each of a tile differs in from an asked one, and return the least of these."""
    one, two, three, four = signs[i, 0], signs[i, 1], signs[i, 2], signs[i, 3]
    five, six, seven, eight = signs[i, 4], signs[i, 5], signs[i, 6], signs[i, 7]
    least = np.uint64(BITS)
    for at in range(TILE):
        bits = _count_bits(one ^ tiles[tile, 0, at]) + _count_bits(two ^ tiles[tile, 1, at])
        bits += _count_bits(three ^ tiles[tile, 2, at]) + _count_bits(four ^ tiles[tile, 3, at])
        bits += _count_bits(five ^ tiles[tile, 4, at]) + _count_bits(six ^ tiles[tile, 5, at])
        bits += _count_bits(seven ^ tiles[tile, 6, at]) + _count_bits(eight ^ tiles[tile, 7, at])
        apart[at] = bits
        least = min(least, bits)
    return least


@compiled
def _choose(apart: NDArray[np.uint64], max_apart: np.uint64, chosen: Rows) -> int:
    """Write which of a tile are near enough, and return how many: without a branch, which nobody could foretell."""
    count = 0
    for at in range(TILE):
        chosen[count] = at
        count += apart[at] <= max_apart
    return count


@compiled
def _count_bits(word: np.uint64) -> np.uint64:
    """As `signatures.count_bits`: a compiled function calls none of another module."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled
def _multiply(left: NDArray[np.int8], i: int, right: NDArray[np.int8], j: int) -> np.int32:
    dot = np.int32(0)
    for at in range(left.shape[1]):
        dot = np.int32(dot + np.int32(left[i, at]) * np.int32(right[j, at]))  # otherwise numba adds in 64 bits
    return dot


@compiled
def _enter(cosine: np.float32, row: int, i: int, cosines: Floats, others: Rows) -> None:
    place = cosines.shape[1] - 1
    if cosine <= cosines[i, place]:
        return
    while place > 0 and cosine > cosines[i, place - 1]:
        cosines[i, place], others[i, place] = cosines[i, place - 1], others[i, place - 1]
        place -= 1
    cosines[i, place], others[i, place] = cosine, row
