"""Small pictures are what averaging at one step gives, nearly, and follow the picture when it is mirrored."""

import cv2
import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.describe.shrinking import (
    fit_within,
    halve,
    reduce_picture,
    shrink_linearly,
    shrink_to_gray_64,
    to_gray,
)
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph, mean_difference


def test_gray_64_is_the_mean_of_equal_areas() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (512, 256), dtype=np.uint8)
    expected = gray.reshape(64, 8, 64, 4).mean(axis=(1, 3))
    assert np.abs(shrink_to_gray_64(gray) - expected).max() <= 0.51


def test_a_side_shorter_than_64_is_stretched_and_the_other_still_averaged() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (640, 1), dtype=np.uint8)
    small = shrink_to_gray_64(gray)
    assert small.shape == (64, 64)
    assert (small == small[:, :1]).all()
    assert np.abs(small[:, 0] - gray.reshape(64, 10).mean(axis=1)).max() <= 0.51


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(481, 321), (333, 500), (1021, 767), (130, 700), (65, 64)])
def test_gray_64_is_what_opencv_averages_but_for_the_rounding_of_halves(name: str, size: tuple[int, int]) -> None:
    gray = np.array(load_photograph(name).convert("L").resize(size))
    averaged = np.asarray(cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA), np.int16)
    differences = np.abs(shrink_to_gray_64(gray) - averaged)
    assert differences.max() <= 1
    assert np.count_nonzero(differences) <= 20


@pytest.mark.parametrize("size", [(481, 321), (256, 128), (127, 129), (63, 500)])
def test_gray_64_of_a_mirrored_picture_is_mirrored(size: tuple[int, int]) -> None:
    gray = np.array(load_photograph().convert("L").resize(size))
    mirrored = shrink_to_gray_64(np.ascontiguousarray(gray[::-1, ::-1]))[::-1, ::-1]
    assert np.abs(shrink_to_gray_64(gray).astype(int) - mirrored).max() <= (min(size) < 64)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (300, 2), (64, 64), (255, 257), (256, 256), (900, 700)])
def test_a_reduction_has_the_sizes_that_it_promises(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    reduction = reduce_picture(rgb)
    assert reduction.gray.shape == shape
    assert reduction.gray_64.shape == (64, 64)
    assert reduction.colour_32.shape == (32, 32, 3)
    assert max(reduction.tints.shape[:2]) == (max(shape) if max(shape) <= 256 else 128)


def test_colours_are_those_of_the_areas() -> None:
    rgb = np.array(load_photograph("coffee.png"))
    expected = cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert mean_difference(reduce_picture(rgb).colour_32, expected) < 4


def test_luma_is_luma_already() -> None:
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert to_gray(gray) is gray


def test_halving_averages_and_leaves_out_an_odd_line() -> None:
    assert halve(np.array([[0, 4, 9], [8, 4, 9]], np.uint8)).tolist() == [[4]]


def test_the_longer_side_is_scaled_to_what_is_asked_and_the_other_stays_at_least_a_pixel() -> None:
    assert fit_within(np.zeros((300, 451), np.uint8), 256) == (256, 170)
    assert fit_within(np.zeros((4000, 1), np.uint8), 256) == (1, 256)


@pytest.mark.parametrize("size", [(511, 300), (512, 384), (751, 1001), (1023, 64)])
def test_shrinking_in_steps_looks_like_averaging_at_once(size: tuple[int, int]) -> None:
    rgb = np.array(load_photograph().resize(size, Image.Resampling.LANCZOS))
    width, height = fit_within(rgb, 256)
    at_once = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    assert mean_difference(shrink_linearly(rgb, width, height), at_once) < 2.5
