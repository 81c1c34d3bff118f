"""Pairs that agree in part are two different pictures with something in common."""

import numpy as np
import pytest

from dedup_assets.calibration.lookalikes import (
    LOGO_SHARE,
    LOOKALIKES,
    one_of_four_panels,
    under_one_logo,
)
from dedup_assets_tests.calibration.samples import NAMES, photograph

FOUR = [photograph(name) for name in NAMES[:4]]


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_each_pair_is_the_same_every_time_and_leaves_its_pictures_as_they_are(kind: str) -> None:
    before = [picture.copy() for picture in FOUR]
    once, again = (LOOKALIKES[kind](FOUR) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(once, again, strict=True))
    assert all(np.array_equal(one, other) for one, other in zip(before, FOUR, strict=True))


def test_one_logo_covers_the_same_corner_of_both() -> None:
    square = [picture[:200, :200] for picture in FOUR]
    left, right = under_one_logo(square)
    corner = slice(200 - round(200 * LOGO_SHARE), None)
    assert np.array_equal(left[corner, corner], right[corner, corner])
    assert not np.array_equal(left, right)
    assert np.array_equal(left[:100], square[0][:100])


def test_a_sheet_of_four_shows_the_picture_in_its_first_quarter() -> None:
    panel, sheet = one_of_four_panels(FOUR)
    height, width = panel.shape[:2]
    assert sheet.shape == (2 * height, 2 * width, 3)
    assert np.array_equal(sheet[:height, :width], panel)
