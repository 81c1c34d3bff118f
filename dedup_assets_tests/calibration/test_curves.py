"""Shares, their bounds, and which of two values is better."""

import pytest

from dedup_assets.calibration.curves import (
    UNRELATED,
    CurvePoint,
    better_value,
    curve_of,
    family_total,
    found_and_false,
    upper_bound,
)
from dedup_assets.kernels.planted_kinds import Family


def point(value: float, kind: str, family: Family, passed: int, pairs: int = 10, present: float = 2) -> CurvePoint:
    return CurvePoint("min_overlap", value, value == present, kind, family, pairs, passed)


def curve(*counts: tuple[int, int]) -> list[CurvePoint]:
    """Found and false pairs at the values 1, 2 (the present one), 3 ..."""
    return [
        each
        for value, (found, false) in enumerate(counts, 1)
        for each in (point(value, "JPEG 20", "near", found), point(value, UNRELATED, "different", false, 1_000))
    ]


@pytest.mark.parametrize(
    ("passed", "pairs", "bound"), [(0, 100, 0.02951), (1, 100, 0.04656), (3, 10, 0.60662), (5, 5, 1.0)]
)
def test_the_bound_is_that_of_clopper_and_pearson(passed: int, pairs: int, bound: float) -> None:
    assert upper_bound(passed, pairs) == pytest.approx(bound, abs=1e-5)


def test_none_seen_leaves_up_to_three_of_n() -> None:
    assert upper_bound(0, 124_750) == pytest.approx(3 / 124_750, rel=0.01)
    assert point(1, UNRELATED, "different", 0, 1_000_000).per_million_at_most == pytest.approx(3, rel=0.01)


def test_a_family_is_its_kinds_together_without_the_unrelated_pairs() -> None:
    points = [point(1, "a", "different", 2), point(1, "b", "different", 3), point(1, UNRELATED, "different", 9, 1_000)]
    total = family_total(points, "different")
    assert total is not None
    assert (total.passed, total.pairs, total.share) == (5, 20, 0.25)
    assert family_total(points, "near") is None
    assert found_and_false(points) == (0, 14)


def test_the_points_of_a_threshold_are_sorted_by_value() -> None:
    points = [*curve((1, 0), (2, 0)), CurvePoint("min_shown_share", 0.5, True, "a", "near", 1, 1)]
    assert list(curve_of(points[::-1], "min_overlap")) == [1, 2]


@pytest.mark.parametrize(
    ("counts", "better"),
    [
        ([(5, 0), (5, 0)], None),
        ([(4, 0), (5, 1), (9, 2)], None),
        ([(5, 0), (5, 1), (9, 1)], 1),
        ([(5, 2), (5, 1), (9, 1)], 3),
        ([(6, 0), (5, 0), (7, 0), (7, 0)], 3),
    ],
)
def test_a_value_is_better_only_if_it_is_worse_in_nothing(counts: list[tuple[int, int]], better: float | None) -> None:
    assert better_value(curve(*counts), "min_overlap") == better
