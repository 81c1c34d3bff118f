"""Thumbnails show the whole picture in its colours."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup_assets.kernels.describe.shrinking import fit_within, reduce_picture
from dedup_assets.kernels.describe.thumbnails import make_thumbnail
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph, mean_difference

RGB = NDArray[np.uint8]


def thumbnail(rgb: RGB) -> JpegImageFile:
    image = Image.open(io.BytesIO(make_thumbnail(rgb, reduce_picture(rgb))))
    assert isinstance(image, JpegImageFile)
    return image


@pytest.mark.parametrize("name", NAMES)
def test_a_thumbnail_looks_like_the_picture(name: str) -> None:
    rgb = np.array(load_photograph(name))
    shown = np.asarray(thumbnail(rgb).convert("RGB"))
    expected = cv2.resize(rgb, fit_within(rgb, 256), interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert shown.shape == expected.shape
    assert mean_difference(shown, expected) < 7


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 120, 40), (128, 128, 128)])
@pytest.mark.parametrize("size", [(40, 30), (256, 256), (481, 321), (1000, 701), (3000, 5)])
def test_flat_colours_are_kept_at_all_sizes(colour: tuple[int, int, int], size: tuple[int, int]) -> None:
    shown = np.asarray(thumbnail(np.full((size[1], size[0], 3), colour, np.uint8)).convert("RGB"))
    assert np.abs(shown.astype(int) - colour).max() <= 3


def test_a_picture_that_is_not_shrunk_keeps_its_size_and_all_its_colour() -> None:
    icon = np.zeros((30, 40, 3), np.uint8)
    icon[:, ::2] = (255, 0, 0)
    image = thumbnail(icon)
    assert image.layer[0][1:3] == (1, 1)
    assert mean_difference(np.asarray(image.convert("RGB")), icon) < 4


def test_equal_pixels_give_equal_bytes() -> None:
    rgb = np.array(load_photograph())
    assert make_thumbnail(rgb, reduce_picture(rgb)) == make_thumbnail(rgb.copy(), reduce_picture(rgb.copy()))
