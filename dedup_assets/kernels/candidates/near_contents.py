"""Which contents might show the same picture, judged by their hashes alone, turned, mirrored or framed.

Belongs here: how the hashes of one picture are combined with those of another into candidate pairs.
Does not belong here: searching codes (`hamming_search.py`), making and turning them (`kernels/describe/hashes.py`), judging
pairs (`kernels/verify/cascade.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hamming_search import find_pairs_within
from dedup_assets.kernels.describe.hashes import hamming_distances, transform_hashes
from dedup_assets.kernels.transforms import INVERSE_NUMBERS, INVERSE_TRANSFORMS, TRANSFORMS


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


def find_candidate_pairs(queries: HashedContents, contents: HashedContents, limits: CandidateLimits) -> CandidatePairs:
    """All pairs of a query and a content whose hashes agree within the limits, upright, turned or mirrored.

    Whether a pair is found does not depend on which of the two is the query: codes are compared with the transform on
    either side, and the transforms of `kernels/describe/hashes.py` are isometries.
    """
    found = [matches for transform in TRANSFORMS for matches in _matches(queries, contents, transform, limits)]
    return _nearest_of_each_pair(np.concatenate([np.empty((0, 5), np.int64), *found]), queries, contents)


def _matches(
    queries: HashedContents, contents: HashedContents, transform: str, limits: CandidateLimits
) -> Iterator[NDArray[np.int64]]:
    rows, dct, wavelet = queries.codes()
    other_rows, other_dct, other_wavelet = contents.codes()
    inverse = INVERSE_TRANSFORMS[transform]
    turned_wavelet = transform_hashes(wavelet, transform, "wavelet")
    sides = [(transform_hashes(dct, transform, "dct"), other_dct)]
    if transform != "identity":
        sides.append((dct, transform_hashes(other_dct, inverse, "dct")))
    for left, right in sides:
        max_dct = limits.dct if transform == "identity" else limits.turned_dct
        query, other, distance = find_pairs_within(left, right, max_dct)
        wavelet_distance = hamming_distances(turned_wavelet[query], other_wavelet[other])
        near = wavelet_distance <= limits.wavelet
        number = np.full(int(near.sum()), TRANSFORMS.index(transform))
        columns = (rows[query[near]], other_rows[other[near]], distance[near], wavelet_distance[near], number)
        yield np.stack(columns, axis=1).astype(np.int64)


def _nearest_of_each_pair(
    found: NDArray[np.int64], queries: HashedContents, contents: HashedContents
) -> CandidatePairs:
    query, other, dct, wavelet, transform = found.T
    flat = queries.low_information[query] | contents.low_information[other]
    keep = ~flat | ((dct == 0) & (wavelet == 0) & (transform == 0))
    found = found[keep]
    query, other, dct, wavelet, transform = found.T
    order = np.lexsort(
        (_seen_from_lower(transform, queries.dct[query], contents.dct[other]), wavelet, dct, other, query)
    )
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(query[order]) != 0) | (np.diff(other[order]) != 0)
    query, other, dct, wavelet, transform = found[order[first]].T
    return CandidatePairs(query, other, dct.astype(np.int32), wavelet.astype(np.int32), transform)


def _seen_from_lower(
    transform: NDArray[np.int64], query: NDArray[np.uint8], other: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """The transform as the end with the lower hash sees it, so that ties fall alike whichever end is the query."""
    is_lower = query.view("S32")[:, 0] <= other.view("S32")[:, 0] if len(query) else np.empty(0, np.bool_)
    return np.where(is_lower, transform, INVERSE_NUMBERS[transform])
