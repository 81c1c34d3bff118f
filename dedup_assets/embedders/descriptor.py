"""The built-in descriptor as a provider: no download, no accelerator, the same vectors everywhere.

Belongs here: its thresholds and their measurement. Does not belong here: how it works (`kernels/descriptors.py`).
"""

from collections.abc import Sequence

from dedup_assets.embedders.protocol import Image, Vectors
from dedup_assets.kernels.descriptors import DIMENSION, describe, load_parameters


class DescriptorEmbedder:
    """RootSIFT, VLAD, whitened PCA."""

    name = "descriptor"
    model = "rootsift-vlad64-pca256"
    dimension = DIMENSION
    min_copy_cosine = 0.17
    min_similar_cosine = 0.5

    @property
    def revision(self) -> str:
        """The version of the trained parameters."""
        return load_parameters().version

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed RGB pictures (h, w, 3): (n, 256) float32; NaN rows for pictures that are all but flat."""
        return describe(images)
