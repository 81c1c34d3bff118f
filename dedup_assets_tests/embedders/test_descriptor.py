import numpy as np

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.kernels.verify.stored_features import find_features
from dedup_assets_tests.embedders.pictures import FLAT, photographs


def test_vectors_fit_what_the_provider_says_of_itself() -> None:
    embedder = DescriptorEmbedder()
    vectors = embedder.embed([*photographs(), FLAT])
    assert vectors.shape == (4, embedder.dimension)
    assert np.isfinite(vectors[:3]).all()
    assert np.isnan(vectors[3]).all()
    assert embedder.revision == "2"


def test_a_mirrored_copy_is_a_candidate_and_another_photograph_is_not() -> None:
    embedder = DescriptorEmbedder()
    one, other, third = photographs()
    vectors = embedder.embed([one, np.ascontiguousarray(one[:, ::-1]), other, third])
    cosines = vectors @ vectors.T
    assert cosines[0, 1] >= embedder.min_copy_cosine
    assert max(cosines[0, 2], cosines[0, 3], cosines[2, 3]) < embedder.min_copy_cosine


def test_the_features_that_vectors_are_made_of_are_those_that_a_proof_finds() -> None:
    embedder = DescriptorEmbedder()
    vectors, features = embedder.embed_with_features(photographs())
    assert np.array_equal(vectors, embedder.embed(photographs()))
    for picture, stored in zip(photographs(), features, strict=True):
        assert np.array_equal(stored.codes, find_features(picture).codes)
