"""Stars of crowds: what is asked, what is found, and that nothing but the contents and their classes counts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup_assets.kernels.group import crowds
from dedup_assets.kernels.group.crowds import FIRST_QUESTIONS, ClassGraph, star_crowds
from dedup_assets.kernels.group.stars import Neighbours

NO_LINKS = np.empty((0, 2), np.int64)


class Judge:
    """Contents of one picture pass; counts what it is asked."""

    def __init__(self, picture: NDArray[np.int64]) -> None:
        self.picture = picture
        self.asked: Counter[tuple[int, int]] = Counter()
        self.questions = self.calls = 0

    def __call__(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        self.questions, self.calls = self.questions + len(pairs), self.calls + 1
        if self.questions < 100_000:
            self.asked.update(map(tuple, np.sort(pairs, axis=1).tolist()))
        return np.asarray(self.picture[pairs[:, 0]] == self.picture[pairs[:, 1]])


def graph_of(class_of: NDArray[np.int64], links: NDArray[np.int64] = NO_LINKS) -> ClassGraph:
    """The graph of contents and links of their classes, numbered anew so that each has contents."""
    numbers, classes = np.unique(class_of, return_inverse=True)
    present = links[np.isin(links, numbers).all(axis=1)]
    return ClassGraph(classes.astype(np.int64), Neighbours(len(numbers), np.searchsorted(numbers, present)))


def colours_of(picture: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Equal pictures, equal colours; others far away."""
    return np.stack([picture * 37 % 256, picture * 91 % 256, picture // 256], axis=1).astype(np.uint8)


def star_slowly(graph: ClassGraph, picture: NDArray[np.int64], place: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Stars of two hops, content by content."""
    classes = [{number, *graph.near[number].tolist()} for number in graph.class_of.tolist()]
    near = [{other for other, number in enumerate(graph.class_of.tolist()) if number in own} for own in classes]
    free, edges = set(range(len(picture))), set()
    for node in np.argsort(place).tolist():
        if node in free:
            free.discard(node)
            same = {other for other in free if picture[other] == picture[node]}
            first = near[node] & same
            joining = first | (same & set().union(*(near[other] for other in first)))
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
@given(worlds(), st.integers(0, 99), st.integers(1, 3))
def test_stars_are_those_of_the_slow_twin_whatever_the_order_of_links_and_however_many_are_asked_at_once(
    world: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], seed: int, at_once: int
) -> None:
    class_of, picture, links = world
    graph, again = graph_of(class_of, links), graph_of(class_of, np.concatenate([links[::-1, ::-1], links]))
    judge, place = Judge(picture), np.random.default_rng(seed).permutation(len(picture))
    found = star_crowds(graph, colours_of(picture), judge, place)
    edges = set(map(tuple, found.edges.tolist()))
    assert edges == star_slowly(graph, picture, place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "NEIGHBOURHOODS_AT_ONCE", at_once)
        assert set(map(tuple, star_crowds(again, colours_of(picture), Judge(picture), place).edges.tolist())) == edges
    assert max(judge.asked.values(), default=1) == 1
    assert found.left_out == 0


def test_a_neighbourhood_is_named_by_the_first_content_of_a_chain_of_near_classes() -> None:
    class_of = np.array([3, 0, 2, 2, 1, 3])
    assert graph_of(class_of, np.array([[2, 1]])).neighbourhoods().tolist() == [0, 1, 2, 2, 2, 0]


@pytest.mark.parametrize("classes", [1, 300])
def test_a_hundred_thousand_equal_pictures_cost_one_question_each(classes: int) -> None:
    count = 100_000
    class_of = np.random.default_rng(1).integers(0, classes, count)
    links = np.stack(np.triu_indices(classes, 1), axis=1)
    judge = Judge(np.zeros(count, np.int64))
    found = star_crowds(graph_of(class_of, links), np.zeros((count, 3), np.uint8), judge, np.arange(count)[::-1])
    assert judge.questions == len(found.edges) == count - 1
    assert (found.edges[:, 0] == count - 1).all()


def test_questions_of_many_small_groups_are_put_together() -> None:
    groups, size = 2_500, 4
    picture = np.arange(groups * size) // size
    judge = Judge(picture)
    found = star_crowds(graph_of(picture), np.zeros((len(picture), 3), np.uint8), judge, np.arange(len(picture)))
    assert judge.questions == len(found.edges) == groups * (size - 1)
    assert judge.calls == 3


def test_what_a_centre_does_not_know_is_found_through_those_that_passed() -> None:
    """A chain of classes 0 - 1 - 2: the best is in the first, and asks about the last once one between has passed."""
    judge = Judge(np.zeros(3, np.int64))
    found = star_crowds(
        graph_of(np.arange(3), np.array([[0, 1], [1, 2]])), np.zeros((3, 3), np.uint8), judge, np.arange(3)
    )
    assert found.edges.tolist() == [[0, 1], [0, 2]]


def test_what_a_centre_rejects_is_asked_by_the_next() -> None:
    picture = np.array([0, 1, 0, 1, 2])
    found = star_crowds(graph_of(np.zeros(5, np.int64)), np.zeros((5, 3), np.uint8), Judge(picture), np.arange(5))
    assert found.edges.tolist() == [[0, 2], [1, 3]]


def test_two_products_of_one_shape_are_two_stars_and_hide_nothing_from_each_other() -> None:
    picture = np.random.default_rng(2).integers(0, 2, 2_000)
    judge = Judge(picture)
    found = star_crowds(graph_of(np.zeros(2_000, np.int64)), colours_of(picture), judge, np.arange(2_000))
    assert len(found.edges) == 1_998
    assert judge.questions <= 2_000 + 4 * FIRST_QUESTIONS + 2_000


def test_a_crowd_of_as_many_as_are_asked_first_is_asked_about_all_and_loses_none() -> None:
    picture = np.append(0, np.repeat(np.arange(FIRST_QUESTIONS), 2))[: FIRST_QUESTIONS + 1]
    colours = np.zeros((len(picture), 3), np.uint8)
    found = star_crowds(graph_of(np.zeros(len(picture), np.int64)), colours, Judge(picture), np.arange(len(picture)))
    assert found.left_out == 0
    assert len(found.edges) == len(picture) - len(set(picture.tolist()))


def test_thousands_of_different_pictures_with_equal_hashes_cost_a_bounded_number_each_and_are_reported() -> None:
    picture = np.arange(3_000)
    judge = Judge(picture)
    found = star_crowds(graph_of(np.zeros(3_000, np.int64)), colours_of(picture), judge, np.arange(3_000))
    assert len(found.edges) == 0
    assert judge.questions <= FIRST_QUESTIONS * 3_000
    assert found.left_out == 3_000 * 2_999 // 2 - judge.questions
