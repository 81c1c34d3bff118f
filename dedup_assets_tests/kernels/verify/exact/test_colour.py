"""Colours agree through exposure, saturation and loss of colour, and disagree where hues differ."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.exact.colour import compare_colours
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed


def small(name: str) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (96, 64), interpolation=cv2.INTER_AREA), np.uint8)


PHOTOGRAPH = small("coffee.png")
EVERYWHERE = np.ones((64, 96), np.bool_)


def saturated(picture: Picture, factor: float) -> Picture:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.clip(hsv[..., 1] * factor, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def test_exposure_gamma_and_saturation_leave_colours_alike() -> None:
    edits = [(PHOTOGRAPH * 0.7).astype(np.uint8), (255 * (PHOTOGRAPH / 255.0) ** 1.5).astype(np.uint8)]
    for edited in [*edits, saturated(PHOTOGRAPH, 1.4), saturated(PHOTOGRAPH, 0.6)]:
        assert compare_colours(PHOTOGRAPH, edited, EVERYWHERE).agreement > 0.9


def test_a_grayscale_copy_keeps_its_luma_and_agrees() -> None:
    gray = np.repeat(np.asarray(cv2.cvtColor(PHOTOGRAPH, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)
    compared = compare_colours(PHOTOGRAPH, gray, EVERYWHERE)
    assert compared.one_is_gray
    assert compared.agreement > 0.99


def test_swapped_channels_disagree_from_either_side() -> None:
    there = compare_colours(PHOTOGRAPH, PHOTOGRAPH[..., ::-1].copy(), EVERYWHERE)
    back = compare_colours(PHOTOGRAPH[..., ::-1].copy(), PHOTOGRAPH, EVERYWHERE)
    assert there.agreement < 0.3
    assert there == back


def test_a_part_that_lost_its_colour_disagrees_there() -> None:
    half = PHOTOGRAPH.copy()
    half[:, 48:] = half[:, 48:].mean(axis=2, keepdims=True)
    whole, masked = compare_colours(PHOTOGRAPH, half, EVERYWHERE), EVERYWHERE.copy()
    masked[:, 48:] = False
    assert whole.agreement < 0.75
    assert compare_colours(PHOTOGRAPH, half, masked).agreement == 1.0


def test_nothing_compared_is_no_disagreement() -> None:
    assert compare_colours(PHOTOGRAPH, PHOTOGRAPH, ~EVERYWHERE).agreement == 1.0


def turned(picture: Picture, degrees: float) -> Picture:
    hsv = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    return np.asarray((cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255).round(), np.uint8)


def cloth(colour: tuple[int, int, int]) -> Picture:
    """A piece of cloth with folds, on a white ground, recompressed."""
    picture = np.full((64, 96, 3), 255, np.uint8)
    folds = (12 * np.sin(np.arange(56) / 3)).astype(int)
    picture[10:54, 20:76] = np.clip(np.array(colour) + folds[None, :, None], 0, 255)
    return recompressed(picture, 85)


def toned(picture: Picture, gains: tuple[float, float, float]) -> Picture:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(np.clip(gray[..., None] * np.array(gains), 0, 255), np.uint8)


def agreement(left: Picture, right: Picture) -> float:
    compared = compare_colours(left, right, EVERYWHERE)
    assert compared == compare_colours(right, left, EVERYWHERE)
    return compared.agreement


@pytest.mark.parametrize("degrees", [-30, 44, -44, 120])
@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "chelsea.png"])
def test_hues_that_turn_all_together_are_another_colour(name: str, degrees: float) -> None:
    picture = small(name)
    assert agreement(picture, turned(picture, degrees)) < 0.6


@pytest.mark.parametrize("gains", [(1.08, 1, 0.92), (0.92, 1, 1.08), (1.15, 1, 0.85), (1.05, 0.95, 1.05)])
@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "chelsea.png"])
def test_white_balance_is_not(name: str, gains: tuple[float, float, float]) -> None:
    picture = small(name)
    assert agreement(picture, np.clip(picture * np.array(gains), 0, 255).astype(np.uint8)) > 0.6


@pytest.mark.parametrize("gains", [(1.07, 0.94, 0.75), (0.8, 1.0, 1.15)], ids=["sepia", "cyanotype"])
@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png"])
def test_a_photograph_toned_in_one_colour_is_a_copy_of_the_coloured_and_of_the_gray_one(
    name: str, gains: tuple[float, float, float]
) -> None:
    picture = small(name)
    assert agreement(picture, toned(picture, gains)) == 1.0
    assert agreement(toned(picture, (1, 1, 1)), toned(picture, gains)) == 1.0


NEIGHBOURS = {
    "orange and red": ((240, 130, 40), (205, 45, 50)),
    "yellow and orange": ((240, 210, 40), (240, 130, 40)),
    "blue and purple": ((30, 80, 180), (100, 50, 160)),
    "lime and green": ((150, 200, 50), (40, 140, 70)),
    "gray and rose": ((150, 150, 155), (230, 120, 150)),
    "black and navy": ((25, 25, 30), (20, 24, 60)),
    "gray and black": ((150, 150, 150), (25, 25, 25)),
    "teal and turquoise": ((0, 128, 128), (64, 200, 200)),
}


@pytest.mark.parametrize("names", NEIGHBOURS)
def test_cloth_of_a_neighbouring_colour_is_another_product(names: str) -> None:
    one, other = NEIGHBOURS[names]
    assert agreement(cloth(one), cloth(other)) < 0.6


@pytest.mark.parametrize("names", NEIGHBOURS)
def test_cloth_of_one_colour_is_the_same_at_another_quality_exposure_and_without_colour(names: str) -> None:
    picture = cloth(NEIGHBOURS[names][0])
    gray = np.repeat(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)
    for edited in (recompressed(picture, 12), (picture * 0.8).astype(np.uint8), gray):
        assert agreement(picture, edited) > 0.6
    gamma = (255 * (picture / 255.0) ** 1.4).astype(np.uint8)
    assert agreement(picture, gamma) > 0.6
