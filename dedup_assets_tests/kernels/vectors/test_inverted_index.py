"""The inverted index against the exact search, on vectors of which half have near copies."""

import numpy as np
import pytest

from dedup_assets.kernels.vectors.exact_search import Nearest, find_nearest
from dedup_assets.kernels.vectors.inverted_index import find_nearest_by_index, measure_recall, spaced_rows
from dedup_assets_tests.kernels.vectors.near_vectors import near_vectors

VECTORS = near_vectors(1_000, 32, 1, 0.3)


def test_the_index_finds_nearly_all_near_copies_and_nothing_that_is_not_near() -> None:
    found = find_nearest_by_index(VECTORS, 3, 0.8, threads=1)
    exact = find_nearest(VECTORS, np.arange(len(VECTORS)), 3, 0.8)
    wanted = set(zip(exact.rows.tolist(), exact.others.tolist(), exact.cosines.tolist(), strict=True))
    got = set(zip(found.rows.tolist(), found.others.tolist(), found.cosines.tolist(), strict=True))
    assert got <= wanted
    assert len(got) >= 0.9 * len(wanted) > 1_000
    assert measure_recall(VECTORS, found, len(VECTORS), 3, 0.8) == len(got) / len(wanted)


def test_the_same_vectors_give_the_same_lists() -> None:
    one, other = (find_nearest_by_index(VECTORS, 3, 0.5, threads=1) for _ in range(2))
    assert [column.tolist() for column in one] == [column.tolist() for column in other]


def test_recall_is_measured_on_a_sample_and_is_1_where_nothing_is_near() -> None:
    exact = find_nearest(VECTORS, np.arange(len(VECTORS)), 3, 0.8)
    half = exact.rows % 2 == 0
    lists = Nearest(*(column[half] for column in exact))
    asked = spaced_rows(len(VECTORS), 200)
    sampled = np.isin(exact.rows, asked)
    assert measure_recall(VECTORS, lists, 200, 3, 0.8) == pytest.approx((sampled & half).sum() / sampled.sum())
    assert measure_recall(VECTORS, lists, 200, 3, 1.0) == 1.0


def test_rows_of_a_sample_are_spread_over_all() -> None:
    assert spaced_rows(10, 3).tolist() == [0, 4, 9]
    assert spaced_rows(2, 5).tolist() == [0, 1]
    assert spaced_rows(0, 5).tolist() == []
