"""Maps between two pictures that are known before any feature is matched: turns, boxes, changes of size.

Here belong 3x3 matrices on pixel coordinates. Maps that are found from features are in `geometry.py`.
"""

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.verify.alignment import frame_size, invert_map, refine_alignment, warp_picture
from dedup_assets.kernels.verify.evidence import VerifiableImage

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


@dataclass(frozen=True, slots=True)
class BoxMap:
    """A map, 3x3, from px of the left thumbnail to px of the right one, and the correlation of the gray images under it."""

    matrix: NDArray[np.float64]
    correlation: float


def best_box_map(left: VerifiableImage, right: VerifiableImage, transform: str) -> BoxMap:
    """Of whole picture and inner box on either side, the combination under which the gray images correlate best."""
    boxes = product(_boxes(left), _boxes(right))
    maps = [_map_boxes(left, right, one, other, transform) for one, other in boxes]
    return max(maps, key=lambda each: each.correlation)


def _boxes(image: VerifiableImage) -> list[tuple[float, ...]]:
    return [WHOLE_BOX] if image.inner_box is None else [WHOLE_BOX, image.inner_box]


def _map_boxes(
    left: VerifiableImage, right: VerifiableImage, one: tuple[float, ...], other: tuple[float, ...], transform: str
) -> BoxMap:
    unit = np.vstack([np.array(UNIT_MAPS[transform], np.float64), [0.0, 0.0, 1.0]])
    probe = box_to_pixels(WHOLE_BOX, (PROBE_PX, PROBE_PX))
    grays = []
    for image, box, turned in ((left, one, unit), (right, other, np.eye(3))):
        to_probe = probe @ turned @ invert_map(box_to_pixels(box, image.gray_64.shape[1::-1]))
        gray = cv2.GaussianBlur(image.gray_64, (0, 0), 1.0)
        warped = cv2.warpAffine(gray, to_probe[:2], (PROBE_PX, PROBE_PX), borderMode=cv2.BORDER_REPLICATE)
        grays.append(warped.astype(np.float64) - warped.mean())
    norm = float(np.sqrt((grays[0] ** 2).sum() * (grays[1] ** 2).sum()))
    correlation = float((grays[0] * grays[1]).sum()) / max(norm, 1e-6)
    here = box_to_pixels(one, left.thumbnail.shape[1::-1])
    there = box_to_pixels(other, right.thumbnail.shape[1::-1])
    return BoxMap(there @ unit @ invert_map(here), correlation)


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
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    diagonal, other = np.diag(matrix)[:2], np.array([matrix[0, 1], matrix[1, 0]])
    return bool((diagonal > 0).all() and (np.abs(other) <= UPRIGHT_SLACK * scale).all())
