"""Turned and mirrored signs are others, photographs and pages that lie sideways are not; the policy may say otherwise."""

import numpy as np
import pytest

from dedup_assets.kernels.transforms import transform_image
from dedup_assets.kernels.verify.cascade import VerificationThresholds, verify_pair
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.pages.sheets import CHECKED, letter, sign, stored


@pytest.mark.parametrize("symbol", ["arrow", "R", "b"])
@pytest.mark.parametrize("transform", ["rot90", "rot180", "rot270", "mirror"])
@pytest.mark.parametrize("quality", [None, 60])
def test_a_turned_sign_is_another_one_unless_the_policy_says_otherwise(
    symbol: str, transform: str, quality: int | None
) -> None:
    upright, turned = stored(sign(symbol)), stored(transform_image(sign(symbol), transform), quality)
    assert not verify_pair(upright, turned, transform).verdict
    assert verify_pair(upright, turned, transform, VerificationThresholds(turned_copies="all")).verdict
    assert verify_pair(upright, stored(sign(symbol), 60), "identity").verdict


@pytest.mark.parametrize("transform", ["rot90", "rot180", "mirror"])
def test_a_turned_photograph_is_the_same_unless_the_policy_says_otherwise(transform: str) -> None:
    photograph = np.array(load_photograph("chelsea.png"))
    pair = stored(photograph), stored(np.ascontiguousarray(transform_image(photograph, transform)), 85)
    assert verify_pair(*pair, transform).verdict
    evidence = verify_pair(*pair, transform, VerificationThresholds(turned_copies="none"))
    assert (evidence.verdict, evidence.decided_by) == (False, "direction")


@pytest.mark.parametrize(("transform", "same"), [("rot90", True), ("rot180", True), ("mirror", False)])
def test_a_page_that_lies_sideways_is_the_same_and_a_mirrored_one_is_not(transform: str, same: bool) -> None:
    page = letter(CHECKED[0])
    turned = np.ascontiguousarray(transform_image(page, transform))
    assert verify_pair(stored(page), stored(turned, 80), transform).verdict == same
