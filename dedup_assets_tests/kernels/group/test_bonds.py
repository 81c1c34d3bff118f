"""Graphs drawn by hand, and random words and verdicts against a slow twin that follows the rules by the letter."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup_assets.kernels.group.bonds import Bonds, form_decided_stars, resolve_bonds

A, B, C, D = range(4)
Pairs = list[tuple[int, int]]

pairs_of_nodes = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]), max_size=8, unique=True
)


def stars(
    rank: list[int], passed: Pairs, bonds: Bonds, further: Pairs | None = None, keep_rank: list[int] | None = None
) -> list[int]:
    """The centre of each node, where the tests passed exactly `passed`; searches proposed those and `further`."""
    good = {frozenset(pair) for pair in passed}

    def verify(centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        assert (np.diff(members) > 0).all()
        return np.array([frozenset((centre, member)) in good for member in members.tolist()])

    left_out: list[int] = []
    proposed = np.array([*passed, *(further or [])], np.int64).reshape(-1, 2)
    centre: list[int] = form_decided_stars(
        np.array(rank), np.array(keep_rank or rank), proposed, verify, bonds, left_out.append
    ).tolist()
    assert not left_out
    return centre


def test_the_same_is_one_picture_through_any_number_of_words() -> None:
    bonds = resolve_bonds(5, [(C, B), (A, B)], [])
    assert bonds.labels.tolist() == [A, A, A, D, 4]
    assert (bonds.apart.shape, bonds.refused) == ((0, 2), ())


def test_what_is_set_apart_is_apart_from_all_that_is_the_same() -> None:
    bonds = resolve_bonds(4, [(A, B), (C, D)], [(D, B)])
    assert bonds.labels.tolist() == [A, A, C, C]
    assert bonds.apart.tolist() == [[A, C]]


def test_of_words_that_contradict_the_dearest_counts_and_not_the_same_counts_before_any() -> None:
    assert resolve_bonds(3, [(A, B), (B, C)], [(A, C)]).labels.tolist() == [A, A, C]
    turned = resolve_bonds(3, [(B, C), (A, B)], [(A, C)])
    assert turned.labels.tolist() == [A, B, B]
    assert turned.refused == ((A, B),)


@given(pairs_of_nodes, pairs_of_nodes)
def test_no_picture_holds_what_is_set_apart_and_each_refused_word_would_have_brought_it_together(
    same: Pairs, not_same: Pairs
) -> None:
    bonds = resolve_bonds(7, same, not_same)
    rivals = {tuple(sorted((bonds.labels[one], bonds.labels[other]))) for one, other in not_same}
    assert all(one != other for one, other in rivals)
    assert sorted(map(tuple, bonds.apart.tolist())) == sorted(rivals)
    for one, other in same:
        ends = tuple(sorted((bonds.labels[one], bonds.labels[other])))
        assert (ends in rivals) if (one, other) in bonds.refused else (ends[0] == ends[1])


def test_one_joins_the_group_of_another_by_a_word_although_no_test_passed_with_its_centre() -> None:
    assert stars([0, 1, 2], [(A, B)], resolve_bonds(3, [(B, C)], [])) == [A, A, A]


def test_a_word_vouches_for_those_that_it_names_and_for_no_others() -> None:
    """C passes against B alone, and nobody named C: it does not follow B to A."""
    assert stars([0, 1, 2], [(B, C)], resolve_bonds(3, [(A, B)], [])) == [A, A, C]


def test_of_two_that_are_set_apart_the_better_joins_whatever_the_order_of_words_and_pairs() -> None:
    for passed in ([(A, B), (A, C)], [(C, A), (B, A)]):
        for words in ([(B, C)], [(C, B)]):
            assert stars([0, 1, 2], passed, resolve_bonds(3, [], words)) == [A, A, C]
            assert stars([0, 2, 1], passed, resolve_bonds(3, [], words)) == [A, B, A]


def test_a_centre_chosen_before_does_not_take_the_place_of_a_better_member() -> None:
    """C stood alone when B, which is better, joined A; now that both A and C come first, it stays so."""
    bonds = resolve_bonds(3, [], [(B, C)])
    assert stars([0, 2, 1], [(A, B), (A, C)], bonds, keep_rank=[0, 1, 2]) == [A, A, C]


def test_the_worse_of_two_that_are_set_apart_may_join_another_star() -> None:
    assert stars([0, 2, 3, 1], [(A, B), (A, C), (D, C)], resolve_bonds(4, [], [(B, C)])) == [A, A, D, D]


def test_a_centre_never_takes_what_is_set_apart_from_it_even_where_the_tests_passed() -> None:
    assert stars([0, 1, 2], [(A, B), (A, C), (B, C)], resolve_bonds(3, [], [(A, B)])) == [A, B, A]


def test_same_pictures_stand_together_without_any_pair() -> None:
    assert stars([2, 1, 0], [], resolve_bonds(3, [(A, C)], [])) == [C, B, C]


@given(st.permutations(range(7)), pairs_of_nodes, pairs_of_nodes, pairs_of_nodes, pairs_of_nodes)
def test_stars_are_those_of_the_slow_twin(
    rank: list[int], passed: Pairs, further: Pairs, same: Pairs, not_same: Pairs
) -> None:
    bonds = resolve_bonds(7, same, not_same)
    assert stars(rank, passed, bonds, further) == slow_stars(rank, passed, further, bonds)


def slow_stars(rank: list[int], passed: Pairs, further: Pairs, bonds: Bonds) -> list[int]:
    """The same, picture by picture and pair by pair."""
    good = {frozenset(pair) for pair in passed}
    label = bonds.labels.tolist()
    pictures = {one: [node for node in range(7) if label[node] == one] for one in set(label)}
    best = {one: min(nodes, key=lambda node: rank[node]) for one, nodes in pictures.items()}
    linked = {frozenset((label[one], label[other])) for one, other in [*passed, *further] if label[one] != label[other]}
    rivals = {frozenset(pair) for pair in bonds.apart.tolist()}

    def passes(centre: int, picture: int) -> bool:
        alike = any(frozenset((best[centre], node)) in good for node in pictures[picture])
        return alike and frozenset((centre, picture)) not in rivals

    order = sorted(pictures, key=lambda one: rank[best[one]])
    home: dict[int, int] = {}
    for centre in order:
        if centre in home:
            continue
        near = [one for one in order if frozenset((centre, one)) in linked and home.get(one) != one and one != centre]
        joined = [one for one in near if passes(centre, one)]
        wider = [one for one in order if any(frozenset((one, through)) in linked for through in joined)]
        joined += [one for one in wider if one not in (*near, centre) and one not in home and passes(centre, one)]
        star = [centre]
        for one in sorted({one for one in joined if one not in home}, key=order.index):
            if not any(frozenset((one, other)) in rivals for other in star):
                star.append(one)
        home |= dict.fromkeys(star, centre)
    return [best[home[label[node]]] for node in range(7)]


@given(st.permutations(range(7)), pairs_of_nodes, pairs_of_nodes, pairs_of_nodes)
def test_no_two_nodes_of_a_star_are_set_apart(rank: list[int], passed: Pairs, same: Pairs, not_same: Pairs) -> None:
    bonds = resolve_bonds(7, same, not_same)
    centre = stars(rank, passed, bonds)
    rivals = {frozenset(pair) for pair in bonds.apart.tolist()}
    for one, other in combinations(range(7), 2):
        if centre[one] == centre[other]:
            assert frozenset((int(bonds.labels[one]), int(bonds.labels[other]))) not in rivals
