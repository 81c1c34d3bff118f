"""Stars: every member has a pair with its centre, never a chain, whatever the order of the pairs."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup_assets.kernels.group.stars import (
    MAX_FRUITLESS,
    Neighbours,
    find_components,
    find_namesakes,
    form_stars,
)

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = draw(st.integers(1, 12))
    node = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=30))
    rank = draw(st.permutations(range(count)))
    return np.array(rank), np.array(pairs, dtype=np.int64).reshape(-1, 2)


def form_stars_slowly(rank: NDArray[np.int64], pairs: NDArray[np.int64]) -> list[int]:
    linked = {frozenset(pair) for pair in pairs.tolist()}
    centre: dict[int, int] = {}
    for node in sorted(range(len(rank)), key=lambda node: int(rank[node])):
        if node in centre:
            continue
        centre[node] = node
        for other in range(len(rank)):
            if other not in centre and frozenset((node, other)) in linked:
                centre[other] = node
    return [centre[node] for node in range(len(rank))]


def form_stars_by_asking_slowly(
    rank: NDArray[np.int64], candidates: NDArray[np.int64], true: set[frozenset[int]]
) -> list[int]:
    linked = {frozenset(pair) for pair in candidates.tolist()}
    centre: dict[int, int] = {}
    nodes = range(len(rank))
    for node in sorted(nodes, key=lambda node: int(rank[node])):
        if node in centre:
            continue
        centre[node] = node
        near = [other for other in nodes if other != node and frozenset((node, other)) in linked]
        passed = [other for other in near if centre.get(other) != other and frozenset((node, other)) in true]
        further = {other for via in passed for other in nodes if frozenset((via, other)) in linked}
        for other in {*passed, *further}:
            if other not in centre and frozenset((node, other)) in true:
                centre[other] = node
    return [centre[node] for node in nodes]


def stars_of(rank: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where every candidate pair passes, and no other."""
    return form_stars(rank, pairs, Judge({frozenset(pair) for pair in pairs.tolist()}))


