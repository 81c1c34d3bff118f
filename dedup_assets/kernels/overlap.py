"""What two pictures show of each other under a given map: how much, what is around it, and whether it agrees.

Here belong warping and areas. Finding the map is in `geometry` and `alignment`; judging the figures is in `verification`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.alignment import (
    WINDOW_PX,
    StructureComparison,
    compare_structure,
    frame_size,
    invert_map,
    measure_conflict,
    plain_share,
    resize_into,
    to_gray,
    warp_picture,
)
from dedup_assets.kernels.colour import ColourComparison, compare_colours
from dedup_assets.kernels.evidence import Relation

WHOLE_SHARE = 0.85
"""From this share on a picture counts as shown wholly."""
FRAME_SHARE = 0.5
FRAME_LEVELS = 24
"""What lies around a contained picture is a frame where half of it is within 24 levels of one colour."""


@dataclass(frozen=True, slots=True)
class OverlapComparison:
    """Two pictures compared where both show the same, under one map; shares are 0..1."""

    structure: StructureComparison
    colour: ColourComparison
    share_left: float
    share_right: float
    relation: Relation
    plain_share: float
    conflict: float


def compare_overlap(
    left: NDArray[np.uint8], right: NDArray[np.uint8], matrix: NDArray[np.float64], min_plain_share: float
) -> OverlapComparison | None:
    """Compare two (h, w, 3) uint8 RGB pictures; `matrix`, 3x3, takes px of left to px of right.

    The comparison happens in the frame of the picture that shows the overlap larger. None where they do not overlap.
    """
    share_left, share_right = overlap_shares(left.shape[1::-1], right.shape[1::-1], matrix)
    if min(share_left, share_right) <= 0:
        return None
    if share_left >= share_right:
        target, moving, inverse = left, right, invert_map(matrix)
    else:
        target, moving, inverse = right, left, matrix
    size = target.shape[1], target.shape[0]
    warped = warp_picture(moving, inverse, size)
    inside = cv2.warpPerspective(np.full(moving.shape[:2], 255, np.uint8), inverse, size, flags=cv2.INTER_NEAREST)
    frame = frame_size(*size)
    one, other = resize_into(target, frame), resize_into(warped, frame)
    compared = _inner_part(cv2.resize(inside, frame, interpolation=cv2.INTER_NEAREST) > 0)
    structure = compare_structure(to_gray(one), to_gray(other), compared)
    colour = compare_colours(one, other, structure.agreeing)
    relation = _relate(left, right, matrix, share_left, share_right)
    whole = _inner_part(inside > 0)
    grays = to_gray(target), to_gray(warped)
    plain = min(plain_share(gray, whole) for gray in grays)
    conflict = measure_conflict(*grays, whole) if plain >= min_plain_share else 0.0
    return OverlapComparison(structure, colour, share_left, share_right, relation, plain, conflict)


def overlap_shares(
    left_size: tuple[int, ...], right_size: tuple[int, ...], matrix: NDArray[np.float64]
) -> tuple[float, float]:
    """Share of the left and of the right picture (sizes as width, height) that the other one shows."""
    return (
        _visible_share(left_size, right_size, invert_map(matrix)),
        _visible_share(right_size, left_size, matrix),
    )


def _visible_share(size: tuple[int, ...], other: tuple[int, ...], to_here: NDArray[np.float64]) -> float:
    mapped = cv2.perspectiveTransform(_corners(other)[None], to_here)[0]
    if not np.isfinite(mapped).all() or not cv2.isContourConvex(mapped.astype(np.float32)):
        return 0.0
    area, _ = cv2.intersectConvexConvex(_corners(size).astype(np.float32), mapped.astype(np.float32))
    return min(1.0, float(area) / (size[0] * size[1]))


def _corners(size: tuple[int, ...]) -> NDArray[np.float64]:
    width, height = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def _inner_part(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the windows that reach over the edge of the warped picture; the edge of the frame itself does no harm."""
    padded = np.pad(inside.astype(np.uint8), WINDOW_PX, mode="edge")
    eroded = cv2.erode(padded, np.ones((WINDOW_PX, WINDOW_PX), np.uint8))
    return np.asarray(eroded[WINDOW_PX:-WINDOW_PX, WINDOW_PX:-WINDOW_PX] > 0)


def _relate(
    left: NDArray[np.uint8],
    right: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    share_left: float,
    share_right: float,
) -> Relation:
    if min(share_left, share_right) >= WHOLE_SHARE:
        return "same"
    if share_right >= WHOLE_SHARE:
        framed = _is_frame(left, right.shape[1::-1], invert_map(matrix))
        return "left_frames_right" if framed else "left_contains_right"
    if share_left >= WHOLE_SHARE:
        framed = _is_frame(right, left.shape[1::-1], matrix)
        return "right_frames_left" if framed else "right_contains_left"
    return "overlap"


def _is_frame(container: NDArray[np.uint8], size: tuple[int, ...], to_container: NDArray[np.float64]) -> bool:
    """Whether most of what surrounds the contained picture has one colour."""
    quad = cv2.perspectiveTransform(_corners(size)[None], to_container)[0]
    covered = np.zeros(container.shape[:2], np.uint8)
    cv2.fillConvexPoly(covered, np.round(quad).astype(np.int32), 1)
    around = container[cv2.dilate(covered, np.ones((5, 5), np.uint8)) == 0].astype(np.int16)
    if not len(around):
        return False
    plain = (np.abs(around - np.median(around, axis=0)) <= FRAME_LEVELS).all(axis=1)
    return bool(plain.mean() >= FRAME_SHARE)
