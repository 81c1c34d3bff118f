"""Colours agree through exposure, saturation and loss of colour, and disagree where hues differ."""

import cv2
import numpy as np

from dedup_assets.kernels.verify.exact.colour import compare_colours
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture

PHOTOGRAPH: Picture = np.asarray(
    cv2.resize(np.array(load_photograph("coffee.png")), (96, 64), interpolation=cv2.INTER_AREA)
)
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
