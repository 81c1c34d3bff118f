"""Qualities are read back from the tables that Pillow wrote, and blocks found where they stand out."""

import io
from statistics import median

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup_assets.kernels.describe.compression import (
    estimate_jpeg_quality,
    measure_blockiness,
    quality_of_steps,
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
    np.testing.assert_array_equal(step_percent([50, 25, 90, np.nan]), [100, 200, 20, np.nan])
    qualities = range(1, 100)
    assert [quality_of_steps(float(step_percent(each))) for each in qualities] == pytest.approx(list(qualities))


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


@pytest.mark.parametrize("shape", [(96, 128), (97, 131), (333, 500), (512, 512)])
def test_blockiness_is_what_a_slow_count_of_steps_gives(shape: tuple[int, int]) -> None:
    coarse = gray(recompress(load_photograph("astronaut.png").crop((0, 0, shape[1], shape[0])), 40))
    turned = np.ascontiguousarray(coarse[::-1, ::-1])
    for picture in (coarse, turned):
        expected = slow_excess(picture) + slow_excess(picture.T)
        assert measure_blockiness(picture) == pytest.approx(expected, abs=1e-3)
        assert expected > 2


def slow_excess(picture: NDArray[np.uint8]) -> float:
    """Return by how much columns on a grid of 8 stand out; for pictures whose centre crop is cut below and right."""
    height, width = (side // 8 * 8 for side in picture.shape)
    steps: list[float] = (
        np.minimum(np.abs(np.diff(picture[:height, :width].astype(int), axis=1)), 16).mean(axis=0).tolist()
    )
    phases: list[list[float]] = [[] for _ in range(8)]
    for column in range(2, 2 + (width - 3) // 8 * 8):
        phases[column % 8].append(2 * steps[column - 1] - steps[column - 2] - steps[column])
    means: list[float] = [float(np.mean(phase)) for phase in phases]
    far = picture.shape[1] % 8
    others = median([means[at] for at in range(8) if at not in (0, far)])
    return float(max(means[0], means[far]) - others)
