from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.embedders.prompts import TextModel, load_bge, load_clip_text
from dedup_assets.embedders.protocol import EmbedderUnavailableError
from dedup_assets.embedders.settings import EmbedderSettings


def letter_counts(prompts: Sequence[str]) -> NDArray[np.float32]:
    """The simplest model of texts there is."""
    return np.array([[prompt.count(letter) for letter in "abcdef"] for prompt in prompts], np.float32)


def test_batches_of_prompts_become_unit_vectors_in_their_order() -> None:
    model = TextModel("letters", "1", letter_counts, batch_size=2)
    vectors = model.encode(["abc", "aab", "f", "abc", "xyz"])
    assert model.dimension == 6
    np.testing.assert_allclose(np.linalg.norm(vectors[:4], axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    assert np.isnan(vectors[4]).all()
    assert model.encode([]).shape == (0, 6)


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extras are installed")
def test_encoders_are_unavailable_without_their_libraries() -> None:
    settings = EmbedderSettings(allow_download=True)
    with pytest.raises(EmbedderUnavailableError, match=r"sentence_transformers is not installed .*\[text\]"):
        load_bge("bge", settings)
    with pytest.raises(EmbedderUnavailableError, match=r"open_clip is not installed .*\[clip\]"):
        load_clip_text("ViT-L-14", "openai", settings)
