"""The last resort: a difference hash read as a vector. It needs nothing and finds little beyond re-encoded copies.

Belongs here: that hash and its thresholds. Does not belong here: the hashes by which near-duplicates are found
(`kernels/describe/hashes.py`).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from dedup_assets.embedders.protocol import Image, Vectors

SIDE = 16
FLAT_CONTRAST = 2.0


class DifferenceHashEmbedder:
    """dHash (Krawetz 2013) of 16x16 bits as a vector of ±1/16: the cosine is 1 - hamming_distance / 128."""

    name = "dhash"
    model = "dhash-16x16"
    revision = "1"
    dimension = SIDE * SIDE
    min_copy_cosine = 0.5
    min_similar_cosine = 0.75
    calls_at_once = 1

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, 256) float32; NaN rows for pictures without any contrast."""
        return np.array([_difference_signs(image) for image in images], np.float32).reshape(-1, SIDE * SIDE)


def _difference_signs(image: Image) -> Vectors:
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = np.asarray(cv2.resize(gray, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA), np.int16)
    if small.std() < FLAT_CONTRAST:
        return np.full(SIDE * SIDE, np.nan, np.float32)
    signs = np.where(small[:, 1:] > small[:, :-1], np.float32(1), np.float32(-1))
    return np.asarray(signs / SIDE, np.float32).ravel()
