"""Local features of one picture (SIFT, Lowe 2004): which there are, and what they are in its mirror image.

Here belong detection and description, which the built-in descriptor and verification share. The vector that is made of
them is in `kernels/vectors/vlad.py`, matching those of two pictures in `kernels/verify/exact/local_features.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import Pixels, fit_within, resize_into, to_gray

CANVAS_PX = 256
"""Longer side at which features are detected; smaller pictures are enlarged to it, as SIFT finds little in 96 px."""
CONTRAST_THRESHOLD = 0.02
"""Half of OpenCV's default: soft and dark pictures keep enough keypoints."""
MAX_FEATURES = 300
"""Vector and proof are made of the same: with 500 a vector is found in 22 ms instead of 15, and recall is the same within
0.2 %; a proof with 400 finds one copy in 260 more, of those that have few."""
CELLS, ORIENTATIONS = 4, 8
SIFT_LENGTH = CELLS * CELLS * ORIENTATIONS


class DetectedFeatures(NamedTuple):
    """n keypoints, their descriptors (n, 128) uint8, as SIFT's numbers are whole, and width and height of their canvas, px."""

    keypoints: Sequence[cv2.KeyPoint]
    descriptors: Pixels
    size: tuple[int, int]


def detect_sift(picture: Pixels, max_features: int = MAX_FEATURES) -> DetectedFeatures:
    """The strongest features of a (h, w, 3) uint8 RGB picture, about 15 ms on one core.

    There are more than `max_features` where several are as strong as the last one.
    """
    size = fit_within(picture, CANVAS_PX)
    sift = cv2.SIFT.create(nfeatures=max_features, contrastThreshold=CONTRAST_THRESHOLD)
    keypoints, descriptors = sift.detectAndCompute(resize_into(to_gray(picture), size), np.empty(0, np.uint8))
    if not keypoints:
        return DetectedFeatures((), np.empty((0, SIFT_LENGTH), np.uint8), size)
    return DetectedFeatures(keypoints, np.asarray(descriptors, np.uint8), size)


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
