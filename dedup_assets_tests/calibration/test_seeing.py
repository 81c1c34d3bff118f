"""Calibration sees pictures as the line does."""

import numpy as np
import pytest

from dedup_assets.calibration.seeing import cosine_of, describe_planted, embed_all, hash_all, verifiable
from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.kernels.describe.hashes import dct_hashes
from dedup_assets.kernels.planted_edits import framed, jpeg
from dedup_assets_tests.calibration.samples import described, photograph


def test_hashes_are_those_of_the_gray_images_and_inner_ones_stand_where_there_is_a_border() -> None:
    plain, bordered = described("coffee.png"), describe_planted(jpeg(framed(photograph("coffee.png"), 0.15)))
    flat = describe_planted(jpeg(np.full((80, 80, 3), 90, np.uint8)))
    hashes = hash_all([plain, bordered, flat])
    assert hashes.has_inner.tolist() == [False, True, False]
    assert hashes.low_information.tolist() == [False, False, True]
    assert np.array_equal(hashes.dct[0], dct_hashes(plain.gray_64[None])[0])
    assert bordered.inner_gray_64 is not None
    assert np.array_equal(hashes.inner_dct[1], dct_hashes(bordered.inner_gray_64[None])[0])


def test_verification_sees_the_stored_thumbnail() -> None:
    image = verifiable(described("coffee.png"))
    assert max(image.thumbnail.shape) == 256
    assert image.contrast == described("coffee.png").contrast


def test_a_picture_without_vector_is_near_to_none() -> None:
    flat = describe_planted(jpeg(np.full((80, 80, 3), 90, np.uint8)))
    vectors = embed_all([described("coffee.png"), flat], DescriptorEmbedder())
    assert cosine_of(vectors[0], vectors[0]) == pytest.approx(1, abs=1e-5)
    assert [cosine_of(vector, vectors[1]) for vector in vectors] == [-1, -1] == [cosine_of(vectors[1], vectors[0]), -1]
