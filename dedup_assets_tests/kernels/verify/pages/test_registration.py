"""Strokes of two records of one page lie upon each other to a fraction of a pixel, though the first map is off by some."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.pages.registration import find_strokes, lay_strokes
from dedup_assets_tests.kernels.verify.pages.sheets import CHECKED, Picture, letter

PAGE: Picture = np.asarray(cv2.cvtColor(letter(CHECKED[0]), cv2.COLOR_RGB2GRAY), np.uint8)
AS_IT_IS = np.eye(3)


def warped(matrix: list[list[float]]) -> Picture:
    size = PAGE.shape[1], PAGE.shape[0]
    return np.asarray(
        cv2.warpAffine(PAGE, np.array(matrix, np.float64), size, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


COPIES: dict[str, Picture] = {
    "moved by three pixels": warped([[1, 0, 3], [0, 1, -2]]),
    "turned by half a degree": warped([[1, 0.009, -4], [-0.009, 1, 4]]),
    "smaller": np.asarray(cv2.resize(PAGE, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8),
    "darker paper": np.asarray(PAGE * 0.7 + 20, np.uint8),
}


@pytest.mark.parametrize("name", COPIES)
def test_one_page_lies_upon_its_copy_whichever_is_left(name: str) -> None:
    there, back = lay_strokes(PAGE, COPIES[name], AS_IT_IS), lay_strokes(COPIES[name], PAGE, AS_IT_IS)
    for laid in (there, back):
        assert laid.correlation > 0.9
        assert laid.inside.mean() > 0.9
        assert laid.target.shape == laid.moved.shape == laid.inside.shape
    assert there.correlation == pytest.approx(back.correlation, abs=0.05)


def test_another_page_does_not() -> None:
    other = np.asarray(cv2.cvtColor(letter(CHECKED[0], seed=3), cv2.COLOR_RGB2GRAY), np.uint8)
    assert lay_strokes(PAGE, other, AS_IT_IS).correlation < 0.7


def test_strokes_are_what_is_finer_than_shadows() -> None:
    shadow = np.linspace(0.6, 1.0, PAGE.shape[1])
    strokes = find_strokes(PAGE).ravel(), find_strokes(np.asarray(PAGE * shadow, np.uint8)).ravel()
    assert np.corrcoef(*strokes)[0, 1] > 0.95
