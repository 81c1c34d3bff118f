import numpy as np
import pytest

from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets_tests.embedders.pictures import FLAT, photographs


def test_the_cosine_is_the_hamming_distance_of_the_hashes_in_other_words() -> None:
    vectors = DifferenceHashEmbedder().embed(photographs())
    bits = vectors > 0
    for left, right in ((0, 1), (0, 2), (1, 2)):
        distance = int((bits[left] != bits[right]).sum())
        assert float(vectors[left] @ vectors[right]) == pytest.approx(1 - distance / 128, abs=1e-5)


def test_a_darker_copy_is_a_candidate_and_another_photograph_is_not() -> None:
    embedder = DifferenceHashEmbedder()
    one, other, third = photographs()
    vectors = embedder.embed([one, (one * 0.7).astype(np.uint8), other, third])
    assert vectors[0] @ vectors[1] >= embedder.min_copy_cosine
    assert max(vectors[0] @ vectors[2], vectors[0] @ vectors[3]) < embedder.min_copy_cosine


def test_a_flat_picture_has_no_vector_and_no_pictures_give_none() -> None:
    embedder = DifferenceHashEmbedder()
    assert np.isnan(embedder.embed([FLAT])).all()
    assert embedder.embed([]).shape == (0, embedder.dimension)
