"""A picture as each stage of the line sees it: hashes for candidates, thumbnail for verification, vector for copies.

Belongs here: the kernels' types made from one description, as the assets make them from rows. Does not belong here: reading
images (`sampling.py`), deciding about pairs (`pair_judge.py`).
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from dedup_assets.embedders.protocol import Embedder, Vectors
from dedup_assets.kernels.candidates.near_contents import HashedContents
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import ImageDescription, describe_image
from dedup_assets.kernels.describe.hashes import dct_hashes, wavelet_hashes
from dedup_assets.kernels.describe.quality import is_low_information
from dedup_assets.kernels.verify.cascade import VerifiableImage
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail, make_verifiable


def describe_planted(data: bytes) -> ImageDescription:
    """Describe a file that was made here, and so can be read."""
    return describe_image(data, DecodeLimits())


def hash_all(descriptions: Sequence[ImageDescription]) -> HashedContents:
    """The hashes of n pictures, in their order."""
    grays = np.stack([description.gray_64 for description in descriptions])
    has_inner = np.array([description.inner_gray_64 is not None for description in descriptions])
    inner = np.stack([each.gray_64 if each.inner_gray_64 is None else each.inner_gray_64 for each in descriptions])
    low = is_low_information(
        np.array([description.contrast for description in descriptions]),
        np.array([description.detail for description in descriptions]),
    )
    return HashedContents(
        dct=dct_hashes(grays),
        wavelet=wavelet_hashes(grays),
        inner_dct=dct_hashes(inner),
        inner_wavelet=wavelet_hashes(inner),
        has_inner=has_inner,
        low_information=np.asarray(low, np.bool_),
    )


def verifiable(description: ImageDescription) -> VerifiableImage:
    """What verification sees of a picture."""
    return make_verifiable(asdict(description))


def embed_all(descriptions: Sequence[ImageDescription], embedder: Embedder) -> Vectors:
    """Vectors of n pictures (n, d), as the line makes them of thumbnails; NaN rows where there is none."""
    return embedder.embed([decode_thumbnail(description.thumbnail) for description in descriptions])


def cosine_of(vector: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Cosine of two vectors (d,), -1 where either is NaN."""
    product = float((vector.astype(np.float64) * other).sum())
    return product if np.isfinite(product) else -1.0
