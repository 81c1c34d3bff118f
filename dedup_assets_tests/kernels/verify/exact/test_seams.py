"""A panel of a collage ends at a seam; a crop ends anywhere."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.exact.seams import has_seam
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture


def photograph(name: str) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (128, 128), interpolation=cv2.INTER_AREA), np.uint8)


def outline(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64) - 0.5


COLLAGE = np.hstack([photograph("coffee.png"), photograph("astronaut.png")])


@pytest.mark.parametrize("slip", [-1.5, 0.0, 1.5])
def test_a_panel_has_a_seam_also_where_the_outline_is_not_exact(slip: float) -> None:
    assert has_seam(COLLAGE, outline(0, 0, 128 + slip, 128))
    assert has_seam(COLLAGE, outline(128 + slip, 0, 256, 128))


@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "chelsea.png", "motorcycle_left.png"])
def test_a_crop_has_none(name: str) -> None:
    picture = photograph(name)
    for left, top in ((0, 0), (14, 20), (30, 9)):
        assert not has_seam(picture, outline(left, top, left + 90, top + 84))


def test_an_outline_without_inner_edges_has_no_seam() -> None:
    assert not has_seam(COLLAGE, outline(0, 0, 256, 128))
