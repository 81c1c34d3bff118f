"""Stars of crowds: what is asked, what is found, and that nothing but the contents and their classes counts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup_assets.kernels.group import crowds
from dedup_assets.kernels.group.crowds import FIRST_QUESTIONS, MAX_LISTED, ClassGraph, concerned, star_crowds

NO_LINKS = np.empty((0, 2), np.int64)


class Judge:
    """Contents of one picture pass; counts what it is asked."""

    def __init__(self, picture: NDArray[np.int64]) -> None:
        self.picture = picture
        self.asked: Counter[tuple[int, int]] = Counter()
        self.questions = 0

    def __call__(self, centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        self.questions += len(members)
        if self.questions < 100_000:
            self.asked.update((min(centre, member), max(centre, member)) for member in members.tolist())
        return np.asarray(self.picture[members] == self.picture[centre])


def colours_of(picture: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Equal pictures, equal colours; others far away."""
    return np.stack([picture * 37 % 256, picture * 91 % 256, picture // 256], axis=1).astype(np.uint8)


def star_slowly(graph: ClassGraph, picture: NDArray[np.int64], place: NDArray[np.int64]) -> set[tuple[int, int]]:
    free, edges = set(concerned(graph).tolist()), set()
    for node in sorted(free, key=place.__getitem__):
        if node not in free:
            continue
        free.discard(node)
        pairs = np.array([[node, other] for other in sorted(free)], np.int64).reshape(-1, 2)
        near = pairs[graph.is_of_a_crowd(pairs), 1].tolist()
        joining = {other for other in near if picture[other] == picture[node]}
        free -= joining
        edges |= {(node, other) for other in joining}
    return edges


@st.composite
def worlds(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Classes and pictures of up to 40 contents, and links of up to 6 classes."""
    count = draw(st.integers(1, 40))
    class_of = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    picture = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    links = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
    return np.array(class_of), np.array(picture), np.array(links, np.int64).reshape(-1, 2)


@settings(deadline=None)
@given(worlds(), st.integers(0, 99))
def test_stars_are_those_of_the_slow_twin_whatever_the_order_of_links(
    world: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], seed: int
) -> None:
    class_of, picture, links = world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "MAX_LISTED", 7)
        graph = ClassGraph.build(class_of, 6, links)
        again = ClassGraph.build(class_of, 6, np.concatenate([links[::-1, ::-1], links]))
    judge, place = Judge(picture), np.random.default_rng(seed).permutation(len(picture))
    found = star_crowds(graph, colours_of(picture), judge, place)
    assert set(map(tuple, found.edges.tolist())) == star_slowly(graph, picture, place)
    assert (star_crowds(again, colours_of(picture), Judge(picture), place).edges == found.edges).all()
    assert max(judge.asked.values(), default=1) == 1
    assert found.left_out == 0


@settings(deadline=None)
@given(worlds())
def test_pairs_outside_crowds_are_all_candidates_but_those_of_crowds(
    world: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> None:
    class_of, _, links = world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "MAX_LISTED", 7)
        graph = ClassGraph.build(class_of, 6, links)
    linked = {frozenset(link) for link in links.tolist()}
    every = np.stack(np.triu_indices(len(class_of), 1), axis=1)
    near = [len({*class_of[pair]}) == 1 or frozenset(class_of[pair].tolist()) in linked for pair in every]
    candidates = every[np.array(near, np.bool_)]
    outside = candidates[~graph.is_of_a_crowd(candidates)]
    assert sorted(map(tuple, np.sort(graph.open_pairs(), axis=1).tolist())) == sorted(map(tuple, outside.tolist()))


def test_a_class_is_crowded_by_itself_or_with_those_next_to_it() -> None:
    half = MAX_LISTED // 2
    class_of = np.repeat([0, 1, 2], [half, half + 1, half])
    assert ClassGraph.build(class_of, 3, NO_LINKS).crowded.tolist() == [False, False, False]
    assert ClassGraph.build(class_of, 3, np.array([[0, 1]])).crowded.tolist() == [True, True, False]


@pytest.mark.parametrize("classes", [1, 300])
def test_a_hundred_thousand_equal_pictures_cost_one_question_each(classes: int) -> None:
    count = 100_000
    class_of = np.random.default_rng(1).integers(0, classes, count)
    links = np.stack(np.triu_indices(classes, 1), axis=1)
    judge = Judge(np.zeros(count, np.int64))
    found = star_crowds(
        ClassGraph.build(class_of, classes, links), np.zeros((count, 3), np.uint8), judge, np.arange(count)[::-1]
    )
    assert judge.questions == len(found.edges) == count - 1
    assert (found.edges[:, 0] == count - 1).all()


def test_two_products_of_one_shape_are_two_stars_and_hide_nothing_from_each_other() -> None:
    picture = np.random.default_rng(2).integers(0, 2, 2_000)
    judge = Judge(picture)
    found = star_crowds(
        ClassGraph.build(np.zeros(2_000, np.int64), 1, NO_LINKS), colours_of(picture), judge, np.arange(2_000)
    )
    assert len(found.edges) == 1_998
    assert judge.questions <= 2_000 + 4 * FIRST_QUESTIONS + 2_000


def test_thousands_of_different_pictures_with_equal_hashes_cost_a_bounded_number_each_and_are_reported() -> None:
    picture = np.arange(3_000)
    judge = Judge(picture)
    found = star_crowds(
        ClassGraph.build(np.zeros(3_000, np.int64), 1, NO_LINKS), colours_of(picture), judge, np.arange(3_000)
    )
    assert len(found.edges) == 0
    assert judge.questions <= FIRST_QUESTIONS * 3_000
    assert found.left_out == 3_000 * 2_999 // 2 - judge.questions
