"""The nearest neighbours of vectors against a double loop over them, many of them equally near."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup_assets.kernels.vectors.exact_search import EXACT, Nearest, find_nearest, pair_neighbours, update_nearest
from dedup_assets_tests.kernels.vectors.near_vectors import near_vectors

Entries = list[tuple[int, int, float]]
SHORT = st.integers(-2, 2)


def compare_all(vectors: NDArray[np.float32], count: int, min_cosine: float) -> Entries:
    entries: Entries = []
    for row, vector in enumerate(vectors.astype(np.float64)):
        cosines = [(-float(np.float32((vector * other).sum())), number) for number, other in enumerate(vectors)]
        near = sorted(pair for pair in cosines if pair[1] != row and -pair[0] >= np.float32(min_cosine))
        entries += [(row, other, -cosine) for cosine, other in near[:count]]
    return entries


def entries_of(lists: Nearest) -> Entries:
    return list(zip(*(column.tolist() for column in lists), strict=True))


def all_lists(vectors: NDArray[np.float32], count: int, min_cosine: float) -> Nearest:
    return find_nearest(vectors, np.arange(len(vectors)), count, min_cosine)


def places(before: NDArray[np.int64], now: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(np.isin(before, now), np.searchsorted(now, before), -1)


@pytest.mark.parametrize(("count", "min_cosine"), [(3, 0.5), (7, -1.0), (1, 0.9)])
def test_the_lists_equal_those_of_a_double_loop(count: int, min_cosine: float) -> None:
    vectors = near_vectors(60, 24, 3, 0.4)
    assert entries_of(all_lists(vectors, count, min_cosine)) == compare_all(vectors, count, min_cosine)


def test_a_list_is_the_same_however_blocks_are_cut_and_whatever_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = near_vectors(80, 16, 4, 0.5)
    whole = entries_of(all_lists(vectors, 5, 0.2))
    assert [entry for entry in whole if entry[0] in (7, 300)] == entries_of(
        find_nearest(vectors, np.array([7, 300]), 5, 0.2)
    )
    for name, rows in {"FOUND_AT_ONCE": 70, "VECTOR_BLOCK": 11, "SPARE": 0}.items():
        monkeypatch.setattr(f"dedup_assets.kernels.vectors.exact_search.{name}", rows)
    assert entries_of(all_lists(vectors, 5, 0.2)) == whole


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(st.tuples(SHORT, SHORT, SHORT), min_size=1, max_size=24),
    turns=st.lists(st.sets(st.integers(0, 23)), min_size=1, max_size=4),
    count=st.integers(1, 5),
    min_cosine=st.sampled_from([-1.0, 0.3, 0.8]),
)
def test_lists_kept_up_over_comings_and_goings_are_those_from_scratch(
    data: list[tuple[int, int, int]], turns: list[set[int]], count: int, min_cosine: float
) -> None:
    """Few directions in three dimensions: most neighbours are exactly as near as another."""
    pool = np.array(data, np.float32) + np.float32(0.01)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    present, lists = np.empty(0, np.int64), all_lists(pool[:0], count, min_cosine)
    for turn in turns:
        now = np.array(sorted(row for row in turn if row < len(pool)), np.int64)
        lists = update_nearest(pool[now], lists, places(present, now), count, min_cosine, EXACT)
        present = now
        assert entries_of(lists) == compare_all(pool[now], count, min_cosine)


def test_only_what_came_and_whose_full_list_lost_a_member_is_compared_again() -> None:
    vectors = near_vectors(100, 24, 3, 0.4)
    before, now = np.arange(399), np.arange(1, 400)
    known = all_lists(vectors[before], 3, 0.0)
    nearer = known._replace(cosines=known.cosines + np.float32(1))
    updated = update_nearest(vectors[now], nearer, places(before, now), 3, 0.0, EXACT)
    compared = set(now[updated.rows[updated.cosines <= 1]].tolist())
    assert compared == {399, *known.rows[known.others == 0].tolist()} - {0}


def test_known_vectors_in_another_order_are_refused() -> None:
    vectors = near_vectors(3, 4, 0, 0.1)
    with pytest.raises(ValueError, match="same order"):
        update_nearest(vectors, all_lists(vectors, 2, -1.0), np.array([1, 0, 2]), 2, -1.0, EXACT)


def test_a_pair_counts_where_one_end_lists_the_other() -> None:
    entries = [(0, 3, 0.5), (1, 0, 0.75), (0, 1, 0.75)]
    columns = zip(*entries, strict=True)
    lists = Nearest(*(np.array(column) for column in columns))
    assert entries_of(pair_neighbours(lists)) == [(0, 1, 0.75), (0, 3, 0.5)]


def test_there_is_nothing_near_nothing_and_vectors_of_another_shape_are_refused() -> None:
    assert entries_of(all_lists(np.empty((0, 4), np.float32), 3, 0.0)) == []
    assert entries_of(all_lists(np.ones((1, 1), np.float32), 3, -1.0)) == []
    with pytest.raises(ValueError, match="must be"):
        all_lists(np.zeros(3, np.float32), 3, 0.0)
