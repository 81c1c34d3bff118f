"""Where two pictures differ is found, to the place, and not where they were cropped, compressed or turned."""

import numpy as np
import pytest

from dedup_assets.kernels.verify.changes.comparing import Comparison, compare_exactly
from dedup_assets_tests.kernels.verify.changes import scenes
from dedup_assets_tests.kernels.verify.changes.scenes import NAMES, photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed, seen


def compared(one: Picture, other: Picture, matrix: np.ndarray | None = None) -> Comparison:
    found = compare_exactly(seen(one), seen(other), np.eye(3) if matrix is None else matrix, onto_left=True)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_thing_is_found_where_it_is(name: str) -> None:
    original = photograph(name)
    differs = compared(original, scenes.with_thing(original, (200, 200))).differs
    y, x = np.nonzero(differs)
    assert len(y) > 60
    assert (np.hypot(x - 40, y - 40) < 14).mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_compression_differs_nowhere_and_shows_nothing_through(name: str) -> None:
    found = compared(photograph(name), recompressed(photograph(name), 12))
    assert found.differs.sum() == 0
    assert found.blended < 0.4


def test_the_edge_of_a_crop_is_not_compared() -> None:
    original = photograph("coffee.png")
    crop = np.ascontiguousarray(original[120:360, 160:480])
    matrix = np.array([[2.0, 0, -128], [0, 2.0, -96], [0, 0, 1]])
    found = compared(crop, original, np.linalg.inv(matrix) @ np.eye(3))
    assert found.compared.shape == (96, 128)
    assert not found.compared[0].any()
    assert not found.compared[:, -1].any()
    assert found.differs.sum() == 0


def test_what_shows_through_is_a_share_that_grows() -> None:
    first, last = photograph("astronaut.png"), photograph("coffee.png")
    shares = [
        compared(scenes.faded(first, last, 0.4), scenes.faded(first, last, t)).blended for t in (0.4, 0.5, 0.6, 0.75)
    ]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] > 0.6


def test_pictures_that_share_next_to_nothing_are_not_compared() -> None:
    coffee = seen(photograph("coffee.png"))
    away = np.array([[1.0, 0, 250], [0, 1, 180], [0, 0, 1]])
    assert compare_exactly(coffee, coffee, away, onto_left=True) is None
