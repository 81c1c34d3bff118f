"""Quality signals go the way their names say, and pictures without signal are told from photographs."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.describe.quality import (
    QualitySignals,
    is_low_information,
    measure_detail,
    measure_details,
    measure_quality,
)
from dedup_assets.kernels.describe.shrinking import reduce_picture
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph

RGB = NDArray[np.uint8]


def photograph(name: str = "coffee.png") -> RGB:
    return np.array(load_photograph(name))


def measure_contrast(gray: NDArray[np.uint8]) -> float:
    return float(cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA).std())


def resize(rgb: RGB, factor: float) -> RGB:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=how), dtype=np.uint8)


def measure(rgb: RGB, width_px: int, height_px: int, size_bytes: int = 1000) -> QualitySignals:
    return measure_quality(reduce_picture(rgb), width_px, height_px, size_bytes)


def upscale_score(rgb: RGB) -> float:
    return measure(rgb, rgb.shape[1], rgb.shape[0]).upscale_score


@pytest.mark.parametrize("name", NAMES)
def test_an_enlargement_scores_higher_than_its_source(name: str) -> None:
    half = resize(photograph(name), 0.5)
    assert upscale_score(resize(half, 2)) > max(0.6, upscale_score(half) + 0.3)


def test_noise_and_sharpening_raise_sharpness_and_blur_lowers_it() -> None:
    rgb = photograph()
    noisy = np.clip(rgb + np.random.default_rng(0).normal(0, 9, rgb.shape), 0, 255).astype(np.uint8)
    pictures = [cv2.GaussianBlur(rgb, (0, 0), 1.8).astype(np.uint8), rgb, noisy]
    sharpness = [measure(picture, 600, 400).sharpness for picture in pictures]
    assert sharpness == sorted(sharpness)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 2), (3, 3), (40, 7), (400, 261), (301, 437)])
def test_sharpness_is_the_mean_laplacian_of_the_whole_plane(name: str, shape: tuple[int, int]) -> None:
    rgb = np.asarray(cv2.resize(photograph(name), shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
    plane = np.abs(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F)).mean()
    assert measure(rgb, shape[1], shape[0]).sharpness == pytest.approx(float(plane), rel=1e-5, abs=0)


def test_bits_are_counted_over_the_full_size() -> None:
    assert measure(photograph(), 1200, 800, 120_000).bits_per_pixel == 1.0


def test_spectrum_and_traces_are_left_open_where_the_decoder_scaled_down() -> None:
    coarse = cv2.imdecode(cv2.imencode(".jpg", photograph(), [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)
    rgb = np.asarray(coarse, dtype=np.uint8)
    whole, scaled = measure(rgb, 600, 400), measure(rgb, 2400, 1600)
    assert whole.blockiness > 1
    assert whole.prior_jpeg_quality is not None
    assert (scaled.blockiness, scaled.prior_jpeg_quality, scaled.upscale_score) == (0, None, 0)


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
    signals = measure(rgb, shape[1], shape[0], 100)
    assert np.isfinite([signals.sharpness, signals.upscale_score, signals.blockiness]).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_lines_tell_of_an_enlargement_what_the_whole_plane_does(name: str, factor: float) -> None:
    rgb = resize(photograph(name), factor)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    side = min(256, *gray.shape) // 2 * 2
    top, left = (gray.shape[0] - side) // 2, (gray.shape[1] - side) // 2
    power = np.square(cv2.dct(gray[top : top + side, left : left + side]))
    lost, kept = mean_in_band(power, 0.32, 0.5), mean_in_band(power, 0.12, 0.25)
    expected = np.clip((np.log10(max(lost, 1 / 96) / kept) + 1) / -1.5, 0, 1)
    assert upscale_score(rgb) == pytest.approx(expected, abs=0.12)


def mean_in_band(power: NDArray[np.float32], low: float, high: float) -> float:
    inner, outer = round(2 * low * len(power)), round(2 * high * len(power))
    return float((power[:outer, :outer].sum() - power[:inner, :inner].sum()) / (outer**2 - inner**2)) - 1 / 12


def test_detail_is_the_upper_quartile() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    cells = gray.reshape(16, 4, 16, 4).mean(axis=(1, 3))
    beside = (cells[:-2, 1:-1] + cells[2:, 1:-1] + cells[1:-1, :-2] + cells[1:-1, 2:]) / 4
    assert measure_detail(gray) == pytest.approx(np.percentile(np.abs(cells[1:-1, 1:-1] - beside), 75), abs=1e-3)


def test_details_of_many_pictures_are_those_of_each() -> None:
    gray = np.random.default_rng(1).integers(0, 256, (5, 64, 64), dtype=np.uint8)
    assert measure_details(gray).tolist() == [measure_detail(picture) for picture in gray]
