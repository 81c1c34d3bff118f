"""Earlier compressions are found in the pixels, and none where there was none."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dedup_assets.kernels.describe.compression import scale_luminance_table, step_percent
from dedup_assets.kernels.describe.lattice import (
    BIN_COUNT,
    SOUGHT_QUALITIES,
    _count_coefficients,
    _fit_lattices,
    estimate_prior_jpeg_quality,
)
from dedup_assets_tests.kernels.photographs import encode, load_photograph


def recompress(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encode(image, "JPEG", quality=quality))).convert("RGB")


def gray(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.array(image), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


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


def test_a_picture_turned_between_two_compressions_shows_the_first_on_any_grid() -> None:
    odd = recompress(load_photograph("astronaut.png").crop((0, 0, 341, 293)), 60)
    for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_90):
        assert estimate_prior_jpeg_quality(gray(recompress(odd.transpose(turn), 95)), 95) is not None


def test_a_file_that_is_coarse_itself_hides_what_was_before_it() -> None:
    assert estimate_prior_jpeg_quality(gray(recompress(load_photograph("astronaut.png"), 75)), 20) is None


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (8, 8), (31, 31), (33, 41)])
def test_tiny_pictures_show_nothing(shape: tuple[int, int]) -> None:
    tiny = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert estimate_prior_jpeg_quality(tiny, None) is None


def test_coefficients_are_counted_as_one_dct_a_block_counts_them() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (32, 48)).astype(np.uint8)
    counts = np.zeros((4, 4, BIN_COUNT))
    for top, left in np.ndindex(4, 6):
        block = crop[8 * top : 8 * top + 8, 8 * left : 8 * left + 8].astype(np.float32)
        sizes = np.abs(cv2.dct(block)[:4, :4]) * 4
        for row, column in np.ndindex(4, 4):
            counts[row, column, min(round(float(sizes[row, column])), BIN_COUNT - 1)] += 1
    assert np.abs(_count_coefficients(crop).reshape(counts.shape) - counts).sum() <= 4


@pytest.mark.parametrize("shape", [(64, 64), (101, 96), (333, 259)])
def test_coefficients_are_counted_on_each_grid_that_a_picture_may_have_been_compressed_on(
    shape: tuple[int, int],
) -> None:
    picture = gray(load_photograph("coffee.png"))[: shape[0], : shape[1]].copy()
    counts = _count_coefficients(picture)
    grids = [(top, left) for top in sorted({0, shape[0] % 8}) for left in sorted({0, shape[1] % 8})]
    assert len(counts) == len(grids)
    if max(shape) <= 256:
        for count, (top, left) in zip(counts, grids, strict=True):
            whole = picture[top:, left:][: (shape[0] - shape[0] % 8), : (shape[1] - shape[1] % 8)].copy()
            assert np.array_equal(count, _count_coefficients(whole)[0])


def test_coefficients_on_the_lattice_of_a_quality_fit_it_in_full() -> None:
    table = scale_luminance_table(54)
    random = np.random.default_rng(0)
    blocks = [cv2.idct((random.integers(-2, 3, (8, 8)) * table * (table < 40)).astype(np.float32)) for _ in range(1024)]
    crop = np.clip(np.block([[blocks[32 * row + at] for at in range(32)] for row in range(32)]) + 128, 0, 255)
    fit, count = _fit_lattices(crop.round().astype(np.uint8))
    assert SOUGHT_QUALITIES[int(np.argmax(fit[0] * np.sqrt(count[0])))] == 54
    assert fit[0].max() > 0.8
