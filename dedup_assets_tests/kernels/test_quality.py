"""Quality signals go the way their names say, and pictures without signal are told from photographs."""

import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.quality import is_low_information, measure_detail, measure_quality
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph

RGB = NDArray[np.uint8]


def photograph(name: str = "coffee.png") -> RGB:
    return np.array(load_photograph(name))


def measure_contrast(gray: NDArray[np.uint8]) -> float:
    return float(cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA).std())


def resize(rgb: RGB, factor: float) -> RGB:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=how), dtype=np.uint8)


def upscale_score(rgb: RGB) -> float:
    return measure_quality(rgb, rgb.shape[1], rgb.shape[0], 1000).upscale_score


@pytest.mark.parametrize("name", NAMES)
def test_an_enlargement_scores_higher_than_its_source(name: str) -> None:
    half = resize(photograph(name), 0.5)
    assert upscale_score(resize(half, 2)) > max(0.6, upscale_score(half) + 0.3)


def test_noise_and_sharpening_raise_sharpness_and_blur_lowers_it() -> None:
    rgb = photograph()
    noisy = np.clip(rgb + np.random.default_rng(0).normal(0, 9, rgb.shape), 0, 255).astype(np.uint8)
    pictures = [cv2.GaussianBlur(rgb, (0, 0), 1.8).astype(np.uint8), rgb, noisy]
    sharpness = [measure_quality(picture, 600, 400, 1000).sharpness for picture in pictures]
    assert sharpness == sorted(sharpness)


def test_bits_are_counted_over_the_full_size() -> None:
    assert measure_quality(photograph(), 1200, 800, 120_000).bits_per_pixel == 1.0


def test_spectrum_and_traces_are_left_open_where_the_decoder_scaled_down() -> None:
    coarse = cv2.imdecode(cv2.imencode(".jpg", photograph(), [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)
    rgb = np.asarray(coarse, dtype=np.uint8)
    whole, scaled = measure_quality(rgb, 600, 400, 1000), measure_quality(rgb, 2400, 1600, 1000)
    assert whole.blockiness > 1
    assert whole.prior_jpeg_quality is not None
    assert (scaled.blockiness, scaled.prior_jpeg_quality, scaled.upscale_score) == (0, None, 0)


def test_only_gray_pictures_have_next_to_no_colour() -> None:
    rgb = photograph()
    gray = np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2).astype(np.uint8)
    assert measure_quality(gray, 600, 400, 1000).colourfulness < 1
    assert measure_quality(rgb, 600, 400, 1000).colourfulness > 10


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gain", [1.0, 0.7])
def test_photographs_carry_information_also_when_darkened(name: str, gain: float) -> None:
    gray = (np.array(load_photograph(name).convert("L")) * gain).astype(np.uint8)
    assert not is_low_information(measure_contrast(gray), measure_detail(gray))


def poor_pictures() -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:400, 0:400]
    night = np.array(load_photograph("coffee.png").convert("L").resize((400, 400)))
    return {
        "flat": np.full((400, 400), 128.0),
        "noise": random.normal(128, 8, (400, 400)),
        "gradient": (x + 0.5 * y) / 2.4,
        "vignette": 200 - np.hypot(x - 200, y - 200) ** 2 / 800,
        "near-black": night * 0.03 + random.normal(2, 1.5, (400, 400)),
        "blank scan": 248 - x / 60 + random.normal(0, 2, (400, 400)),
    }


@pytest.mark.parametrize("name", list(poor_pictures()))
def test_pictures_without_structure_are_low_in_information(name: str) -> None:
    gray = np.clip(poor_pictures()[name], 0, 255).astype(np.uint8)
    assert is_low_information(measure_contrast(gray), measure_detail(gray))


def test_information_of_many_pictures_is_judged_at_once() -> None:
    contrast, detail = np.array([3.0, 3.1, 50.0, 50.0]), np.array([9.0, 9.0, 2.5, 2.6])
    assert is_low_information(contrast, detail).tolist() == [True, False, True, False]


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (8, 9), (65, 64)])
def test_tiny_pictures_are_measured_without_error(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    signals = measure_quality(rgb, shape[1], shape[0], 100)
    assert np.isfinite([signals.sharpness, signals.upscale_score, signals.detail, signals.blockiness]).all()


def test_a_picture_of_512_px_is_measured_in_a_few_milliseconds() -> None:
    rgb = photograph("astronaut.png")
    times = []
    for _ in range(20):
        start = time.perf_counter()
        measure_quality(rgb, 512, 512, 1000)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005
