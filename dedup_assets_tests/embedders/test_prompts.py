from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.embedders.prompts import TextModel, choose_encoders
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets_tests.embedders.models import SMALL_CLIP, open_clip_checkpoint, sentence_transformer


def letter_counts(prompts: Sequence[str]) -> NDArray[np.float32]:
    """The simplest model of texts there is."""
    return np.array([[prompt.count(letter) for letter in "abcdef"] for prompt in prompts], np.float32)


def test_batches_of_prompts_become_unit_vectors_in_their_order() -> None:
    model = TextModel("letters", "letters", "1", letter_counts, batch_size=2)
    vectors = model.encode(["abc", "aab", "f", "abc", "xyz"])
    assert model.dimension == 6
    np.testing.assert_allclose(np.linalg.norm(vectors[:4], axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    assert np.isnan(vectors[4]).all()
    assert model.encode([]).shape == (0, 6)


@pytest.mark.models
def test_all_three_encoders_encode_prompts_for_real(tmp_path: Path) -> None:
    checkpoint = str(open_clip_checkpoint(tmp_path))
    settings = EmbedderSettings(
        bge_model=str(sentence_transformer(tmp_path)),
        clip_l_model=SMALL_CLIP,
        clip_l_checkpoint=checkpoint,
        clip_g_model=SMALL_CLIP,
        clip_g_checkpoint=checkpoint,
        devices=["cpu"],
        prompts_a_batch=2,
    )
    choice = choose_encoders(["bge", "clip_l", "clip_g"], settings)
    assert choice.missing_reasons == ()
    assert [(encoder.name, encoder.model, encoder.dimension) for encoder in choice.encoders] == [
        ("bge", "tiny-bge", 32),
        ("clip_l", SMALL_CLIP, 256),
        ("clip_g", SMALL_CLIP, 256),
    ]
    for encoder in choice.encoders:
        vectors = encoder.encode(["a red fox", "a blue shoe", "a red fox " * 200, "a red fox"])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(vectors[0], vectors[3], atol=1e-5)
        assert vectors[0] @ vectors[1] < 0.9999


@pytest.mark.models
def test_the_text_tower_gives_the_vectors_of_the_whole_model(tmp_path: Path) -> None:
    import open_clip
    import torch

    checkpoint = str(open_clip_checkpoint(tmp_path))
    settings = EmbedderSettings(clip_l_model=SMALL_CLIP, clip_l_checkpoint=checkpoint, devices=["cpu"])
    model = open_clip.create_model(SMALL_CLIP, pretrained=checkpoint).eval()
    with torch.inference_mode():
        expected = model.encode_text(open_clip.get_tokenizer(SMALL_CLIP)(["a fox"]), normalize=True).numpy()
    (encoder,) = choose_encoders(["clip_l"], settings).encoders
    np.testing.assert_allclose(encoder.encode(["a fox"]), expected, atol=1e-5)


@pytest.mark.models
def test_an_encoder_that_is_not_here_is_said_and_the_others_work(tmp_path: Path) -> None:
    settings = EmbedderSettings(
        bge_model="maker/no-such-model", clip_g_model=SMALL_CLIP, clip_g_checkpoint=str(open_clip_checkpoint(tmp_path)),
        model_cache=str(tmp_path), devices=["cpu"],
    )  # fmt: skip
    choice = choose_encoders(["bge", "clip_l", "clip_g"], settings)
    assert [encoder.name for encoder in choice.encoders] == ["clip_g"]
    bge, clip_l = choice.missing_reasons
    assert bge.startswith("bge: maker/no-such-model is no local folder; it cannot be loaded: ")
    assert clip_l == "clip_l: no checkpoint is configured"


@pytest.mark.without_models
def test_encoders_are_missing_without_their_libraries(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").touch()
    settings = EmbedderSettings(clip_l_checkpoint=str(tmp_path / "weights.pt"))
    bge, clip_l = choose_encoders(["bge", "clip_l"], settings).missing_reasons
    assert bge == "bge: sentence_transformers is not installed (pip install 'dedup-assets[text]')"
    assert clip_l.startswith("clip_l: open_clip is not installed")


def test_an_unknown_name_of_an_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown prompt encoder 'bert'; known are bge, clip_l, clip_g"):
        choose_encoders(["bert"], EmbedderSettings())
