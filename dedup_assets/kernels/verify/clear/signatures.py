"""Whether two pictures can show the same at all, told from 64 bits a local feature: the cheap test before any exact fit.

Here belong the loops that compare signatures, and the map that their matches agree on. What the bits are is in
`kernels/verify/stored_features.py`, the exact fit in `kernels/verify/exact/geometry.py`, what a map decides in `cases.py`.

Descriptors are compared by their bits (Hamming embedding: Jégou, Douze & Schmid, ECCV 2008); then each match votes for a
similarity from its own scale and angle (Philbin et al., CVPR 2007), which is sharper than their histograms, and with 30 to 80
matches as cheap. A mirrored picture differs by ODD_BITS in every signature, so that both handednesses cost 0.07 ms together.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.verify.stored_features import (
    ANGLE_STEPS,
    BITS,
    EVEN_BITS,
    PLACE_STEPS,
    SCALE_STEPS,
    StoredFeatures,
)

Bits = NDArray[np.uint64]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

ODD_BITS = np.uint64((1 << BITS) - (1 << EVEN_BITS))
MAX_BITS_APART = 16
"""Of 64. With 18 and 20 as many of 3,400 copies were lost, none, and twice as many unrelated pairs were left."""
LOOSE_PX, MAX_LOG_SCALE_APART = 14.0, 0.7
"""One feature's scale and angle predict the others' places and scales this well."""
TOLERANCES_PX = (LOOSE_PX, 8.0, 6.0, 5.0)
"""Of the least squares: what a step leaves outside takes no part in the next."""
MIN_FIT = 4
EXACT_PX, NEAR_PX, MIN_NEAR_MATCHES = 1.5, 24.0, 20
"""As in `kernels/verify/exact/geometry.py`: where fewer lie near, nothing is known of strays."""
X, Y, U, V, TURN, GROWTH = range(6)
"""The columns of a table of matches: place in the left and in the right picture, px; turn, radians; logarithm of the growth."""


@dataclass(frozen=True, slots=True)
class SignatureFit:
    """What the signatures of two pictures agree on.

    votes     matches that the map explains within 5 px
    mirrored  whether they are of other handedness
    strays    share of the matches near their place that are not at it, 0..1; NaN where too few are near
    matrix    (3, 3) float64, affine, px of the left canvas to px of the right one, exact to 1 to 2 px; zeros where there is none
    """

    votes: int
    mirrored: bool
    strays: float
    matrix: Floats


def fit_signatures(left: StoredFeatures, right: StoredFeatures) -> SignatureFit:
    """The affine map that most matches of two pictures agree on, of either handedness."""
    fits = []
    for mirrored, flipped in ((False, np.uint64(0)), (True, ODD_BITS)):
        rows, others = mutual_matches(left.bits, right.bits, flipped, MAX_BITS_APART)
        matches = lay_out_matches(
            rows, others, left.places, left.shapes, right.places, right.shapes, left.size[0], mirrored
        )
        votes, strays, affine = fit_matches(matches)
        fits.append(SignatureFit(votes, mirrored, strays, np.vstack([affine, [0.0, 0.0, 1.0]])))
    best = max(fits, key=lambda fit: fit.votes)
    if best.mirrored:
        mirror = np.array([[-1.0, 0.0, left.size[0] - 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        return SignatureFit(best.votes, True, best.strays, best.matrix @ mirror)
    return best


@compiled
def count_bits(word: np.uint64) -> np.uint64:
    """The set bits of a uint64 (Warren, Hacker's Delight, 2002); LLVM makes one instruction of it."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled
def mutual_matches(left: Bits, right: Bits, flipped: np.uint64, max_apart: int) -> tuple[Rows, Rows]:
    """Rows of (n,) and (m,) uint64 that are each other's nearest, and at most `max_apart` bits apart: (k,) int64 each.

    Those of the left are XORed with `flipped` first. Of several that are as near, the lowest row counts.
    """
    best, back = np.empty(len(left), np.int32), np.empty(len(right), np.int32)
    back[:] = 1 << 30
    for i in range(len(left)):
        word = left[i] ^ flipped
        lowest = np.int32(1 << 30)
        for j in range(len(right)):
            apart = np.int32(count_bits(word ^ right[j])) << 16
            lowest = min(lowest, apart | np.int32(j))
            back[j] = min(back[j], apart | np.int32(i))
        best[i] = lowest
    rows, others, count = np.empty(len(left), np.int64), np.empty(len(left), np.int64), 0
    for i in range(len(left)):
        j = best[i] & 0xFFFF
        if (best[i] >> 16) <= max_apart and (back[j] & 0xFFFF) == i:
            rows[count], others[count] = i, j
            count += 1
    return rows[:count], others[:count]


@compiled
def lay_out_matches(
    rows: Rows,
    others: Rows,
    left_places: NDArray[np.uint16],
    left_shapes: NDArray[np.uint8],
    right_places: NDArray[np.uint16],
    right_shapes: NDArray[np.uint8],
    width: int,
    mirrored: bool,
) -> Floats:
    """A table (k, 6) float64 of matches; `width`: of the left canvas, px, which is mirrored first where asked."""
    matches = np.empty((len(rows), 6))
    for at in range(len(rows)):
        i, j = rows[at], others[at]
        matches[at, X], angle = left_places[i, 0] / PLACE_STEPS, np.float64(left_shapes[i, 1])
        if mirrored:
            matches[at, X], angle = width - 0.5 - matches[at, X], ANGLE_STEPS / 2 - angle
        matches[at, Y] = left_places[i, 1] / PLACE_STEPS
        matches[at, U], matches[at, V] = right_places[j, 0] / PLACE_STEPS, right_places[j, 1] / PLACE_STEPS
        matches[at, TURN] = (right_shapes[j, 1] - angle) * (2 * math.pi / ANGLE_STEPS)
        grown = np.float64(right_shapes[j, 0]) - np.float64(left_shapes[i, 0])
        matches[at, GROWTH] = grown * (math.log(2.0) / SCALE_STEPS)
    return matches


@compiled
def fit_matches(matches: Floats) -> tuple[int, float, Floats]:
    """Votes, share of strays (NaN where too few are near) and affine map (2, 3) of a table (k, 6) of matches.

    From the similarity that most matches agree with, by least squares on those within a shrinking tolerance.
    """
    votes, chosen = _most_votes(matches)
    affine = np.zeros((2, 3))
    if votes < MIN_FIT:
        return votes, np.nan, affine
    one, grown = matches[chosen], math.exp(matches[chosen, GROWTH])
    c, s = grown * math.cos(one[TURN]), grown * math.sin(one[TURN])
    affine[0, 0], affine[0, 1], affine[0, 2] = c, -s, one[U] - c * one[X] + s * one[Y]
    affine[1, 0], affine[1, 1], affine[1, 2] = s, c, one[V] - s * one[X] - c * one[Y]
    for tolerance in TOLERANCES_PX:
        explained = _explained(matches, affine, tolerance)
        if len(explained) < MIN_FIT or not _least_squares(explained, affine):
            return votes, np.nan, affine
        votes = len(explained)
    return votes, _stray_share(matches, affine), affine


@compiled
def _most_votes(matches: Floats) -> tuple[int, int]:
    """How many matches agree with the similarity that one of them stands for, at most, and which one that is."""
    most, chosen = 0, -1
    for a in range(len(matches)):
        x, y, u, v, turn, growth = matches[a]
        grown = math.exp(growth)
        c, s, most_off = grown * math.cos(turn), grown * math.sin(turn), (LOOSE_PX * max(1.0, grown)) ** 2
        votes = 0
        for b in range(len(matches)):
            across, down = matches[b, X] - x, matches[b, Y] - y
            off_u = c * across - s * down + u - matches[b, U]
            off_v = s * across + c * down + v - matches[b, V]
            is_near = off_u * off_u + off_v * off_v <= most_off
            votes += is_near and abs(matches[b, GROWTH] - growth) < MAX_LOG_SCALE_APART
        if votes > most:
            most, chosen = votes, a
    return most, chosen


@compiled
def _explained(matches: Floats, affine: Floats, tolerance: float) -> Floats:
    """The matches (k', 6) that lie within a tolerance of their places."""
    kept, count = np.empty(matches.shape), 0
    for match in matches:
        if _error(match, affine) <= tolerance:
            for column in range(matches.shape[1]):
                kept[count, column] = match[column]
            count += 1
    return kept[:count]


@compiled
def _least_squares(matches: Floats, affine: Floats) -> bool:
    """Set the map to the one that fits some matches best; False where they lie on a line, or are none."""
    count = max(1, len(matches))
    x = y = u = v = 0.0
    for match in matches:
        x, y, u, v = x + match[X] / count, y + match[Y] / count, u + match[U] / count, v + match[V] / count
    xx = xy = yy = xu = yu = xv = yv = 0.0
    for match in matches:
        across, down, off_u, off_v = match[X] - x, match[Y] - y, match[U] - u, match[V] - v
        xx, xy, yy = xx + across * across, xy + across * down, yy + down * down
        xu, yu, xv, yv = xu + across * off_u, yu + down * off_u, xv + across * off_v, yv + down * off_v
    determinant = xx * yy - xy * xy
    if len(matches) * determinant < 1e-3:
        return False
    affine[0, 0], affine[0, 1] = (xu * yy - yu * xy) / determinant, (yu * xx - xu * xy) / determinant
    affine[1, 0], affine[1, 1] = (xv * yy - yv * xy) / determinant, (yv * xx - xv * xy) / determinant
    affine[0, 2] = u - affine[0, 0] * x - affine[0, 1] * y
    affine[1, 2] = v - affine[1, 0] * x - affine[1, 1] * y
    return True


@compiled
def _error(match: Floats, affine: Floats) -> float:
    """How far a match lies from its place, in px of the finer of the two canvases."""
    off_u = affine[0, 0] * match[X] + affine[0, 1] * match[Y] + affine[0, 2] - match[U]
    off_v = affine[1, 0] * match[X] + affine[1, 1] * match[Y] + affine[1, 2] - match[V]
    grown = math.sqrt(abs(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0]))
    return math.sqrt(off_u * off_u + off_v * off_v) / max(1.0, grown)


@compiled
def _stray_share(matches: Floats, affine: Floats) -> float:
    near = strays = 0
    for match in matches:
        error = _error(match, affine)
        near += error <= NEAR_PX
        strays += EXACT_PX < error <= NEAR_PX
    return strays / near if near >= MIN_NEAR_MATCHES else np.nan
