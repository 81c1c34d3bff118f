"""Local features of a picture in the few bytes that are kept for as long as the picture is.

Here belong packing and unpacking, by projections that a committed script trains (`benchmarks/train_descriptor.py`). Nothing is
detected here (`kernels/describe/sift.py`) or compared (`clear/signatures.py`, `exact/local_features.py`).

RootSIFT is projected on its principal components (PCA-SIFT: Ke & Sukthankar, CVPR 2004) for the exact proof, and cut at the
medians of 64 other projections for the cheap test before it (Hamming embedding: Jégou, Douze & Schmid, ECCV 2008; directions by
iterative quantization: Gong & Lazebnik, CVPR 2011). Each of these is even or odd under the permutation that mirrors SIFT.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.sift import DetectedFeatures, detect_sift, root_sift
from dedup_assets.kernels.verify.exact.local_features import LocalFeatures

Floats = NDArray[np.float32]

FEATURES_VERSION = "2"
"""Changes with the detector, the projections and the packing: features of another version are found again."""
PARAMETERS_FILE = Path(__file__).parents[1] / "vectors" / "feature_parameters.npz"
CODE_LENGTH, BITS = 32, 64
EVEN_BITS = 32
"""The first 32 bits are even, the others odd: they are what changes where a picture is mirrored."""
CODE_STEP = 1 / 200
"""Of a coefficient: RootSIFT has length 1, coefficients reach 0.6 and are cut at 127 steps."""
PLACE_STEPS = 128.0
"""Of a px, for x and y up to 256 px in 16 bits."""
SCALE_STEPS = 32.0
"""For each doubling of the scale, 1 to 256 px in 8 bits: 2.2 % each."""
ANGLE_STEPS = 256
"""Of a turn: 1.4 degrees each."""


class FeatureParameters(NamedTuple):
    """What training found: float32 arrays of the shapes (128,), (128, 32), (128, 64), (64,).

    A descriptor's code is (RootSIFT - mean) @ basis, its bits are RootSIFT @ projection > medians.
    """

    mean: Floats
    basis: Floats
    projection: Floats
    medians: Floats


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """At most MAX_FEATURES features of one picture, the strongest first: 46 bytes each.

    codes   (n, 32) int8, projected RootSIFT in CODE_STEPs
    places  (n, 2) uint16, x and y on the canvas in PLACE_STEPS of a px
    shapes  (n, 2) uint8, log2 of the scale in px times SCALE_STEPS, and the angle in ANGLE_STEPS of a turn
    bits    (n,) uint64, the signs of 64 other projections
    size    width and height of the canvas, px
    """

    codes: NDArray[np.int8]
    places: NDArray[np.uint16]
    shapes: NDArray[np.uint8]
    bits: NDArray[np.uint64]
    size: tuple[int, int]


@cache
def load_parameters(path: Path = PARAMETERS_FILE) -> FeatureParameters:
    """Read the parameters that ship with the package (half precision in the file)."""
    with np.load(path, allow_pickle=False) as stored:
        return FeatureParameters(*(stored[name].astype(np.float32) for name in FeatureParameters._fields))


def find_features(picture: NDArray[np.uint8]) -> StoredFeatures:
    """The strongest features of a (h, w, 3) uint8 RGB picture, to be found once for all its pairs; 8 ms."""
    return store_features(detect_sift(picture))


def store_features(found: DetectedFeatures) -> StoredFeatures:
    """Keep features in few bytes; 0.1 ms."""
    rooted, parameters = root_sift(found.descriptors), load_parameters()
    codes = np.rint((rooted - parameters.mean) @ parameters.basis / np.float32(CODE_STEP))
    bits = np.packbits(rooted @ parameters.projection > parameters.medians, axis=1, bitorder="little")
    scales = np.rint(np.log2(np.maximum(found.places[:, 2], 1.0)) * SCALE_STEPS).clip(0, 255)
    angles = np.rint(found.places[:, 3] * (ANGLE_STEPS / 360)) % ANGLE_STEPS
    return StoredFeatures(
        codes=codes.clip(-127, 127).astype(np.int8),
        places=np.rint(found.places[:, :2] * PLACE_STEPS).clip(0, 65535).astype(np.uint16),
        shapes=np.column_stack([scales, angles]).astype(np.uint8),
        bits=bits.view(np.uint64).ravel(),
        size=found.size,
    )


def load_features(stored: StoredFeatures) -> LocalFeatures:
    """The features that were stored, in the 128 numbers that matching takes; 0.1 ms."""
    parameters = load_parameters()
    rooted = stored.codes.astype(np.float32) * np.float32(CODE_STEP) @ parameters.basis.T + parameters.mean
    return LocalFeatures(
        points=stored.places.astype(np.float32) / np.float32(PLACE_STEPS),
        scales=np.exp2(stored.shapes[:, 0].astype(np.float32) / np.float32(SCALE_STEPS)),
        angles=stored.shapes[:, 1].astype(np.float32) * np.float32(2 * np.pi / ANGLE_STEPS),
        descriptors=rooted / np.maximum(np.linalg.norm(rooted, axis=1, keepdims=True), np.float32(1e-6)),
        size=stored.size,
    )
