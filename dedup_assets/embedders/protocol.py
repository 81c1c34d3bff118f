"""What every provider of vectors offers, and how its model is named.

Belongs here: the protocols.
Does not belong here: any provider, or the choice among them (`chain.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, Union, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.stored_features import StoredFeatures

Image = NDArray[np.uint8]
Vectors = NDArray[np.float32]


class ModelName(NamedTuple):
    """Whose vectors: those of different models, or of other parameters of one, are never compared."""

    provider: str
    model: str
    revision: str

    def __str__(self) -> str:
        """As a person names it."""
        return f"{self.model}@{self.revision}"

    @property
    def stored(self) -> str:
        """As commits and partitions of tables name it."""
        return f"{self.model} {self.revision}"

    @classmethod
    def of(cls, provider: Union["Embedder", "PromptEncoder"]) -> "ModelName":
        """The model that a provider runs."""
        return cls(provider.name, provider.model, provider.revision)


class Embedder(Protocol):
    """Turns pictures into vectors; vectors of another `model` or `revision` must never be compared with them.

    `min_copy_cosine` and `min_similar_cosine` are inclusive, and belong to the provider: from the first on a pair is
    worth a geometric test for a copy, from the second on two pictures look alike.
    """

    @property
    def name(self) -> str:
        """The provider: open_clip, timm, onnx, http, descriptor or dhash."""

    @property
    def model(self) -> str:
        """The model within the provider."""

    @property
    def revision(self) -> str:
        """Which parameters the model has; changes whenever the same picture would get another vector."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def min_copy_cosine(self) -> float:
        """Pairs of at least this cosine similarity are candidates for copies."""

    @property
    def min_similar_cosine(self) -> float:
        """Pairs of at least this cosine similarity are look-alikes."""

    @property
    def calls_at_once(self) -> int:
        """Calls of `embed` that are worth having under way at the same time, each in a thread of its own."""

    def embed(self, images: Sequence[Image]) -> Vectors:
        """Embed upright RGB pictures (h, w, 3), longer side at most 256 px: (n, dimension), rows of length 1.

        A row is NaN where the provider can make nothing of that picture alone.

        Raises:
            EmbedderUnavailableError: the provider stopped working.
            EmbedderConfigurationError: it refuses the credential, or its address is wrong.
        """


@runtime_checkable
class FeatureFinder(Protocol):
    """An embedder whose vectors are made of local features, which the proof of copies needs as well."""

    def embed_with_features(self, images: Sequence[Image]) -> tuple[Vectors, list[StoredFeatures]]:
        """As `Embedder.embed`, and the features of each picture."""


class PromptEncoder(Protocol):
    """Turns texts into vectors; the same rules hold as for `Embedder`."""

    @property
    def name(self) -> str:
        """The encoder: bge, clip_l or clip_g."""

    @property
    def model(self) -> str:
        """The model."""

    @property
    def revision(self) -> str:
        """Which parameters the model has."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    def encode(self, prompts: Sequence[str]) -> Vectors:
        """Encode prompts: (n, dimension), rows of length 1."""


def normalized(vectors: NDArray[np.floating]) -> Vectors:
    """Rows scaled to length 1 (n, dimension) float32; NaN where a row is zero or not finite."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = np.isfinite(lengths) & (lengths > 0)
    return np.where(usable, rows / np.where(usable, lengths, 1), np.float32(np.nan))
