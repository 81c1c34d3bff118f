"""Local features of a picture, and which of them two pictures share.

Here belong mirroring and matching them with their places. Detection is in `kernels/describe/sift.py`, how they are kept in
`kernels/verify/stored_features.py`, what geometry the matches obey in `geometry.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.sift import mirror_sift

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


def mirror_features(features: LocalFeatures) -> LocalFeatures:
    """The features of the mirrored picture, without looking at it again."""
    points = features.points.copy()
    points[:, 0] = features.size[0] - 0.5 - points[:, 0]
    angles, mirrored = np.float32(np.pi) - features.angles, mirror_sift(features.descriptors)
    return LocalFeatures(points, features.scales, angles, mirrored, features.size)


def scale_to_canvas(size: tuple[int, int], picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The map, 3x3, from px of a picture (h, w, 3) to px of the canvas, of `size` (width, height), that its features are on."""
    across, down = size[0] / picture.shape[1], size[1] / picture.shape[0]
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
