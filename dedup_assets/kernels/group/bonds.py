"""Forming groups where people have spoken: contents that they called the same are one, others that they set apart stay apart.

Here belongs what a set of such words comes to, and stars that obey it. Whose words they are, and how old, is known to the
caller; the stars themselves are formed in `stars.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.group.stars import Neighbours, Verify, form_stars
from dedup_assets.kernels.members import Members

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Bonds:
    """What people's words about n nodes come to.

    labels   (n,) int64, the smallest node of those that are one picture; a node about which nothing was said is its own
    apart    (k, 2) int64, pairs of labels that may never stand in one group, the lower first, ascending
    refused  words "same" that were not followed, since they would join what was set apart
    """

    labels: NDArray[np.int64]
    apart: NDArray[np.int64]
    refused: tuple[Pair, ...] = ()


def resolve_bonds(node_count: int, same: Iterable[Pair], not_same: Iterable[Pair]) -> Bonds:
    """Follow words about pairs of nodes 0..n-1 as far as they agree with each other.

    "Not the same" always counts, and it counts for all that is the same as either end. `same` is followed in the order
    given, the dearest first; one that would bring together what is set apart is refused.
    """
    parent = list(range(node_count))
    rivals: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in not_same:
        rivals[one].add(other)
        rivals[other].add(one)
    refused = tuple(pair for pair in same if not _join(parent, rivals, *pair))
    labels = np.array([_root(parent, node) for node in range(node_count)], dtype=np.int64)
    ends = {(min(pair), max(pair)) for pair in _rival_labels(parent, rivals)}
    return Bonds(labels, np.array(sorted(ends), dtype=np.int64).reshape(-1, 2), refused)


def _join(parent: list[int], rivals: defaultdict[int, set[int]], one: int, other: int) -> bool:
    """Make two nodes one, unless they are rivals; the smaller root stays, and takes the rivals of both."""
    keeper, joining = sorted((_root(parent, one), _root(parent, other)))
    if joining in rivals[keeper]:
        return False
    if keeper != joining:
        parent[joining] = keeper
        for rival in rivals.pop(joining, set()):
            rivals[rival].discard(joining)
            rivals[rival].add(keeper)
            rivals[keeper].add(rival)
    return True


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _rival_labels(parent: list[int], rivals: defaultdict[int, set[int]]) -> Iterable[Pair]:
    return ((_root(parent, node), rival) for node, others in rivals.items() for rival in others)


def form_decided_stars(
    rank: NDArray[np.integer],
    keep_rank: NDArray[np.integer],
    candidate_pairs: NDArray[np.integer],
    verify: Verify,
    bonds: Bonds,
    tell_left_out: Callable[[int], None],
) -> NDArray[np.int64]:
    """Form stars as `grouping.form_stars` does, of pictures instead of nodes: nodes of one label stand together.

    A picture stands where its best node stands. It joins a star when any of its nodes passes against the centre: people
    vouch for its other nodes, and for no more than these, so one that nobody named always passes itself. Of two
    pictures that are set apart the worse by `keep_rank`, (n,) like `rank`, stays out of a star that the better joins:
    `rank` may put centres first that were chosen before, which is no reason to leave one of their members.
    `tell_left_out` hears of pairs of pictures that a cap kept from being asked. Returns the centre of each node.
    """
    pictures, picture_of = np.unique(bonds.labels, return_inverse=True)
    best, place = _best_nodes(picture_of, rank)
    apart = Neighbours(len(pictures), np.searchsorted(pictures, bonds.apart))
    rivals = _Rivals(apart, _best_nodes(picture_of, keep_rank)[1])
    asking = _PictureVerifier(picture_of, best, verify, apart)
    pairs = picture_of[np.asarray(candidate_pairs, dtype=np.int64)]
    centre = form_stars(place, pairs, asking, rivals.who_joins, tell_left_out)
    return np.asarray(best[centre[picture_of]], dtype=np.int64)


def _best_nodes(
    picture_of: NDArray[np.int64], rank: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best node of each picture, and the place of the picture by that node."""
    best = np.full(int(picture_of.max(initial=-1)) + 1, -1, dtype=np.int64)
    worst_first = np.argsort(rank, kind="stable")[::-1]
    best[picture_of[worst_first]] = worst_first
    place = np.argsort(np.argsort(np.asarray(rank)[best], kind="stable"), kind="stable")
    return best, np.asarray(place, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Rivals:
    """Pictures that may not stand in one star, and the place of each where not all can join."""

    apart: Neighbours
    place: NDArray[np.int64]

    def who_joins(self, centre: int, joining: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those that are no rivals of the centre, or of a better one that joins."""
        barred = set(self.apart[centre].tolist())
        staying = []
        for member in joining[np.argsort(self.place[joining], kind="stable")].tolist():
            if member not in barred:
                staying.append(member)
                barred.update(self.apart[member].tolist())
        return np.array(staying, dtype=np.int64)


class _PictureVerifier:
    """Asks of whole pictures what is known of their nodes."""

    def __init__(
        self, picture_of: NDArray[np.int64], best: NDArray[np.int64], verify: Verify, apart: Neighbours
    ) -> None:
        self._best, self._verify, self._apart = best, verify, apart
        self._nodes = Members(picture_of, len(best))

    def __call__(self, centre: int, members: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether any node of each picture passes against the best node of the centre; rivals are not even asked."""
        asked = np.flatnonzero(~np.isin(members, self._apart[centre]))
        which, nodes = self._nodes.of(members[asked])
        order = np.argsort(nodes, kind="stable")
        passed = np.zeros(len(members), dtype=np.bool_)
        if len(nodes):
            np.logical_or.at(passed, asked[which[order]], self._verify(int(self._best[centre]), nodes[order]))
        return passed
