"""Putting images into duplicate groups: stars around the kept image, never chains; and giving groups lasting names.

Here belongs the shape of groups. Who is better than whom is decided in `kernels/keep/ranking.py`; whether two images are
duplicates is decided by the caller: beforehand (pairs), or on request (verify).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.members import concatenate_ranges

Verify = Callable[[int, NDArray[np.int64]], NDArray[np.bool_]]
WhoJoins = Callable[[int, NDArray[np.int64]], NDArray[np.int64]]

FEW_NEIGHBOURS = 64
MAX_FRUITLESS = 16
"""A node in another's star that has more than FEW_NEIGHBOURS candidates leads new centres to them until MAX_FRUITLESS of these
found none: else 100,000 different pictures around one would be asked about each other."""


def _ignore(_left_out: int) -> None:
    """Where nobody wants to know."""


class Neighbours:
    """The undirected graph of some pairs over nodes 0..n-1: each node's neighbours, ascending, without loops."""

    def __init__(self, node_count: int, pairs: NDArray[np.integer]) -> None:
        """Take (m, 2) pairs in any order and direction, repeated or not; ValueError for a node outside 0..n-1."""
        ends = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        if len(ends) and not (ends.min() >= 0 and ends.max() < node_count):
            raise ValueError(f"pairs name nodes {ends.min()}..{ends.max()}, expected 0..{node_count - 1}")
        ends = ends[ends[:, 0] != ends[:, 1]]
        both = np.concatenate([ends, ends[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        repeated = (both[1:] == both[:-1]).all(axis=1)
        both = both[np.concatenate([[True], ~repeated])] if len(both) else both
        self._targets = np.ascontiguousarray(both[:, 1])
        self._starts = np.searchsorted(both[:, 0], np.arange(node_count + 1))
        self._degrees = np.diff(self._starts)

    def __getitem__(self, node: int) -> NDArray[np.int64]:
        """Return the neighbours of one node, ascending."""
        return self._targets[self._starts[node] : self._starts[node + 1]]

    def pairs(self) -> NDArray[np.int64]:
        """Return all pairs of neighbours, (m, 2), each both ways round."""
        return np.stack([np.repeat(np.arange(len(self._degrees)), self._degrees), self._targets], axis=1)

    def of_all(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the distinct neighbours of several nodes, ascending."""
        return np.unique(self._targets[concatenate_ranges(self._starts[nodes], self._degrees[nodes])])

    def linked(self) -> NDArray[np.bool_]:
        """Return for each node whether it has any neighbour."""
        return self.degrees() > 0

    def degrees(self) -> NDArray[np.int64]:
        """Return how many neighbours each node has."""
        return self._degrees


def find_components(node_count: int, pairs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Label each node of an undirected graph, given as (m, 2) pairs, with the smallest node of its connected component.

    Components say which images have to be ranked together; they are chains and never a duplicate group.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(node_count, node_count))
    labels = connected_components(graph, directed=False)[1]
    smallest = np.unique(labels, return_index=True)[1]
    return np.asarray(smallest[labels], dtype=np.int64)


def form_stars(
    rank: NDArray[np.integer],
    candidate_pairs: NDArray[np.integer],
    verify: Verify,
    who_joins: WhoJoins | None = None,
    tell_left_out: Callable[[int], None] = _ignore,
) -> NDArray[np.int64]:
    """Return for each of n nodes the centre of its star; a node alone is its own centre.

    rank: (n,) permutation of 0..n-1, 0 is kept first. candidate_pairs: (m, 2), undirected, in any order, verified only when
    a centre asks for them. The best node not yet in a star becomes a centre and takes those that pass and are in none. So
    every member has a pair with its centre.

    verify(centre, members) gets distinct nodes, ascending, and returns for each whether it is a duplicate of the
    centre. A centre first asks for its candidates, then for the candidates of those that passed: so a star is whole
    even where the candidate search linked its members to another node than the best. No pair is asked twice. There are
    at most two calls a centre and none for nodes without candidates; the pairs asked are at most the candidate pairs
    and, for each centre, the candidates of its verified candidates: n - 1 for n identical nodes that a star links. Of
    the candidates of a node that has been taken by another centre only so many are asked, see MAX_FRUITLESS;
    `tell_left_out` hears how many more there were, each time that some are left out.
    who_joins(centre, members), where given, says which of the nodes that could join a star do; the others stay free.
    """
    neighbours = Neighbours(len(rank), candidate_pairs)
    centre = np.arange(len(rank), dtype=np.int64)
    linked = neighbours.linked()
    asking = _Asking(neighbours, linked.copy(), verify, tell_left_out)
    nodes = np.flatnonzero(linked)
    for node in nodes[np.argsort(np.asarray(rank)[nodes], kind="stable")].tolist():
        if asking.free[node]:
            joining = asking.ask_two_hops(node)
            joining = who_joins(node, joining) if who_joins else joining
            centre[joining], asking.free[joining] = node, False
    return centre


class _Asking:
    """What centres have asked so far: who is free, and how often each taken node led to nobody."""

    def __init__(
        self, neighbours: Neighbours, free: NDArray[np.bool_], verify: Verify, tell_left_out: Callable[[int], None]
    ) -> None:
        self.free = free
        self._neighbours, self._verify, self._tell_left_out = neighbours, verify, tell_left_out
        self._is_centre = np.zeros(len(free), dtype=np.bool_)
        self._fruitless = np.where(neighbours.degrees() > FEW_NEIGHBOURS, 0, -len(free))

    def ask_two_hops(self, node: int) -> NDArray[np.int64]:
        """Return the free nodes that `verify` accepts for a new centre. Other centres were asked when they were chosen."""
        self.free[node], self._is_centre[node] = False, True
        first = self._neighbours[node]
        first = first[~self._is_centre[first]]
        passed = first[self._verify(node, first)] if len(first) else first
        leading = self._leading(passed)
        second = self._neighbours.of_all(leading)
        second = np.setdiff1d(second[self.free[second]], first, assume_unique=True)
        further = second[self._verify(node, second)] if len(second) else second
        if len(second) and not len(further):
            self._fruitless[leading[~self.free[leading]]] += 1
        joining = np.concatenate([passed, further])
        return np.asarray(joining[self.free[joining]], dtype=np.int64)

    def _leading(self, passed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the nodes that passed whose candidates are asked too."""
        exhausted = ~self.free[passed] & (self._fruitless[passed] >= MAX_FRUITLESS)
        if exhausted.any():
            self._tell_left_out(int(self._neighbours.degrees()[passed[exhausted]].sum()))
        return passed[~exhausted]


def find_namesakes(
    centre: NDArray[np.int64], created_at: NDArray[np.int64], path_place: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each image the row of the oldest member of its group, after which the group is named.

    centre: (n,) as `form_stars` returns it. created_at: (n,) microseconds; of equally old members the first by path,
    path_place: (n,) says which comes first. So a group keeps its name as newer images join it, and when another of its
    members becomes the kept one.
    """
    order = np.lexsort((path_place, created_at, centre))
    _centres, first, which = np.unique(centre[order], return_index=True, return_inverse=True)
    namesakes = np.empty_like(order)
    namesakes[order] = order[first][which]
    return namesakes
