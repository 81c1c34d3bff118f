"""EfficientNet for real, with parameters made on the spot."""

from pathlib import Path

import numpy as np
import pytest

from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.embedders.timm import load_timm
from dedup_assets.errors import EmbedderUnavailableError
from dedup_assets_tests.embedders.models import timm_checkpoint
from dedup_assets_tests.embedders.pictures import photographs


@pytest.mark.models
def test_a_local_checkpoint_gives_the_features_before_the_classifier(tmp_path: Path) -> None:
    import timm
    import torch
    from PIL import Image

    checkpoint = timm_checkpoint(tmp_path)
    model = timm.create_model("efficientnet_b0").eval()
    model.load_state_dict(torch.load(checkpoint))
    preprocess = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    with torch.inference_mode():
        pixels = torch.stack([preprocess(Image.fromarray(image)) for image in photographs()])
        expected = model.forward_head(model.forward_features(pixels), pre_logits=True).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    embedder = load_timm(EmbedderSettings(timm_checkpoint=str(checkpoint)), "cpu")
    np.testing.assert_allclose(embedder.embed(photographs()), expected, atol=1e-5)
    assert (embedder.name, embedder.model, embedder.dimension) == ("timm", "efficientnet_b0", 1280)


@pytest.mark.models
@pytest.mark.parametrize(
    ("tag", "complaint"),
    [
        ("ra_in1k", "not in this machine's cache"),
        ("no_such_tag", r"no_such_tag is no local file; .*Invalid pretrained tag"),
    ],
)
def test_a_tag_that_is_not_here_is_said(tmp_path: Path, tag: str, complaint: str) -> None:
    with pytest.raises(EmbedderUnavailableError, match=complaint):
        load_timm(EmbedderSettings(timm_checkpoint=tag, model_cache=str(tmp_path)), "cpu")


@pytest.mark.without_models
def test_without_the_library_the_reason_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"weights")
    with pytest.raises(EmbedderUnavailableError, match="timm is not installed"):
        load_timm(EmbedderSettings(timm_checkpoint=str(tmp_path / "weights.pt")), "cpu")
