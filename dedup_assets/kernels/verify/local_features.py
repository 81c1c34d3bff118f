"""Local features of a picture, and which of them two pictures share.

Here belong packing, mirroring and matching them with their places. Detection is in `kernels/describe/sift.py`, what geometry
the matches obey in `geometry.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.sift import detect_sift, mirror_sift, root_sift

MAX_FEATURES = 400
MAX_RATIO = 0.85
"""Lowe (2004) keeps 0.8; the mutual test and the fit after it forgive 0.85, which keeps a third more of degraded copies."""


@dataclass(frozen=True, slots=True)
class LocalFeatures:
    """RootSIFT features of one picture (Lowe 2004; Arandjelović & Zisserman 2012).

    points       (n, 2) float32, px on a canvas whose longer side is `sift.CANVAS_PX`
    scales       (n,) float32, px
    angles       (n,) float32, radians
    descriptors  (n, 128) float32, L2-normalised
    size         width and height of the canvas, px
    """

    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PackedFeatures:
    """The same in a quarter of the memory, 58 KB a picture, without any loss: SIFT's numbers are whole.

    table  (n, 4) float32: x and y in px, scale in px, angle in degrees
    sift   (n, 128) uint8
    size   width and height of the canvas, px
    """

    table: NDArray[np.float32]
    sift: NDArray[np.uint8]
    size: tuple[int, int]


def extract_local_features(thumbnail: NDArray[np.uint8]) -> LocalFeatures:
    """Detect the MAX_FEATURES strongest SIFT features of a (h, w, 3) uint8 RGB picture, in a fixed order.

    Compute once an image and reuse it for all its pairs.
    """
    return unpack_features(extract_packed_features(thumbnail))


def extract_packed_features(thumbnail: NDArray[np.uint8]) -> PackedFeatures:
    """What `extract_local_features` finds, to be kept for later pairs."""
    keypoints, sift, size = detect_sift(thumbnail, MAX_FEATURES)
    table = np.array([(k.pt[0], k.pt[1], k.size, k.angle, k.response) for k in keypoints], np.float32).reshape(-1, 5)
    order = np.lexsort((*table[:, :4].T, -table[:, 4]))[:MAX_FEATURES]
    return PackedFeatures(table[order, :4], sift[order], size)


def unpack_features(packed: PackedFeatures) -> LocalFeatures:
    """The features that were packed; 0.1 ms."""
    table = packed.table
    return LocalFeatures(table[:, :2], table[:, 2], np.deg2rad(table[:, 3]), root_sift(packed.sift), packed.size)


def mirror_features(features: LocalFeatures) -> LocalFeatures:
    """The features of the mirrored picture, without looking at it again."""
    points = features.points.copy()
    points[:, 0] = features.size[0] - 0.5 - points[:, 0]
    angles, mirrored = np.float32(np.pi) - features.angles, mirror_sift(features.descriptors)
    return LocalFeatures(points, features.scales, angles, mirrored, features.size)


def scale_to_canvas(features: LocalFeatures, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The map, 3x3, from px of the picture (h, w, 3) that the features were taken from to px of their canvas."""
    across, down = features.size[0] / picture.shape[1], features.size[1] / picture.shape[0]
    return np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1.0]])


def match_features(left: LocalFeatures, right: LocalFeatures) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of left and right whose descriptors are each other's nearest, clearly nearer than any other of the right."""
    if len(left.points) < 2 or len(right.points) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    similarity = left.descriptors @ right.descriptors.T
    best = similarity.argmax(axis=1)
    rows = np.arange(len(best))
    mutual = similarity.argmax(axis=0)[best] == rows
    nearest = similarity[rows, best]
    similarity[rows, best] = -1
    second = similarity.max(axis=1)
    clear = (1 - nearest) <= MAX_RATIO**2 * (1 - second)
    kept = np.flatnonzero(mutual & clear)
    return kept, best[kept]
