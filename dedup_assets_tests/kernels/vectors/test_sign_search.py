"""The search by signs against a double loop over rounded vectors, and against the exact search."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_assets.kernels.vectors.exact_search import Nearest, find_nearest, update_nearest
from dedup_assets.kernels.vectors.sign_search import (
    BITS,
    RoundedVectors,
    find_nearest_by_signs,
    measure_recall,
    most_apart,
    round_vectors,
    search_by_signs,
    sign_directions,
)
from dedup_assets_tests.kernels.vectors.near_vectors import near_vectors

VECTORS = near_vectors(400, 256, 2, 2.0)
"""Copies have cosines about 0.45 with what they are made of, and 0.2 with each other."""


def search(vectors: RoundedVectors, count: int, min_cosine: float, max_apart: int | None = None) -> Nearest:
    return find_nearest_by_signs(2, vectors, np.arange(len(vectors)), count, min_cosine, max_apart)


def entries_of(lists: Nearest) -> list[tuple[int, int, float]]:
    return list(zip(*(column.tolist() for column in lists), strict=True))


def compare_all(vectors: RoundedVectors, count: int, min_cosine: float, max_apart: int) -> list[tuple[int, int, float]]:
    entries = []
    for row in range(len(vectors)):
        dots = (vectors.values[row].astype(np.int32) * vectors.values).sum(axis=1).astype(np.float32)
        cosines = dots * (vectors.scales[row] * vectors.scales)
        apart = np.bitwise_count(vectors.signs ^ vectors.signs[row]).sum(axis=1)
        near = np.flatnonzero(
            (cosines >= np.float32(min_cosine)) & (apart <= max_apart) & (np.arange(len(dots)) != row)
        )
        entries += [
            (row, int(at), float(cosines[at])) for at in sorted(near, key=lambda at: (-cosines[at], at))[:count]
        ]
    return entries


@pytest.mark.parametrize(("dimension", "max_apart"), [(256, 230), (256, BITS), (40, 180), (700, 240), (1, BITS)])
def test_the_lists_equal_those_of_a_double_loop(dimension: int, max_apart: int) -> None:
    rounded = round_vectors(near_vectors(70, dimension, 2, 0.5))
    assert entries_of(search(rounded, 4, 0.1, max_apart)) == compare_all(rounded, 4, 0.1, max_apart)


def test_rounded_vectors_are_as_near_as_vectors_are_and_99_of_100_near_ones_are_found() -> None:
    wanted = find_nearest(VECTORS, np.arange(len(VECTORS)), 2, 0.36)
    found = search(round_vectors(VECTORS), 2, 0.3)
    cosines = {(row, other): cosine for row, other, cosine in entries_of(found)}
    both = [(cosine, cosines[row, other]) for row, other, cosine in entries_of(wanted) if (row, other) in cosines]
    assert len(both) >= 0.985 * len(wanted.rows) > 1_000
    assert max(abs(exact - rounded) for exact, rounded in both) < 0.01


@pytest.mark.parametrize("dimension", [256, 512])
def test_of_near_pairs_99_in_100_are_compared_and_of_unrelated_ones_2_in_1000(dimension: int) -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 5_000, dimension))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    other -= (other * one).sum(axis=1, keepdims=True) * one
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    nearer = 0.36 * one + (1 - 0.36**2) ** 0.5 * other
    signs, near = (round_vectors(np.asarray(each, np.float32)).signs for each in (one, nearer))
    limit = most_apart(-1)
    of_near, of_unrelated = (
        np.bitwise_count(signs ^ each).sum(axis=1) <= limit for each in (near, np.roll(signs, 1, axis=0))
    )
    assert of_near.mean() > 0.985
    assert of_unrelated.mean() < 0.003
    assert limit == most_apart(0.36) > most_apart(0.5) > most_apart(1.0) == 0


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=20),
    turns=st.lists(st.sets(st.integers(0, 19)), min_size=1, max_size=4),
    count=st.integers(1, 4),
)
def test_lists_kept_up_over_comings_and_goings_are_those_from_scratch(
    rows: list[tuple[int, int, int]], turns: list[set[int]], count: int
) -> None:
    pool = np.array(rows, np.float32) + np.float32(0.01)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    here, lists = np.empty(0, np.int64), search(round_vectors(pool[:0]), count, 0.3)
    for turn in turns:
        now = np.array(sorted(row for row in turn if row < len(pool)), np.int64)
        rounded = round_vectors(pool[now])
        place = np.where(np.isin(here, now), np.searchsorted(now, here), -1)
        lists = update_nearest(rounded, lists, place, count, 0.3, search_by_signs(1))
        assert entries_of(lists) == compare_all(rounded, count, 0.3, most_apart(0.3))
        here = now


def test_a_vector_is_rounded_by_itself_and_parts_join_to_the_whole() -> None:
    whole = round_vectors(VECTORS)
    joined = RoundedVectors.join([round_vectors(VECTORS[a:b]) for a, b in pairwise((0, 1, 700, 1200))])
    for name in ("values", "scales", "signs"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name))
    assert np.array_equal(whole[np.array([5, 3])].signs, whole.signs[[5, 3]])
    assert np.abs(whole.values * whole.scales[:, None] - VECTORS).max() <= whole.scales.max() / 2 * 1.001


def test_directions_are_orthogonal_and_not_alike() -> None:
    directions = sign_directions(256)
    assert set(np.unique(directions)) == {-1, 1}
    assert np.array_equal(directions[:256] @ directions[:256].T, 256 * np.eye(256))
    assert np.abs(directions[:256] @ directions[256:].T).max() < 0.5 * 256
    assert [sign_directions(each).shape for each in (1, 40, 2048)] == [(BITS, each) for each in (1, 40, 2048)]


def test_recall_is_of_all_neighbours_and_1_where_nothing_is_near() -> None:
    rounded = round_vectors(VECTORS)
    everything = search(rounded, 3, 0.3, BITS)
    half = everything.take(everything.rows % 2 == 0)
    assert measure_recall(rounded, everything, 2_000, 3, 0.3) == 1.0
    assert measure_recall(rounded, half, 2_000, 3, 0.3) == pytest.approx(len(half.rows) / len(everything.rows))
    assert measure_recall(rounded, half, 2_000, 3, 0.9) == 1.0
