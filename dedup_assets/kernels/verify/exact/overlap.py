"""What two pictures show of each other under a given map: how much, what is around it, and whether it agrees.

Here belong warping and areas. Finding the map is in `geometry.py` and `alignment.py`; judging the figures is in
`pixel_tests.py`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.drawn import is_drawn, plain_share
from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.verify.evidence import Relation
from dedup_assets.kernels.verify.exact.alignment import (
    WINDOW_PX,
    StructureComparison,
    compare_structure,
    frame_size,
    invert_map,
    warp_picture,
)
from dedup_assets.kernels.verify.exact.colour import ColourComparison, compare_colours
from dedup_assets.kernels.verify.exact.seams import has_seam
from dedup_assets.kernels.verify.exact.strokes import measure_conflict
from dedup_assets.kernels.verify.exact.surroundings import FRAME_SHARE, frame_share

WHOLE_SHARE = 0.85
"""From this share on a picture counts as shown wholly."""

MAX_PANEL_SHARE = 0.65
"""A panel of two takes half; what takes more, within straight edges, is a picture with its decorated border cut away."""


@dataclass(frozen=True, slots=True)
class AlignedPictures:
    """Two pictures in the pixels of the one that shows the overlap larger.

    target         (h, w, 3) uint8 RGB, as it is
    warped         (h, w, 3) uint8 RGB, the other one laid upon it
    inside         (h, w) bool, where it lies
    magnification  by how much it was enlarged for that, >= 1
    """

    target: NDArray[np.uint8]
    warped: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    magnification: float


@dataclass(frozen=True, slots=True)
class OverlapComparison:
    """Two pictures compared where both show the same, under one map; shares are 0..1. `framed` is that of `relate`."""

    structure: StructureComparison
    colour: ColourComparison
    share_left: float
    share_right: float
    relation: Relation
    framed: float
    plain_share: float
    drawn: bool
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
    aligned = align_pictures(left, right, matrix, share_left >= share_right)
    frame = frame_size(aligned.target.shape[1], aligned.target.shape[0])
    one, other = resize_into(aligned.target, frame), resize_into(aligned.warped, frame)
    inside = aligned.inside.astype(np.uint8)
    compared = _inner_part(cv2.resize(inside, frame, interpolation=cv2.INTER_NEAREST) > 0)
    structure = compare_structure(to_gray(one), to_gray(other), compared)
    colour = compare_colours(one, other, structure.agreeing)
    relation, framed = relate(left, right, matrix, share_left, share_right)
    whole = _inner_part(aligned.inside)
    grays = to_gray(aligned.target), to_gray(aligned.warped)
    plain = min(plain_share(gray, whole) for gray in grays)
    drawn = plain >= min_plain_share and is_drawn(to_gray(left)) and is_drawn(to_gray(right))
    conflict = measure_conflict(*grays, whole, aligned.magnification) if drawn else 0.0
    return OverlapComparison(structure, colour, share_left, share_right, relation, framed, plain, drawn, conflict)


def align_pictures(
    left: NDArray[np.uint8], right: NDArray[np.uint8], matrix: NDArray[np.float64], onto_left: bool
) -> AlignedPictures:
    """Lay one (h, w, 3) uint8 RGB picture upon the other; `matrix`, 3x3, takes px of left to px of right."""
    target, moving, inverse = (left, right, invert_map(matrix)) if onto_left else (right, left, matrix)
    size = target.shape[1], target.shape[0]
    whole = np.full(moving.shape[:2], 255, np.uint8)
    inside = cv2.warpPerspective(whole, inverse, size, flags=cv2.INTER_NEAREST) > 0
    magnification = max(1.0, float(np.sqrt(abs(np.linalg.det(inverse[:2, :2])))))
    return AlignedPictures(target, warp_picture(moving, inverse, size), inside, magnification)


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


def relate(
    left: NDArray[np.uint8],
    right: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    share_left: float,
    share_right: float,
) -> tuple[Relation, float]:
    """Which of two (h, w, 3) uint8 RGB pictures shows more, where `matrix` takes px of left to px of right.

    And the share, 0..1, of what surrounds a contained picture that is a frame; 0 where neither contains the other.
    """
    if min(share_left, share_right) >= WHOLE_SHARE:
        return "same", 0.0
    if share_right >= WHOLE_SHARE:
        framed = frame_share(left, _outline(right, invert_map(matrix)))
        return "left_frames_right" if framed >= FRAME_SHARE else "left_contains_right", framed
    if share_left >= WHOLE_SHARE:
        framed = frame_share(right, _outline(left, matrix))
        return "right_frames_left" if framed >= FRAME_SHARE else "right_contains_left", framed
    return "overlap", 0.0


def _outline(contained: NDArray[np.uint8], to_container: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.perspectiveTransform(_corners(contained.shape[1::-1])[None], to_container)[0], np.float64)


def is_panel(
    left: NDArray[np.uint8], right: NDArray[np.uint8], matrix: NDArray[np.float64], relation: Relation
) -> bool:
    """Whether the contained picture is one panel of the other: straight seams around it, and other pictures beyond."""
    if relation == "left_contains_right":
        container, contained, to_container = left, right, invert_map(matrix)
    elif relation == "right_contains_left":
        container, contained, to_container = right, left, matrix
    else:
        return False
    outline = _outline(contained, to_container)
    share = cv2.contourArea(outline.astype(np.float32)) / (container.shape[0] * container.shape[1])
    return share <= MAX_PANEL_SHARE and has_seam(container, outline)
