"""Edits are what their names say, and the same every time."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets.kernels.planted_edits import (
    Picture,
    blurred,
    captioned,
    cropped,
    encode,
    framed,
    grayed,
    jpeg,
    mirrored,
    noisy,
    painted_over,
    recoloured,
    scaled,
    toned,
    turned,
    webp,
    with_thing,
)
from dedup_assets_tests.kernels.photographs import load_photograph, mean_difference


@pytest.fixture
def picture() -> Picture:
    return scaled(np.array(load_photograph("coffee.png")), 0.5)


@pytest.mark.parametrize("data", [lambda p: encode(p, ".png"), lambda p: jpeg(p, 98), lambda p: webp(p, 98)])
def test_files_hold_the_picture_in_its_own_colours(data: object, picture: Picture) -> None:
    assert callable(data)
    assert mean_difference(decode_image(data(picture), DecodeLimits()).rgb, picture) < 3


@pytest.mark.parametrize("removed", [0.02, 0.1, 0.65])
def test_a_crop_takes_away_its_share_of_the_area(picture: Picture, removed: float) -> None:
    part = cropped(picture, removed)
    assert 1 - part.size / picture.size == pytest.approx(removed, abs=0.01)
    middle = cropped(picture, removed, at=0.5)
    assert middle.shape == part.shape


def test_geometry_is_undone_by_its_inverse(picture: Picture) -> None:
    assert np.array_equal(mirrored(mirrored(picture)), picture)
    assert np.array_equal(turned(turned(picture), 3), picture)
    border = framed(picture, 0.1)
    width = (border.shape[0] - picture.shape[0]) // 2
    assert np.array_equal(border[width:-width, width:-width], picture)
    assert np.array_equal(captioned(picture)[-picture.shape[0] :], picture)
    assert scaled(picture, 0.25).shape[:2] == (picture.shape[0] // 4, picture.shape[1] // 4)


def test_tone_and_noise_are_as_strong_as_they_say(picture: Picture) -> None:
    assert np.array_equal(toned(picture), picture)
    assert toned(picture, gain=0.5).mean() == pytest.approx(picture.mean() / 2, abs=1)
    assert np.ptp(grayed(picture), axis=2).max() == 0
    flat = np.full((200, 200, 3), 128, np.uint8)
    assert noisy(flat, 12).std() == pytest.approx(12, abs=0.5)
    assert cv2.Laplacian(blurred(picture, 2), cv2.CV_64F).var() < 0.2 * cv2.Laplacian(picture, cv2.CV_64F).var()


def test_recolouring_keeps_brightness_of_the_strongest_channel_and_changes_hues(picture: Picture) -> None:
    other = recoloured(picture)
    assert mean_difference(other.max(axis=2), picture.max(axis=2)) < 1
    assert mean_difference(other, picture) > 15


def test_a_thing_and_a_hole_change_their_share_of_the_area_and_nothing_else(picture: Picture) -> None:
    for other, share in ((with_thing(picture), 0.03), (painted_over(picture), 0.1)):
        changed = (np.abs(other.astype(int) - picture) > 4).any(axis=2)
        assert share / 2 < changed.mean() < 1.2 * share
