"""Shots that look past each other are two; crops, tilts and perspectives of one shot are copies of it.

The numbers were chosen on 16 photographs of a corpus and checked on 24 others and on these.
"""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.cascade import UNKNOWN, VerificationThresholds, verify_pair
from dedup_assets.kernels.verify.changes.panning import MAX_BEND, is_panned
from dedup_assets.kernels.verify.evidence import PairEvidence
from dedup_assets_tests.kernels.verify.changes.scenes import NAMES, photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed, seen

PANNED = PairEvidence(True, "near", "local_structure", UNKNOWN, overlap_left=0.9, overlap_right=0.9)


def cut(picture: Picture, left: int, top: int, width: int, height: int) -> Picture:
    return recompressed(np.ascontiguousarray(picture[top : top + height, left : left + width]), 88)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shift", [(64, 0), (0, 48), (40, 30)])
def test_two_views_a_tenth_apart_are_two_pictures_and_both_are_copies_of_what_holds_them(
    name: str, shift: tuple[int, int]
) -> None:
    whole, (x, y) = photograph(name), shift
    one, other = (cut(whole, *at, 640 - x, 480 - y) for at in ((0, 0), shift))
    evidence = verify_pair(seen(one), seen(other), UNKNOWN)
    assert (evidence.verdict, evidence.level, evidence.decided_by) == (False, None, "panned")
    assert all(verify_pair(seen(whole), seen(each), UNKNOWN).verdict for each in (one, other))
    turned = np.ascontiguousarray(np.rot90(other))
    assert verify_pair(seen(one), seen(turned), UNKNOWN).decided_by == "panned"
    assert verify_pair(seen(one), seen(other), UNKNOWN, VerificationThresholds(max_pan=1.0)).verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_tilt_and_a_perspective_are_no_pan(name: str) -> None:
    whole = photograph(name)
    tilt = cv2.getRotationMatrix2D((320, 240), 6, 1)
    tilted = cv2.warpAffine(whole, tilt, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    corners = np.array([[0, 0], [640, 0], [640, 480], [0, 480]], np.float32)
    leaning = cv2.getPerspectiveTransform(corners, corners + np.array([[-30, 25], [40, -20], [-25, 30], [35, 10]], "f"))
    seen_aside = cv2.warpPerspective(whole, leaning, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    for edited in (tilted, seen_aside):
        assert verify_pair(seen(whole), seen(np.asarray(edited, np.uint8)), UNKNOWN).verdict


@pytest.mark.parametrize(
    ("fitted", "share", "panned"),
    [
        ((1, 0, 0.1, 0, 1, 0), 0.9, True),
        ((1, 0, 0.1, 0, 1, 0), 0.951, False),
        ((1 + 2.1 * MAX_BEND, 0, 0.1, 0, 1, 0), 0.9, False),
        ((1, 0, 0.1, 0.01 + 2 * MAX_BEND, 1, 0), 0.9, False),
        ((-1, 0, 0.9, 0, 1, 0), 0.9, True),
        ((0, 1, 0.1, -1, 0, 1), 0.9, True),
        ((0.1, 1, 0.1, -1, 0, 1), 0.9, False),
        (None, 0.9, False),
    ],
    ids=["shifted", "by too little", "enlarged", "tilted", "mirrored", "turned", "turned and bent", "not laid"],
)
def test_a_pan_shifts_and_does_nothing_else(fitted: tuple[float, ...] | None, share: float, panned: bool) -> None:
    assert is_panned(replace(PANNED, fitted_map=fitted, overlap_left=share), 0.05) is panned


def test_what_one_of_the_two_shows_wholly_is_a_crop() -> None:
    assert not is_panned(replace(PANNED, fitted_map=(1, 0, 0.1, 0, 1, 0), overlap_right=1.0), 0.05)
