"""A frame that a first map lays some pixels beside its place lies exactly after it; one that is another picture stays."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.changes.laying import (
    _polynomial,
    find_shifts,
    fit_field,
    lay_by_field,
    lay_exactly,
    place_in_moving,
)
from dedup_assets_tests.kernels.verify.changes.scenes import smoothed

SHAPE = (96, 128)
FIELD = np.array([[1.0, -0.5], [0.8, 0.2], [0.1, 0.6], [0.4, 0], [0, 0.3], [-0.2, 0.1]])
TILT = np.array([[1.01, 0.02, 1], [-0.02, 0.99, 0.5], [1e-5, 2e-5, 1]])


def plane(seed: int, sigma_px: float = 3.0) -> np.ndarray:
    return smoothed(seed, SHAPE, sigma_px)[..., None]


def inner_difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other)[8:-8, 8:-8].mean())


@pytest.mark.parametrize("matrix", [np.eye(3), TILT])
def test_places_are_those_that_the_compiled_loop_samples(matrix: np.ndarray) -> None:
    moving, laid, inside = plane(1), np.empty((*SHAPE, 1), np.float32), np.empty(SHAPE, np.uint8)
    lay_by_field(moving, _polynomial(matrix, FIELD, SHAPE), laid, inside)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float64)
    sampled = cv2.remap(
        moving, *place_in_moving(x, y, matrix, FIELD, SHAPE), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    assert np.abs(sampled - laid[..., 0]).max() < 1


def test_the_compiled_loop_finds_what_the_plain_one_finds() -> None:
    target, inside = plane(1), np.ones(SHAPE, np.uint8)
    moved = np.roll(target, 1, axis=1)
    found = find_shifts(target, moved, inside)
    assert len(found) > 60
    assert np.abs(np.median(found[:, 2:4], axis=0) - [1, 0]).max() < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_a_bent_and_shifted_frame_is_laid_exactly(seed: int) -> None:
    moving, target, inside = plane(seed), np.empty((*SHAPE, 1), np.float32), np.empty(SHAPE, np.uint8)
    lay_by_field(moving, _polynomial(TILT, FIELD, SHAPE), target, inside)
    before, laid = np.empty_like(target), lay_exactly(target, moving, TILT)
    lay_by_field(moving, _polynomial(TILT, np.zeros((6, 2)), SHAPE), before, inside)
    assert inner_difference(target, laid.planes) < 0.15 * inner_difference(target, before)
    assert np.median(fit_field(find_shifts(target, laid.planes, laid.inside), SHAPE)[1]) < 0.1


def test_another_picture_is_laid_as_the_first_map_says() -> None:
    laid = lay_exactly(plane(1), plane(2), np.eye(3))
    assert np.abs(laid.field).max() < 4


def test_blocks_on_one_edge_say_nothing_of_the_shift_along_it() -> None:
    x, y = (each.ravel().astype(float) for each in np.meshgrid(np.arange(8, 120, 10), np.arange(8, 90, 10)))
    rows = np.column_stack([x, y, np.full_like(x, 0.5), 3 * np.sin(x), np.ones_like(x), 0 * x, 0 * x])
    field, beside = fit_field(rows, SHAPE)
    assert field[0] == pytest.approx([0.5, 0], abs=0.01)
    assert beside.max() < 0.05
    assert not fit_field(rows[:4], SHAPE)[0].any()