@given(graphs())
def test_stars_are_those_of_the_slow_twin(graph: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
    rank, pairs = graph
    assert stars_of(rank, pairs).tolist() == form_stars_slowly(rank, pairs)


@given(graphs(), st.integers(0, 99))
def test_order_and_direction_of_pairs_do_not_matter(
    graph: tuple[NDArray[np.int64], NDArray[np.int64]], seed: int
) -> None:
    rank, pairs = graph
    turned = np.random.default_rng(seed).permutation(np.concatenate([pairs[:, ::-1], pairs]))
    assert stars_of(rank, turned).tolist() == stars_of(rank, pairs).tolist()


def test_a_chain_does_not_put_its_far_end_under_its_near_end() -> None:
    # 0 ~ 1 ~ 2, best first
    assert stars_of(np.array([0, 1, 2]), np.array([[0, 1], [1, 2]])).tolist() == [0, 0, 2]


def test_the_middle_of_a_chain_takes_both_ends_if_it_is_the_best() -> None:
    assert stars_of(np.array([1, 0, 2]), np.array([[0, 1], [1, 2]])).tolist() == [1, 1, 1]


def test_a_cross_fade_of_25_steps_never_joins_its_ends() -> None:
    steps = np.stack([np.arange(25), np.arange(1, 26)], axis=1)
    for seed in range(20):
        centre = stars_of(np.random.default_rng(seed).permutation(26), steps)
        assert centre[0] != centre[25]
        assert np.unique(centre, return_counts=True)[1].max() <= 3


def test_images_without_pairs_are_their_own_centres() -> None:
    assert stars_of(np.array([2, 0, 1]), NO_PAIRS).tolist() == [0, 1, 2]
    assert stars_of(np.empty(0, dtype=np.int64), NO_PAIRS).tolist() == []


def test_a_pair_of_an_unknown_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.3, expected 0\.\.2"):
        stars_of(np.array([0, 1, 2]), np.array([[0, 3]]))


def test_neighbours_are_distinct_ascending_and_without_loops() -> None:
    neighbours = Neighbours(4, np.array([[3, 0], [0, 3], [0, 1], [2, 2]]))
    assert neighbours[0].tolist() == [1, 3]
    assert neighbours[2].tolist() == []
    assert neighbours.of_all(np.array([1, 3])).tolist() == [0]


class Judge:
    """Answers from a set of true pairs, and remembers what it was asked."""

    def __init__(self, true: set[frozenset[int]]) -> None:
        self.true = true
        self.asked: list[frozenset[int]] = []
        self.centres: list[int] = []

    def __call__(self, centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        pairs = [frozenset((centre, int(member))) for member in members]
        assert len(pairs) > 0
        self.asked += pairs
        self.centres.append(centre)
        return np.array([pair in self.true for pair in pairs])


@given(graphs(), graphs())
def test_asking_gives_the_stars_of_the_slow_twin_and_asks_no_pair_twice(
    graph: tuple[NDArray[np.int64], NDArray[np.int64]], other: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> None:
    rank, candidates = graph
    judge = Judge({frozenset(pair) for pair in np.concatenate([candidates[::2], other[1]]).tolist()})
    centre = form_stars(rank, candidates, judge)
    assert centre.tolist() == form_stars_by_asking_slowly(rank, candidates, judge.true)
    assert len(judge.asked) == len(set(judge.asked))
    assert all(judge.centres.count(node) <= 2 for node in judge.centres)


def test_a_pair_that_the_search_missed_is_verified_through_a_common_candidate() -> None:
    judge = Judge({frozenset((0, 1)), frozenset((1, 2)), frozenset((0, 2))})
    assert form_stars(np.array([0, 1, 2]), np.array([[0, 1], [1, 2]]), judge).tolist() == [0, 0, 0]


def test_a_hundred_thousand_identical_images_take_linear_time_and_questions() -> None:
    count = 100_000
    rank = np.random.default_rng(1).permutation(count)
    hub = np.stack([np.zeros(count - 1, dtype=np.int64), np.arange(1, count)], axis=1)
    asked: list[int] = []

    def verify(centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        asked.append(len(members))
        return np.ones(len(members), dtype=np.bool_)

    start = time.perf_counter()
    centre = form_stars(rank, hub, verify)
    assert (centre == np.argmin(rank)).all()
    assert sum(asked) == count - 1
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("hub_is", ["the best", "the worst", "in the middle"])
def test_twenty_thousand_different_pictures_around_one_are_not_all_asked_about_each_other(hub_is: str) -> None:
    count = 20_000
    hub = {"the best": 0, "in the middle": count // 2, "the worst": count - 1}[hub_is]
    others = np.delete(np.arange(count), hub)
    asked, left_out = [0], [0]

    def verify(centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        asked[0] += len(members)
        return np.asarray((members == hub) | (centre == hub))

    def tell_left_out(pairs: int) -> None:
        left_out[0] += pairs

    pairs = np.stack([np.full(count - 1, hub), others], axis=1)
    centre = form_stars(np.arange(count), pairs, verify, tell_left_out=tell_left_out)
    assert asked[0] <= (MAX_FRUITLESS + 3) * count
    assert (left_out[0] > 0) == (hub_is != "the best")
    assert np.unique(centre, return_counts=True)[1].max() == (count if hub_is == "the best" else 2)


def test_a_crowded_node_leads_on_as_long_as_that_finds_somebody() -> None:
    count = 20 * MAX_FRUITLESS
    picture = np.arange(count) // 4
    pairs = np.stack([np.zeros(count - 1, dtype=np.int64), np.arange(1, count)], axis=1)

    def verify(centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray((members == 0) | (centre == 0) | (picture[members] == picture[centre]))

    rank = np.roll(np.arange(count), 1)
    centre = form_stars(rank, pairs, verify)
    assert (rank[0], centre[1]) == (count - 1, 1)
    assert all(len(set(centre[4 * group : 4 * group + 4].tolist())) == 1 for group in range(1, count // 4))


@settings(deadline=None)
@given(graphs())
def test_components_hold_what_pairs_link_and_are_named_after_their_smallest_node(
    graph: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    rank, pairs = graph
    smallest = list(range(len(rank)))
    for _ in range(len(rank)):
        for left, right in pairs.tolist():
            smallest[left] = smallest[right] = min(smallest[left], smallest[right])
    assert find_components(len(rank), pairs).tolist() == smallest


def test_a_group_keeps_its_namesake_when_newer_images_join_and_another_is_kept() -> None:
    before = find_namesakes(np.array([0, 0]), np.array([20, 10]), np.array([1, 0]))
    after = find_namesakes(np.array([2, 2, 2]), np.array([20, 10, 30]), np.array([2, 1, 0]))
    assert before.tolist() == [1, 1]
    assert after.tolist() == [1, 1, 1]


def test_of_equally_old_images_the_first_by_path_gives_the_name() -> None:
    namesakes = find_namesakes(np.array([1, 1, 2]), np.array([5, 5, 5]), np.array([2, 1, 0]))
    assert namesakes.tolist() == [1, 1, 2]


def test_no_images_have_no_groups() -> None:
    empty = np.empty(0, dtype=np.int64)
    assert find_namesakes(empty, empty, empty).tolist() == []
