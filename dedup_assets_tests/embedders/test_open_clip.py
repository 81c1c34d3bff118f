"""CLIP models for real, with parameters made on the spot."""

from pathlib import Path

import numpy as np
import pytest

from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.open_clip import find_open_clip, load_open_clip
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError
from dedup_assets_tests.embedders.models import SMALL_CLIP, open_clip_checkpoint
from dedup_assets_tests.embedders.pictures import photographs


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EmbedderSettings:
    checkpoint = open_clip_checkpoint(tmp_path_factory.mktemp("models"))
    return EmbedderSettings(open_clip_model=SMALL_CLIP, open_clip_checkpoint=str(checkpoint), devices=["cpu"])


@pytest.mark.models
def test_a_local_checkpoint_gives_the_vectors_of_the_bare_model(settings: EmbedderSettings) -> None:
    import open_clip
    import torch
    from PIL import Image

    model, _, preprocess = open_clip.create_model_and_transforms(SMALL_CLIP, pretrained=settings.open_clip_checkpoint)
    with torch.inference_mode():
        pixels = torch.stack([preprocess(Image.fromarray(image)) for image in photographs()])
        expected = model.eval().encode_image(pixels).numpy()
    embedder = load_open_clip(settings, "cpu")
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embedder.embed(photographs()), expected, atol=1e-5)
    assert (embedder.name, embedder.model, embedder.dimension) == ("open_clip", SMALL_CLIP, 256)


@pytest.mark.models
def test_a_picture_has_the_same_vector_in_any_company(settings: EmbedderSettings) -> None:
    embedder = load_open_clip(settings, "cpu")
    one, *others = photographs()
    many = embedder.embed([one, *others * 20])
    np.testing.assert_allclose(embedder.embed([one])[0], many[0], atol=1e-5)
    assert embedder.embed([]).shape == (0, 256)


@pytest.mark.models
def test_other_parameters_are_another_revision(settings: EmbedderSettings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"open_clip_checkpoint": str(open_clip_checkpoint(tmp_path, seed=1))})
    assert load_open_clip(settings, "cpu").revision != load_open_clip(other, "cpu").revision


@pytest.mark.models
def test_two_processes_give_the_vectors_of_one(settings: EmbedderSettings) -> None:
    both = choose_embedder(["open_clip"], settings.model_copy(update={"devices": ["cpu", "cpu"]})).embedder
    np.testing.assert_allclose(
        both.embed(photographs()), load_open_clip(settings, "cpu").embed(photographs()), atol=1e-5
    )
    assert both.calls_at_once == 4


@pytest.mark.models
@pytest.mark.parametrize(
    ("checkpoint", "model", "complaint"),
    [
        ("damaged", SMALL_CLIP, f"{SMALL_CLIP} cannot be loaded: "),
        ("good", "ViT-B-32", "ViT-B-32 cannot be loaded: "),
        ("good", "ViT-Z-99", "ViT-Z-99 cannot be loaded: "),
        ("no_such_tag", SMALL_CLIP, f"'no_such_tag' is neither a local file nor a tag of {SMALL_CLIP}"),
        ("laion2b_s34b_b79k", "ViT-B-32", "not in this machine's cache, and allow_download is not set"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_sentence(
    settings: EmbedderSettings, tmp_path: Path, checkpoint: str, model: str, complaint: str
) -> None:
    (tmp_path / "damaged.pt").write_bytes(b"no weights at all")
    paths = {"damaged": str(tmp_path / "damaged.pt"), "good": settings.open_clip_checkpoint}
    wrong = EmbedderSettings(
        open_clip_model=model, open_clip_checkpoint=paths.get(checkpoint, checkpoint), model_cache=str(tmp_path)
    )
    with pytest.raises(EmbedderUnavailableError, match=complaint) as caught:
        load_open_clip(wrong, "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.models
def test_a_tag_is_read_from_the_cache_of_this_machine(settings: EmbedderSettings, tmp_path: Path) -> None:
    kept = tmp_path / "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K"
    (kept / "snapshots/abc").mkdir(parents=True)
    (kept / "refs").mkdir()
    (kept / "refs/main").write_text("abc")
    (kept / "snapshots/abc/open_clip_pytorch_model.bin").write_bytes(b"weights")
    tagged = EmbedderSettings(open_clip_checkpoint="laion2b_s34b_b79k", model_cache=str(tmp_path))
    assert find_open_clip(tagged).read_bytes() == b"weights"


@pytest.mark.without_models
def test_without_the_library_the_reason_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"weights")
    with pytest.raises(EmbedderUnavailableError, match="open_clip is not installed"):
        load_open_clip(EmbedderSettings(open_clip_checkpoint=str(tmp_path / "weights.pt")), "cpu")
