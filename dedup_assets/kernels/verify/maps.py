"""Maps between two pictures that are known before any feature is matched: turns, boxes, changes of size.

Here belong 3x3 matrices on pixel coordinates. Maps that are found from features are in `exact/geometry.py`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.transforms import transform_image
from dedup_assets.kernels.verify.evidence import VerifiableImage
from dedup_assets.kernels.verify.exact.alignment import frame_size, invert_map, refine_alignment, warp_picture

WHOLE_BOX = (0.0, 0.0, 1.0, 1.0)
PROBE_PX = 32
UPRIGHT_SLACK = 0.06
"""Sine of 3.4 degrees: a straightened horizon is still upright, a tilt of 6 degrees is an edit of its own."""
UNIT_MAPS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "identity": ((1, 0, 0), (0, 1, 0)),
    "mirror": ((-1, 0, 1), (0, 1, 0)),
    "flip": ((1, 0, 0), (0, -1, 1)),
    "rot180": ((-1, 0, 1), (0, -1, 1)),
    "rot90": ((0, 1, 0), (-1, 0, 1)),
    "rot270": ((0, -1, 1), (1, 0, 0)),
    "transpose": ((0, 1, 0), (1, 0, 0)),
    "transverse": ((0, -1, 1), (-1, 0, 1)),
}
"""Where each of transforms.TRANSFORMS takes a point (x, y) of the unit square, y down."""


MIRRORING = frozenset({"mirror", "flip", "transpose", "transverse"})
Box = tuple[float, ...] | None
"""Left, top, width, height as shares 0..1 of a picture; None for all of it."""


@dataclass(frozen=True, slots=True)
class BoxMap:
    """A map, 3x3, from px of the left thumbnail to px of the right one, and the correlation of the gray images under it.

    It takes a box of the left picture to a box of the right one.
    """

    matrix: NDArray[np.float64]
    correlation: float
    left_box: Box
    right_box: Box


def best_box_map(left: VerifiableImage, right: VerifiableImage, transform: str) -> BoxMap:
    """Of whole picture and inner box on either side, the combination under which the gray images correlate best."""
    found = []
    for one in {None: 0, left.inner_box: 1}:
        turned = transform_image(_probe(left, one), transform)
        found += [(float((turned * _probe(right, other)).sum()), one, other) for other in {None: 0, right.inner_box: 1}]
    correlation, one, other = max(found, key=lambda each: each[0])
    here = box_to_pixels(one or WHOLE_BOX, left.thumbnail.shape[1::-1])
    there = box_to_pixels(other or WHOLE_BOX, right.thumbnail.shape[1::-1])
    return BoxMap(there @ unit_map(transform) @ invert_map(here), correlation, one, other)


def _probe(image: VerifiableImage, box: Box) -> NDArray[np.float32]:
    """A box of the gray image as (32, 32) float32 of mean 0 and length 1; made once."""
    return image.once((_probe, box), lambda: _make_probe(image.gray_64, box or WHOLE_BOX))


def _make_probe(gray_64: NDArray[np.uint8], box: tuple[float, ...]) -> NDArray[np.float32]:
    to_probe = box_to_pixels(WHOLE_BOX, (PROBE_PX, PROBE_PX)) @ invert_map(box_to_pixels(box, gray_64.shape[1::-1]))
    smooth = cv2.GaussianBlur(gray_64, (0, 0), 1.0)
    probe = cv2.warpAffine(smooth, to_probe[:2], (PROBE_PX, PROBE_PX), borderMode=cv2.BORDER_REPLICATE)
    centred = probe.astype(np.float32) - np.float32(probe.mean())
    return centred / max(float(np.linalg.norm(centred)), 1e-3)


def in_fractions(matrix: NDArray[np.float64], left: NDArray[np.uint8], right: NDArray[np.uint8]) -> tuple[float, ...]:
    """A map of px of one thumbnail to px of another, as `PairEvidence.fitted_map`; of a homography what is affine of it."""
    here, there = (box_to_pixels(WHOLE_BOX, each.shape[1::-1]) for each in (left, right))
    fitted = invert_map(there) @ matrix @ here
    if fitted[2].tolist() != [0.0, 0.0, 1.0]:
        corners = np.array([[0.0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
        mapped = fitted @ corners
        fitted = np.linalg.lstsq(corners.T, (mapped[:2] / mapped[2]).T, rcond=None)[0].T
    return tuple(fitted[:2].ravel().tolist())


def invert_fractions(fitted: tuple[float, ...]) -> tuple[float, ...] | None:
    """The same from right to left; None where the map takes all to a line."""
    matrix = np.vstack([np.reshape(fitted, (2, 3)), [0.0, 0.0, 1.0]])
    return tuple(invert_map(matrix)[:2].ravel().tolist()) if abs(np.linalg.det(matrix)) > 1e-9 else None


def unit_map(transform: str) -> NDArray[np.float64]:
    """Where one of transforms.TRANSFORMS takes the points of the unit square, 3x3."""
    return np.vstack([np.array(UNIT_MAPS[transform], np.float64), [0.0, 0.0, 1.0]])


def box_to_pixels(box: tuple[float, ...], size: tuple[int, ...]) -> NDArray[np.float64]:
    """The map, 3x3, from the unit square over `box` to px of a picture of `size` (width, height); px centres are whole."""
    left, top, width, height = box
    return np.array(
        [[width * size[0], 0, left * size[0] - 0.5], [0, height * size[1], top * size[1] - 0.5], [0, 0, 1.0]]
    )


def refine_map(
    left: NDArray[np.uint8], right: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Improve a rough map between two (h, w, 3) uint8 RGB pictures by their pixels; None where that fails."""
    size = left.shape[1], left.shape[0]
    frame = frame_size(*size)
    to_frame = box_to_pixels(WHOLE_BOX, frame) @ invert_map(box_to_pixels(WHOLE_BOX, size))
    warped = warp_picture(right, invert_map(matrix), size)
    found = refine_alignment(to_gray(resize_into(left, frame)), to_gray(resize_into(warped, frame)))
    return None if found is None else matrix @ invert_map(to_frame) @ found @ to_frame


def is_upright(matrix: NDArray[np.float64]) -> bool:
    """Whether a map neither turns by more than 3.4 degrees nor mirrors."""
    return bool((np.diag(matrix)[:2] > 0).all() and slant(matrix) <= UPRIGHT_SLACK)


def slant(matrix: NDArray[np.float64]) -> float:
    """The sine of the angle by which a map turns or shears what is upright, or more."""
    return float(max(abs(matrix[0, 1]), abs(matrix[1, 0])) / np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
