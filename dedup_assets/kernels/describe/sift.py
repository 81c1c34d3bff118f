"""Local features of one picture (SIFT, Lowe 2004): which there are, and what they are in its mirror image.

Here belong detection and description, which the built-in descriptor and verification share. The vector that is made of
them is in `kernels/vectors/vlad.py`, matching those of two pictures in `kernels/verify/exact/local_features.py`.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import Pixels, fit_within, resize_into, to_gray

CANVAS_PX = 256
"""Longer side of the canvas on which places and scales are told."""
DETECTED_PX = 224
"""Longer side at which features are detected; smaller pictures are enlarged to it, as SIFT finds little in 96 px. What larger
and smaller sides find and cost is in benchmarks/descriptor_cost.md."""
CONTRAST_THRESHOLD = 0.02
"""Half of OpenCV's default: soft and dark pictures keep enough keypoints."""
MAX_FEATURES = 300
"""Vector and proof are made of the same: with 500 a vector is found in 22 ms instead of 15, and recall is the same within
0.2 %; a proof with 400 finds one copy in 260 more, of those that have few."""
LAYERS = 3
SIGMA = 1.6
"""OpenCV's layers an octave, and the blur of the first one, px."""
HALF_SIGMA = SIGMA / 2 * 2 ** (1 / LAYERS)
"""The blur that the first layer with keypoints has in px of half its size."""
SHIFT = 0.25
"""OpenCV finds places on a picture of twice the size, whose pixels lie so many px beside those of the picture itself."""
CELLS, ORIENTATIONS = 4, 8
SIFT_LENGTH = CELLS * CELLS * ORIENTATIONS


class DetectedFeatures(NamedTuple):
    """n features of one picture, the strongest first.

    places       (n, 5) float32: x, y and diameter, px on the canvas; angle, degrees; strength
    descriptors  (n, 128) uint8, as SIFT's numbers are whole
    size         width and height of the canvas, px
    """

    places: NDArray[np.float32]
    descriptors: Pixels
    size: tuple[int, int]


def detect_sift(picture: Pixels, max_features: int = MAX_FEATURES) -> DetectedFeatures:
    """The `max_features` strongest features of a (h, w, 3) uint8 RGB picture, 8 ms on one core.

    Each is described on the layer that has its blur at half the size: a quarter of the pixels, and descriptors of cosine 0.99
    to those that OpenCV finds at full size in most of the time that SIFT takes.
    """
    gray = resize_into(to_gray(picture), fit_within(picture, DETECTED_PX))
    detector = cv2.SIFT.create(max_features, nOctaveLayers=LAYERS, contrastThreshold=CONTRAST_THRESHOLD, sigma=SIGMA)
    found = detector.detect(gray)
    places = np.array([(*each.pt, each.size, each.angle, each.response) for each in found], np.float32).reshape(-1, 5)
    order = np.lexsort((*places[:, :4].T, -places[:, 4]))[:max_features]
    strongest = [found[at] for at in order]
    for each in strongest:
        octave, layer = each.octave & 0xFF, each.octave >> 8 & 0xFF
        each.octave = (octave + 1) & 0xFF | layer - 1 << 8
        each.pt = each.pt[0] - SHIFT, each.pt[1] - SHIFT
    describer = cv2.SIFT.create(nOctaveLayers=LAYERS, sigma=HALF_SIGMA)
    descriptors = describer.compute(gray, strongest)[1] if strongest else np.empty((0, SIFT_LENGTH))
    return DetectedFeatures(
        _on_canvas(places[order]), np.asarray(descriptors, np.uint8), fit_within(picture, CANVAS_PX)
    )


def _on_canvas(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places in px of the canvas, beside its pixels as they were."""
    growth = np.float32(CANVAS_PX / DETECTED_PX)
    places[:, :2] = (places[:, :2] + SHIFT) * growth - SHIFT
    places[:, 2] *= growth
    return places


def root_sift(sift: Pixels) -> NDArray[np.float32]:
    """RootSIFT (Arandjelović & Zisserman, CVPR 2012) of descriptors (n, 128) uint8: (n, 128) float32 of length 1."""
    raw = sift.astype(np.float32)
    return np.asarray(np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1)), np.float32)


def mirror_sift(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The descriptors (n, 128) that the same keypoints have in the mirror image; contiguous.

    Mirroring reverses a descriptor's rows of cells across its main orientation and negates the angle of each bin, so
    that it only permutes the 128 numbers. Features of both handednesses together are the same set for a picture and
    its mirror image, and so is whatever is aggregated from them.
    """
    cells = descriptors.reshape(-1, CELLS, CELLS, ORIENTATIONS)[:, ::-1]
    return np.ascontiguousarray(cells[..., -np.arange(ORIENTATIONS) % ORIENTATIONS]).reshape(descriptors.shape)
