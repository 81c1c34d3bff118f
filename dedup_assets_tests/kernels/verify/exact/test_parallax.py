"""Two shots of one scene lie apart in parts; copies of one shot lie apart nowhere."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.exact.parallax import measure_parallax
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed

EVERYWHERE = np.ones((192, 256), np.bool_)


def photograph(name: str) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (256, 192), interpolation=cv2.INTER_AREA), np.uint8)


def two_layers(picture: Picture, shift_px: int) -> Picture:
    """The picture from a little further to the right: three near blobs move, what lies behind them stays."""
    near = np.zeros(picture.shape[:2], np.uint8)
    for x, y in ((50, 60), (150, 120), (200, 50)):
        cv2.circle(near, (x, y), 38, 1, -1)
    moved = np.roll(near, shift_px, axis=1)[..., None]
    return np.where(moved, np.roll(picture, shift_px, axis=1), picture)


def parallax(left: Picture, right: Picture) -> float:
    return measure_parallax(to_gray(left), to_gray(right), EVERYWHERE)


@pytest.mark.parametrize("name", ["coffee.png", "motorcycle_left.png", "astronaut.png"])
@pytest.mark.parametrize(
    "edit",
    [
        lambda p: recompressed(p, 15),
        lambda p: (255 * (p / 255.0) ** 1.5).astype(np.uint8),
        lambda p: cv2.circle(p.copy(), (90, 90), 30, (250, 200, 40), -1),
        lambda p: cv2.GaussianBlur(p, (0, 0), 2),
        lambda p: cv2.putText(p.copy(), "SAMPLE", (10, 110), cv2.FONT_HERSHEY_DUPLEX, 1.8, (255, 255, 255), 2),
    ],
    ids=["recompressed", "gamma", "sticker", "blurred", "written on"],
)
def test_a_copy_moves_nowhere(name: str, edit: Callable[[Picture], Picture]) -> None:
    picture = photograph(name)
    assert parallax(picture, np.asarray(edit(picture), np.uint8)) <= 0.1


@pytest.mark.parametrize("name", ["coffee.png", "motorcycle_left.png", "astronaut.png"])
def test_near_things_that_move_against_far_ones_are_parallax(name: str) -> None:
    picture = photograph(name)
    assert parallax(picture, two_layers(picture, 6)) >= 0.2


def test_a_smooth_field_of_shifts_is_a_lens_and_no_parallax() -> None:
    picture = photograph("motorcycle_left.png")
    y, x = np.mgrid[:192, :256].astype(np.float32)
    bent = np.asarray(cv2.remap(picture, x + 3e-4 * (x - 128) ** 2, y, cv2.INTER_LINEAR), np.uint8)
    assert parallax(picture, bent) <= 0.1


def test_other_pictures_and_flat_ones_are_no_evidence_of_parallax() -> None:
    flat = np.full((192, 256, 3), 90, np.uint8)
    assert parallax(photograph("coffee.png"), photograph("astronaut.png")) == 0
    assert parallax(flat, flat) == 0
