"""Qualities are read back from the tables that Pillow wrote, and earlier compressions from the pixels."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup_assets.kernels.compression import (
    estimate_jpeg_quality,
    estimate_prior_jpeg_quality,
    measure_blockiness,
    scale_luminance_table,
    step_percent,
)
from dedup_assets_tests.kernels.photographs import encode, load_photograph


def recompress(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encode(image, "JPEG", quality=quality))).convert("RGB")


def gray(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.array(image), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 51, 75, 92, 95, 99, 100])
def test_the_quality_that_pillow_wrote_is_read_back(quality: int) -> None:
    with Image.open(io.BytesIO(encode(load_photograph(), "JPEG", quality=quality))) as image:
        assert isinstance(image, JpegImageFile)
        assert estimate_jpeg_quality(list(image.quantization.values())) == quality


def test_tables_give_one_quality_in_any_order_of_their_steps() -> None:
    table = scale_luminance_table(80).ravel().tolist()
    assert estimate_jpeg_quality([table]) == estimate_jpeg_quality([sorted(table)]) == 80


def test_without_tables_there_is_no_quality() -> None:
    assert estimate_jpeg_quality(None) is estimate_jpeg_quality([]) is None


def test_steps_are_the_standard_ones_at_quality_50_and_double_at_25() -> None:
    assert step_percent(50) == 100
    assert step_percent(25) == 200
    assert step_percent(90) == 20
    assert step_percent(None) == 0


@pytest.mark.parametrize("quality", [40, 60, 75, 85])
def test_a_jpeg_saved_as_png_or_better_jpeg_shows_its_first_quality(quality: int) -> None:
    once = recompress(load_photograph("astronaut.png"), quality)
    for picture, own in ((once, None), (recompress(once, 96), 96)):
        prior = estimate_prior_jpeg_quality(gray(picture), own)
        assert prior is not None
        assert step_percent(prior) == pytest.approx(step_percent(quality), rel=0.1)


@pytest.mark.parametrize("quality", [40, 75, 92])
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "motorcycle_left.png"])
def test_a_first_compression_shows_no_earlier_one(name: str, quality: int) -> None:
    assert estimate_prior_jpeg_quality(gray(load_photograph(name)), None) is None
    assert estimate_prior_jpeg_quality(gray(recompress(load_photograph(name), quality)), quality) is None


def test_a_compression_shows_after_the_picture_was_turned() -> None:
    odd = load_photograph("astronaut.png").crop((0, 0, 340, 292))
    turned = recompress(odd, 60).transpose(Image.Transpose.ROTATE_180)
    assert estimate_prior_jpeg_quality(gray(recompress(turned, 95)), 95) is not None


def test_blockiness_grows_with_compression_and_survives_a_change_of_tone() -> None:
    photograph = load_photograph("astronaut.png")
    fine, coarse = (measure_blockiness(gray(recompress(photograph, quality))) for quality in (95, 50))
    assert abs(measure_blockiness(gray(photograph))) < 0.5
    assert coarse > 2 > fine
    toned = recompress(recompress(photograph, 50).point(lambda level: level * 0.8), 95)
    assert measure_blockiness(gray(toned)) == pytest.approx(0.8 * coarse, rel=0.2)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (31, 31), (33, 41)])
def test_tiny_pictures_are_measured_without_error(shape: tuple[int, int]) -> None:
    tiny = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.isfinite(measure_blockiness(tiny))
    assert estimate_prior_jpeg_quality(tiny, None) is None
