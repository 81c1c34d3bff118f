"""The built-in image descriptor: one vector a picture, near for crops, frames, captions, turns and mirror images.

Belongs here: the aggregation of local features into one vector, and the parameters that a committed script trains
(`benchmarks/train_descriptor.py`).
Does not belong here: the local features (`kernels/describe/sift.py`), the search among vectors, or the geometric proof
that two pictures show the same (`kernels/verify/exact/geometry.py`).

RootSIFT of both handednesses, see `mirror_sift`; VLAD (Jégou et al., CVPR 2010) with intra-normalization (Arandjelović &
Zisserman, CVPR 2013) and power normalization (Perronnin et al., ECCV 2010); whitened PCA (Jégou & Chum, ECCV 2012).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from dedup_assets.kernels.describe.sift import DetectedFeatures, detect_sift, mirror_sift, root_sift

Floats = NDArray[np.float32]

PARAMETERS_FILE = Path(__file__).with_name("descriptor_parameters.npz")
DIMENSION = 256
MIN_KEYPOINTS = 8  # below that a picture is all but flat, and its vector would be noise


class DescriptorParameters(NamedTuple):
    """What training found: float32 arrays of the shapes (128,), (128, d), (centres, d), (256, centres * d), (256,)."""

    version: str
    local_mean: Floats
    local_projection: Floats
    centres: Floats
    projection: Floats
    offset: Floats


@cache
def load_parameters(path: Path = PARAMETERS_FILE) -> DescriptorParameters:
    """Read the parameters that ship with the package (half precision in the file)."""
    with np.load(path, allow_pickle=False) as stored:
        names = DescriptorParameters._fields[1:]
        return DescriptorParameters(str(stored["version"]), *(stored[name].astype(np.float32) for name in names))


def describe(images: Sequence[NDArray[np.uint8]]) -> Floats:
    """Describe RGB pictures of shape (h, w, 3), as `describe_features` does."""
    return describe_features([detect_sift(image) for image in images])


def describe_features(pictures: Sequence[DetectedFeatures]) -> Floats:
    """Describe n pictures by their features: (n, 256) float32 with rows of length 1.

    Cosine similarity of two rows: high is alike, about 0 ± 0.07 for unrelated pictures. A row is NaN where a picture
    has fewer than `MIN_KEYPOINTS` local features. Each row depends on its own picture only.
    """
    parameters = load_parameters()
    rows = np.full((len(pictures), DIMENSION), np.nan, np.float32)
    with _threads().limit(limits=1, user_api="blas"):  # sums of several threads differ in their last bits
        for row, features in zip(rows, pictures, strict=True):
            if len(features.descriptors) >= MIN_KEYPOINTS:
                row[:] = project(aggregate(of_both_hands(features), parameters), parameters)
    return rows


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def of_both_hands(features: DetectedFeatures) -> Floats:
    """RootSIFT of the k features of a picture and of its mirror image: (2 k, 128) float32."""
    root = root_sift(features.descriptors)
    return np.concatenate([root, mirror_sift(root)])


def aggregate(local: Floats, parameters: DescriptorParameters) -> Floats:
    """VLAD of local features (n, 128): the residuals to each centre, (centres * d,) float32 of length 1."""
    reduced = (local - parameters.local_mean) @ parameters.local_projection
    centres = parameters.centres
    nearest = np.argmax(reduced @ centres.T - (centres**2).sum(axis=1) / 2, axis=1)
    own = (np.arange(len(centres))[:, None] == nearest).astype(np.float32)
    residuals = own @ reduced - own.sum(axis=1, keepdims=True) * centres
    residuals /= np.maximum(np.linalg.norm(residuals, axis=1, keepdims=True), 1e-9)
    powered = np.sign(residuals) * np.sqrt(np.abs(residuals))
    unit: Floats = (powered / np.maximum(np.linalg.norm(powered), 1e-9)).ravel()
    return unit


def project(vlad: Floats, parameters: DescriptorParameters) -> Floats:
    """Whitened principal components of one VLAD vector: (256,) float32 of length 1."""
    components = parameters.projection @ vlad - parameters.offset
    unit: Floats = components / np.maximum(np.linalg.norm(components), np.float32(1e-9))
    return unit
