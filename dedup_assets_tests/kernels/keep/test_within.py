"""Statistics within components are those of a loop over components, whatever the labels and the order."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.keep.within import (
    count_within,
    least_among_smaller,
    least_within,
    median_within,
    place_within,
    whole_components,
)

Rows = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


@pytest.fixture(params=range(5))
def rows(request: pytest.FixtureRequest) -> Rows:
    random = np.random.default_rng(request.param)
    labels = random.choice([3, 70, 71, 9_000_000], size=40)
    return random.normal(size=40).round(1), random.uniform(1, 1e8, size=40), labels


def test_least_median_and_count_are_those_of_a_loop(rows: Rows) -> None:
    values, _, labels = rows
    same = [labels == label for label in labels]
    assert least_within(values, labels).tolist() == [values[mask].min() for mask in same]
    assert median_within(values, labels) == pytest.approx([np.median(values[mask]) for mask in same])
    assert count_within(labels).tolist() == [mask.sum() for mask in same]


def test_a_place_is_how_many_of_the_component_are_less(rows: Rows) -> None:
    _, sizes, labels = rows
    values = np.argsort(sizes)
    expected = [int((values[labels == label] < value).sum()) for value, label in zip(values, labels, strict=True)]
    assert place_within(values, labels).tolist() == expected


@pytest.mark.parametrize("rows_at_once", [1, 11, 39, 40, 100])
def test_all_rows_are_dealt_out_once_by_whole_components(rows: Rows, rows_at_once: int) -> None:
    labels = rows[2]
    dealt = list(whole_components(labels, rows_at_once))
    assert sorted(np.concatenate(dealt)) == list(range(40))
    assert all((np.diff(part) > 0).all() for part in dealt)
    assert sum(len(set(labels[part])) for part in dealt) == len(set(labels))
    assert all(len(part) >= rows_at_once for part in dealt[:-1])


def test_the_least_among_smaller_rows_is_that_of_a_loop(rows: Rows) -> None:
    values, sizes, labels = rows
    expected = [
        values[(labels == label) & (sizes <= 0.6 * size)].min(initial=np.inf)
        for label, size in zip(labels, sizes, strict=True)
    ]
    assert least_among_smaller(values, sizes, 0.6, labels) == pytest.approx(expected)


def test_a_share_above_one_looks_at_larger_rows_too() -> None:
    values, sizes = np.array([5.0, 4.0, 3.0]), np.array([1.0, 1.5, 9.0])
    assert least_among_smaller(values, sizes, 2.0, np.zeros(3, dtype=np.int64)).tolist() == [4, 4, 3]


def test_no_rows_have_no_statistics() -> None:
    nothing, none = np.empty(0), np.empty(0, dtype=np.int64)
    assert median_within(nothing, none).size == least_within(nothing, none).size == count_within(none).size == 0
    assert least_among_smaller(nothing, nothing, 0.6, none).size == place_within(none, none).size == 0
    assert list(whole_components(none, 5)) == []
