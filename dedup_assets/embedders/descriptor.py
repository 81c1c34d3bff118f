"""The built-in descriptor as a provider: no download, no accelerator, the same vectors everywhere.

Belongs here: its thresholds and their measurement. Does not belong here: how it works (`kernels/vectors/vlad.py`).
"""

import os
from collections.abc import Sequence

from dedup_assets.embedders.protocol import Image, Vectors
from dedup_assets.kernels.describe.sift import detect_sift
from dedup_assets.kernels.vectors.vlad import DIMENSION, describe_features, load_parameters
from dedup_assets.kernels.verify.stored_features import StoredFeatures, store_features


class DescriptorEmbedder:
    """RootSIFT, VLAD, whitened PCA."""

    name = "descriptor"
    model = "rootsift-vlad64-pca256"
    dimension = DIMENSION
    # On 120 photographs that training did not see, with 17 kinds of heavy edits each (benchmarks/descriptor_cost.md), 98.7 % of
    # copies and 1 % of unrelated pairs reach 0.17, 98.5 % and 0.7 % 0.18, 97.8 % and 0.3 % 0.2; nearly all that is lost are crops
    # to a third of the picture, of which 82 % reach it. Of 240,000 unrelated pairs none reaches 0.36.
    min_copy_cosine = 0.17
    min_similar_cosine = 0.5
    calls_at_once = min(8, os.cpu_count() or 1)

    @property
    def revision(self) -> str:
        """The version of the trained parameters."""
        return load_parameters().version

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, 256) float32; NaN rows for pictures that are all but flat."""
        return self.embed_with_features(images)[0]

    def embed_with_features(self, images: Sequence[Image]) -> tuple[Vectors, list[StoredFeatures]]:
        """As `embed`, and the local features that the vectors were made of, as a proof needs them."""
        found = [detect_sift(image) for image in images]
        return describe_features(found), [store_features(each) for each in found]
