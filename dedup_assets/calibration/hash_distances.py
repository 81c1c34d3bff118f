"""How far apart the hashes of given pairs are, so that each limit can be moved without searching again.

Belongs here: the distances that decide about a candidate pair, turned, mirrored or framed, for pairs that are named.
Does not belong here: searching pairs among many contents (`kernels/candidates/near_contents.py`), of which this is the slow
twin; its bands miss at most one in 200 of the pairs at exactly the limit.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.near_contents import CandidateLimits, HashedContents
from dedup_assets.kernels.describe.hashes import hamming_distances, transform_hashes
from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS

Rows = NDArray[np.int64]
Distances = NDArray[np.int32]
Codes = tuple[NDArray[np.uint8], NDArray[np.uint8]]
NEVER = 257
"""Stands where no match is within the other limits: beyond the 256 bits of a hash."""
PAIRS_AT_ONCE = 100_000


class HashDistances(NamedTuple):
    """Distances of m pairs, each (m,) int32, bits of 256; NEVER where there is none.

    upright    the smallest DCT distance upright, among matches within the wavelet limit
    turned     the same among turned and mirrored matches
    wavelet    the smallest wavelet distance among matches within the DCT limit that is theirs
    nearest    the smallest DCT distance under any transform, whatever the wavelet distance
    transform  the transform of that one, an index into `transforms.TRANSFORMS`
    """

    upright: Distances
    turned: Distances
    wavelet: Distances
    nearest: Distances
    transform: Distances

    def proposed(self, threshold: str, value: float, limits: CandidateLimits) -> NDArray[np.bool_]:
        """Which pairs are candidates with one limit moved to `value`, the others as they are."""
        if threshold == "max_wavelet_distance":
            return self.wavelet <= value
        dct, turned = (value, limits.turned_dct) if threshold == "max_dct_distance" else (limits.dct, value)
        return (self.upright <= dct) | (self.turned <= turned)

    def take(self, chosen: NDArray[np.bool_]) -> "HashDistances":
        """The pairs that are chosen, (m,)."""
        return HashDistances(*(each[chosen] for each in self))


def join_distances(parts: Sequence[HashDistances]) -> HashDistances:
    """The pairs of all parts, one part after the other; at least one part."""
    return HashDistances(*map(np.concatenate, zip(*parts, strict=True)))


def measure_distances(
    left: HashedContents, left_rows: Rows, right: HashedContents, right_rows: Rows, limits: CandidateLimits
) -> HashDistances:
    """The distances of pairs of contents, given by their rows, both (m,)."""
    starts = range(0, max(1, len(left_rows)), PAIRS_AT_ONCE)
    slices = [slice(start, start + PAIRS_AT_ONCE) for start in starts]
    return join_distances(
        [_measure(left.take(left_rows[part]), right.take(right_rows[part]), limits) for part in slices]
    )


def _measure(left: HashedContents, right: HashedContents, limits: CandidateLimits) -> HashDistances:
    upright, turned, wavelet, nearest = (np.full(len(left.dct), NEVER, np.int32) for _ in range(4))
    transform = np.zeros(len(left.dct), np.int32)
    for number, rows, by_dct, by_wavelet in _matches(left, right):
        reached = upright if number == 0 else turned
        within = np.where(by_wavelet <= limits.wavelet, by_dct, NEVER)
        reached[rows] = np.minimum(reached[rows], within)
        near = by_dct <= (limits.dct if number == 0 else limits.turned_dct)
        wavelet[rows] = np.minimum(wavelet[rows], np.where(near, by_wavelet, NEVER))
        transform[rows] = np.where(by_dct < nearest[rows], number, transform[rows])
        nearest[rows] = np.minimum(nearest[rows], by_dct)
    return HashDistances(upright, turned, wavelet, nearest, transform)


def _matches(left: HashedContents, right: HashedContents) -> Iterator[tuple[int, Rows, Distances, Distances]]:
    """Every way to compare a pair: number of the transform, rows that can be, and their DCT and wavelet distances."""
    flat = left.low_information | right.low_information
    for one, other in product(("", "inner_"), repeat=2):
        rows = np.flatnonzero((left.has_inner | (one == "")) & (right.has_inner | (other == "")))
        codes, others = _codes(left, one, rows), _codes(right, other, rows)
        for number, transform in enumerate(TRANSFORMS if len(rows) else ()):
            for by_dct, by_wavelet in _distances(codes, others, transform):
                equal = (by_dct == 0) & (by_wavelet == 0) & (number == 0)
                hopeless = flat[rows] & ~equal
                yield number, rows, np.where(hopeless, NEVER, by_dct), np.where(hopeless, NEVER, by_wavelet)


def _codes(contents: HashedContents, kind: str, rows: Rows) -> Codes:
    return getattr(contents, f"{kind}dct")[rows], getattr(contents, f"{kind}wavelet")[rows]


def _distances(codes: Codes, others: Codes, transform: str) -> Iterator[tuple[Distances, Distances]]:
    """DCT and wavelet distances under one transform, on either side where that may differ."""
    (dct, wavelet), (other_dct, other_wavelet) = codes, others
    by_wavelet = hamming_distances(transform_hashes(wavelet, transform, "wavelet"), other_wavelet)
    yield hamming_distances(transform_hashes(dct, transform, "dct"), other_dct), by_wavelet
    if transform != "identity":
        turned_back = transform_hashes(other_dct, INVERSE_TRANSFORMS[transform], "dct")
        yield hamming_distances(dct, turned_back), by_wavelet
