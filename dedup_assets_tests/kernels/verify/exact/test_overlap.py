"""Areas of overlap, and what lies around them."""

import numpy as np
import pytest

from dedup_assets.kernels.verify.exact.overlap import compare_overlap, overlap_shares
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture

PHOTOGRAPH: Picture = np.array(load_photograph("coffee.png"))[100:292, 100:356]
NO_DRAWING = 2.0


def shifted(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def test_shares_of_a_shift_are_areas() -> None:
    assert overlap_shares((100, 80), (100, 80), shifted(50, 0)) == pytest.approx((0.5, 0.5))
    assert overlap_shares((100, 80), (50, 40), shifted(0, 0)) == pytest.approx((0.25, 1.0))
    assert overlap_shares((100, 80), (100, 80), shifted(200, 0)) == (0.0, 0.0)


def test_a_crop_agrees_wholly_and_is_contained() -> None:
    crop = np.ascontiguousarray(PHOTOGRAPH[40:150, 60:220])
    seen = compare_overlap(PHOTOGRAPH, crop, shifted(-60, -40), NO_DRAWING)
    assert seen is not None
    assert seen.structure.agreement > 0.99
    assert (seen.share_right, seen.relation) == (1.0, "left_contains_right")


def test_a_plain_surrounding_is_a_frame() -> None:
    framed = np.pad(PHOTOGRAPH, ((40, 40), (50, 50), (0, 0)), constant_values=255)
    seen = compare_overlap(PHOTOGRAPH, framed, shifted(50, 40), NO_DRAWING)
    assert seen is not None
    assert seen.relation == "right_frames_left"


def test_pictures_side_by_side_are_not_compared() -> None:
    assert compare_overlap(PHOTOGRAPH, PHOTOGRAPH, shifted(400, 0), NO_DRAWING) is None
