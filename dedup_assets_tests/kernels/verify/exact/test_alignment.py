"""Local correlation, strict comparison and refinement against cases whose answer is known."""

import cv2
import numpy as np

from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.exact.alignment import (
    WINDOW_PX,
    compare_structure,
    frame_size,
    measure_difference,
    refine_alignment,
)
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, flat, gradient


def gray(name: str) -> Picture:
    return to_gray(
        np.asarray(cv2.resize(np.array(load_photograph(name)), (128, 96), interpolation=cv2.INTER_AREA), np.uint8)
    )


EVERYWHERE = np.ones((96, 128), np.bool_)


def test_windows_agree_through_any_tone_and_not_across_photographs() -> None:
    one = gray("coffee.png")
    assert compare_structure(one, (one * 0.6 + 20).astype(np.uint8), EVERYWHERE).agreement > 0.99
    assert compare_structure(one, gray("astronaut.png"), EVERYWHERE).agreement < 0.3


def test_a_covered_part_disagrees_there_and_only_there() -> None:
    one, covered = gray("coffee.png"), gray("coffee.png")
    covered[:, 64:] = gray("astronaut.png")[:, 64:]
    compared = compare_structure(one, covered, EVERYWHERE)
    assert 0.4 < compared.agreement < 0.7
    assert compared.agreeing[:, : 64 - 2 * WINDOW_PX].all()


def test_the_flat_inside_of_a_sticker_is_no_agreement_and_flat_ground_is() -> None:
    ground = np.full((96, 128), 120, np.uint8)
    ground[:, 100:] = gray("coffee.png")[:, 100:]
    marked = np.asarray(cv2.circle(ground.copy(), (48, 48), 30, 210, -1), np.uint8)
    agreeing = compare_structure(ground, marked, EVERYWHERE).agreeing
    assert not agreeing[44:52, 44:52].any()
    assert agreeing[:4, :10].all()
    assert compare_structure(ground, ground, EVERYWHERE).agreeing.all()


def worst_and_correlation(left: Picture, right: Picture) -> tuple[float, float]:
    difference, correlation = measure_difference(left, right)
    return float(difference.max()), correlation


def test_a_scan_too_dark_to_see_does_not_correlate_with_black() -> None:
    dark = np.zeros((40, 40, 3), np.uint8)
    dark[::2] = 1
    assert measure_difference(dark, np.zeros_like(dark))[1] == 0
    assert worst_and_correlation(flat(0), flat(2)) == (2.0, 1.0)


def test_a_ramp_has_no_content() -> None:
    ramp = np.asarray(cv2.resize(to_gray(gradient(0, 255)), (128, 96)), np.uint8)
    assert compare_structure(ramp, ramp, EVERYWHERE).content_share < 0.1


def test_the_strict_difference_is_that_of_the_worst_place() -> None:
    other = flat(100)
    other[50:60, 50:60] = 140
    assert worst_and_correlation(flat(100), flat(103)) == (3.0, 1.0)
    assert worst_and_correlation(flat(100), other)[0] == 40


def test_a_small_shift_is_found_by_the_pixels_alone() -> None:
    one = gray("coffee.png")
    moved = np.asarray(
        cv2.warpAffine(one, np.array([[1.0, 0, 3], [0, 1, -2]]), (128, 96), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    found = refine_alignment(one, moved)
    assert found is not None
    assert np.abs(found[:2, 2] - [3, -2]).max() < 0.5
    assert refine_alignment(to_gray(flat(3)), to_gray(flat(3))) is None


def test_a_frame_keeps_the_aspect_ratio() -> None:
    assert frame_size(256, 192) == (128, 96)
    assert frame_size(2, 256) == (WINDOW_PX, 128)
