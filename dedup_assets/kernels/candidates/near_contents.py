"""Which contents might show the same picture, judged by their hashes alone, turned, mirrored or framed.

Belongs here: how the hashes of one picture are combined with those of another into candidate pairs.
Does not belong here: searching codes (`hamming_search.py`), making and turning them (`kernels/describe/hashes.py`), judging
pairs (`kernels/verify/cascade.py`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hamming_search import LOW_HALF, find_pairs_within
from dedup_assets.kernels.describe.hashes import hamming_distances, transform_hashes
from dedup_assets.kernels.transforms import INVERSE_NUMBERS, INVERSE_TRANSFORMS, TRANSFORMS

Codes = NDArray[np.uint8]
Pairs = NDArray[np.uint64]
"""The query in the upper and the other in the lower 32 bits."""
Columns = NDArray[np.int16]
HALF = np.uint64(32)


@dataclass(frozen=True)
class HashedContents:
    """Hashes of n contents, each uint8 (n, 32).

    `has_inner` (n,) bool says where a uniform border was trimmed; elsewhere the inner rows are ignored.
    `low_information` (n,) bool marks pictures that are too flat for a hash to mean anything: they pair only with equal hashes.
    """

    dct: NDArray[np.uint8]
    wavelet: NDArray[np.uint8]
    inner_dct: NDArray[np.uint8]
    inner_wavelet: NDArray[np.uint8]
    has_inner: NDArray[np.bool_]
    low_information: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> "HashedContents":
        """The contents at the given rows."""
        return HashedContents(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
        """Row, DCT hash and wavelet hash of every code: one a content, and a second one where a border was trimmed."""
        framed = np.flatnonzero(self.has_inner)
        rows = np.concatenate([np.arange(len(self.dct)), framed])
        dct = np.concatenate([self.dct, self.inner_dct[framed]])
        return rows, dct, np.concatenate([self.wavelet, self.inner_wavelet[framed]])


@dataclass(frozen=True)
class CandidatePairs:
    """m candidate pairs, each once, sorted by (query, other): the second content is about `transform` of the first one.

    Distances are bits of 256, low is alike; `transform` holds indexes into `transforms.TRANSFORMS`.
    """

    query: NDArray[np.int64]
    other: NDArray[np.int64]
    dct_distance: NDArray[np.int32]
    wavelet_distance: NDArray[np.int32]
    transform: NDArray[np.int64]


@dataclass(frozen=True)
class CandidateLimits:
    """Largest Hamming distances of a candidate pair, inclusive, bits of 256; `turned` for pairs that are not upright."""

    dct: int
    turned_dct: int
    wavelet: int


def find_candidate_pairs(
    queries: HashedContents, contents: HashedContents, limits: CandidateLimits, threads: int = 1
) -> CandidatePairs:
    """All pairs of a query and a content whose hashes agree within the limits, upright, turned or mirrored.

    Whether a pair is found does not depend on which of the two is the query: codes are compared with the transform on
    either side, and the transforms of `kernels/describe/hashes.py` are isometries. Where the queries are the contents (the same
    object), each pair of two of them is found once, the lower row as its query. `threads` are those of the search.
    """
    found = [_matches(queries, contents, transform, limits, threads) for transform in TRANSFORMS]
    pairs, *columns = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _nearest_of_each_pair(pairs, np.stack(columns), queries, contents)


def _matches(
    queries: HashedContents, contents: HashedContents, transform: str, limits: CandidateLimits, threads: int
) -> tuple[Pairs, Columns, Columns, Columns]:
    """Pairs of contents that agree under a transform; their DCT and wavelet distances, and its number."""
    rows, dct, wavelet = queries.codes()
    one_set = queries is contents
    other_rows, other_dct, other_wavelet = (rows, dct, wavelet) if one_set else contents.codes()
    turned_wavelet = transform_hashes(wavelet, transform, "wavelet")
    found = []
    for left, right in _sides(dct, other_dct, transform, one_set):
        max_dct = limits.dct if transform == "identity" else limits.turned_dct
        query, other, distance = find_pairs_within(left, right, max_dct, threads)
        wavelet_distance = hamming_distances(turned_wavelet[query], other_wavelet[other])
        near = wavelet_distance <= limits.wavelet
        near &= (rows[query] != other_rows[other]) | (not one_set)
        ends, turn = _ordered(rows[query[near]], other_rows[other[near]], transform, one_set)
        found.append((ends, distance[near].astype(np.int16), wavelet_distance[near].astype(np.int16), turn))
    pairs, by_dct, by_wavelet, numbers = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return pairs, by_dct, by_wavelet, numbers


def _sides(dct: Codes, other_dct: Codes, transform: str, one_set: bool) -> list[tuple[Codes, Codes]]:
    """What is compared: the codes turned with the others, and the codes with the others turned back.

    Of one set the latter is the former of the inverse transform, with the ends changed.
    """
    turned = transform_hashes(dct, transform, "dct")
    if transform == "identity":
        return [(dct, other_dct)]
    if one_set:
        return [(turned, other_dct)]
    return [(turned, other_dct), (dct, transform_hashes(other_dct, INVERSE_TRANSFORMS[transform], "dct"))]


def _ordered(
    query: NDArray[np.int64], other: NDArray[np.int64], transform: str, one_set: bool
) -> tuple[Pairs, Columns]:
    """Each pair as one number, and its transform's; of one set the lower end first."""
    number = np.full(len(query), TRANSFORMS.index(transform), np.int16)
    if one_set:
        number = np.where(query < other, number, INVERSE_NUMBERS[number]).astype(np.int16)
        query, other = np.minimum(query, other), np.maximum(query, other)
    return query.astype(np.uint64) << HALF | other.astype(np.uint64), number


def _nearest_of_each_pair(
    pairs: Pairs, columns: Columns, queries: HashedContents, contents: HashedContents
) -> CandidatePairs:
    query, other = _ends(pairs)
    dct, wavelet, transform = columns
    flat = queries.low_information[query] | contents.low_information[other]
    keep = ~flat | ((dct == 0) & (wavelet == 0) & (transform == 0))
    pairs, (dct, wavelet, transform) = pairs[keep], columns[:, keep]
    query, other = _ends(pairs)
    seen = _seen_from_lower(transform, queries.dct[query], contents.dct[other])
    order = np.lexsort((seen, wavelet, dct, pairs))
    first = order[np.diff(pairs[order], prepend=~pairs[order[:1]]) != 0]
    query, other = _ends(pairs[first])
    return CandidatePairs(
        query, other, dct[first].astype(np.int32), wavelet[first].astype(np.int32), transform[first].astype(np.int64)
    )


def _ends(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (pairs >> HALF).astype(np.int64), (pairs & LOW_HALF).astype(np.int64)


def _seen_from_lower(
    transform: NDArray[np.int64], query: NDArray[np.uint8], other: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """The transform as the end with the lower hash sees it, so that ties fall alike whichever end is the query."""
    is_lower = query.view("S32")[:, 0] <= other.view("S32")[:, 0] if len(query) else np.empty(0, np.bool_)
    return np.where(is_lower, transform, INVERSE_NUMBERS[transform])
