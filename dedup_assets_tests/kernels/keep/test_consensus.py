"""The original stands nearest to its copies."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.keep import consensus
from dedup_assets.kernels.keep.consensus import MAX_REFERENCES, NOISE_GRAY_LEVELS, measure_deviation
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph


def gray_64(name: str) -> NDArray[np.uint8]:
    gray = np.array(load_photograph(name).convert("L"))
    return cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA).astype(np.uint8)


def edits(gray: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    marked = gray.copy()
    marked[40:50, 10:40] = 255
    return [
        np.clip(gray * 1.2, 0, 255).astype(np.uint8),
        np.clip(gray * 0.8, 0, 255).astype(np.uint8),
        np.clip(gray + random.normal(0, 3, gray.shape), 0, 255).astype(np.uint8),
        cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.uint8),
        marked,
        np.ascontiguousarray(gray[:, ::-1]),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_original_deviates_less_than_any_edit_of_it(name: str) -> None:
    pictures = [gray_64(name), *edits(gray_64(name))]
    deviation = measure_deviation(np.stack([picture.ravel() for picture in pictures]), np.zeros(7, dtype=np.int64))
    assert np.argmin(deviation) == 0
    assert deviation[1:].min() > deviation[0]


def test_deviation_is_the_mean_log_distance_of_a_loop_over_pairs() -> None:
    random = np.random.default_rng(3)
    base = random.integers(0, 256, 64)
    pixels = np.clip(base + random.normal(0, 4, (9, 64)), 0, 255).astype(np.uint8)
    component = np.array([0, 0, 0, 0, 7, 7, 7, 8, 8])
    expected = []
    for row in range(7):
        others = [other for other in range(9) if component[other] == component[row] and other != row]
        squares = [np.mean((pixels[row].astype(float) - pixels[other]) ** 2) for other in others]
        expected.append(np.mean(np.log1p(np.sqrt(squares) / NOISE_GRAY_LEVELS)))
    assert measure_deviation(pixels, component) == pytest.approx([*expected, 0, 0], abs=1e-4)


def test_it_makes_no_difference_how_many_pictures_are_measured_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (MAX_REFERENCES + 50, 256)).astype(np.uint8)
    component = np.zeros(len(pixels), dtype=np.int64)
    deviation = measure_deviation(pixels, component)
    monkeypatch.setattr(consensus, "PICTURES_AT_ONCE", 7)
    assert (measure_deviation(pixels, component) == deviation).all()


def test_large_components_are_measured_alike_in_any_order() -> None:
    random = np.random.default_rng(5)
    pixels = random.integers(0, 256, (MAX_REFERENCES + 200, 16)).astype(np.uint8)
    component, order = np.zeros(len(pixels), dtype=np.int64), random.permutation(len(pixels))
    deviation = measure_deviation(pixels, component)
    assert measure_deviation(pixels[order], component) == pytest.approx(deviation[order], abs=1e-5)
