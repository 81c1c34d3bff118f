"""Groups of crowds: thousands of contents with equal or near hashes, of which all pairs would be too many to look at.

Belongs here: which classes of equal hashes are crowded, and stars of their contents, verified as they are asked for. Does
not belong here: classes and their links (`kernels/candidates/hash_classes.py`, `kernels/candidates/near_contents.py`), the
final stars (`stars.py`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import count_within_reach
from dedup_assets.kernels.group.stars import Neighbours, Verify, find_components
from dedup_assets.kernels.members import Members

MAX_LISTED = 64
"""Where more contents than this share or nearly share their hashes, pairs are not listed but asked for: below it the pairs
are at most 32 a content, which is what verification is fast enough for."""
FIRST_QUESTIONS = 64
"""A centre asks its 64 nearest contents by colour, then twice as many as before while any passes. Pictures of one photograph
are nearer in colour than those of others, so that nothing is missed but by 64 others that are nearer still."""


@dataclass(frozen=True)
class ClassGraph:
    """Contents 0..n-1 in their classes, and the classes that are near each other.

    class_of  (n,) int64 class numbers 0..c-1
    near      the classes linked to each class
    crowded   (c,) bool: more than MAX_LISTED contents are in the class and those linked to it
    """

    class_of: NDArray[np.int64]
    near: Neighbours
    crowded: NDArray[np.bool_]

    @classmethod
    def build(cls, class_of: NDArray[np.int64], class_count: int, links: NDArray[np.int64]) -> "ClassGraph":
        """Links are (m, 2) pairs of classes, each once; a class without contents counts for nothing."""
        sizes = np.bincount(class_of, minlength=class_count)
        apart = np.unique(np.sort(links[links[:, 0] != links[:, 1]], axis=1), axis=0)
        present = apart[(sizes[apart] > 0).all(axis=1)]
        crowded = (count_within_reach(sizes, present) > MAX_LISTED) & (sizes > 0)
        return cls(class_of, Neighbours(class_count, present), crowded)

    def is_of_a_crowd(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the two contents of each pair, (m, 2), are candidates of each other and one is in a crowded class."""
        classes = self.class_of[pairs]
        return self.crowded[classes].any(axis=1) & self.near.contains(classes)

    def neighbourhoods(self) -> NDArray[np.int64]:
        """A label for each content, (n,): the same where a chain of near classes leads from one to the other."""
        return np.asarray(find_components(len(self.crowded), self.near.pairs())[self.class_of], np.int64)

    def open_pairs(self) -> NDArray[np.int64]:
        """All candidate pairs (m, 2) of contents of which neither is in a crowded class."""
        members = Members(self.class_of, len(self.crowded))
        found = [np.empty((0, 2), np.int64)]
        for number in np.flatnonzero(~self.crowded & (members.sizes > 0)).tolist():
            own, near = members[number], self.near[number]
            others = [members[each] for each in near[(near > number) & ~self.crowded[near]]]
            found.append(own[np.stack(np.triu_indices(len(own), 1), axis=1)])
            found += [np.stack(np.meshgrid(own, other, indexing="ij"), axis=-1).reshape(-1, 2) for other in others]
        return np.concatenate(found)


@dataclass(frozen=True)
class CrowdStars:
    """What asking about crowds came to: pairs that passed, (m, 2), centre first; and how many candidates were not asked."""

    edges: NDArray[np.int64]
    left_out: int


def star_crowds(graph: ClassGraph, colours: NDArray[np.uint8], verify: Verify, place: NDArray[np.int64]) -> CrowdStars:
    """Form stars of the contents of crowded classes and of the classes next to them.

    The content with the lowest place in no star becomes a centre, and asks the others of its class and of the near ones that
    are in none, the nearest by colour first. So n equal contents cost n - 1 questions, and what a centre rejects finds another
    centre. The stars depend on the contents, their classes and places alone. colours, place: (n, d) uint8 and (n,), distinct;
    of crowded contents and those near them.
    """
    waiting = _Waiting(graph)
    edges, left_out = [np.empty((0, 2), np.int64)], 0
    for node in waiting.nodes[np.argsort(place[waiting.nodes])].tolist():
        if waiting.free[node]:
            waiting.free[node] = False
            others = waiting.candidates_of(node)
            passed, unasked = _ask_nearest(node, others, colours, verify)
            waiting.free[passed] = False
            edges.append(np.stack([np.full(len(passed), node), passed], axis=1))
            left_out += unasked
    return CrowdStars(np.concatenate(edges), left_out)


def concerned(graph: ClassGraph) -> NDArray[np.int64]:
    """The contents that crowds are about, ascending: those of crowded classes, and of the classes next to them."""
    wanted = graph.crowded.copy()
    wanted[graph.near.of_all(np.flatnonzero(graph.crowded))] = True
    return np.flatnonzero(wanted[graph.class_of])


class _Waiting:
    """The contents of each class that are in no star yet."""

    def __init__(self, graph: ClassGraph) -> None:
        self._graph = graph
        self.nodes = concerned(graph)
        self.free = np.zeros(len(graph.class_of), np.bool_)
        self.free[self.nodes] = True
        members = Members(graph.class_of, len(graph.crowded))
        numbers = np.unique(graph.class_of[self.nodes]).tolist()
        self._members = {number: members[number] for number in numbers}

    def candidates_of(self, node: int) -> NDArray[np.int64]:
        """Free contents that are candidates of one, where either is in a crowd, ascending."""
        own, crowded = int(self._graph.class_of[node]), self._graph.crowded
        near = self._graph.near[own]
        classes = [own, *near.tolist()] if crowded[own] else near[crowded[near]].tolist()
        for number in classes:
            members = self._members[number]
            self._members[number] = members[self.free[members]]
        return np.sort(np.concatenate([np.empty(0, np.int64), *(self._members[number] for number in classes)]))


def _ask_nearest(
    node: int, others: NDArray[np.int64], colours: NDArray[np.uint8], verify: Verify
) -> tuple[NDArray[np.int64], int]:
    """The contents that pass against a centre, ascending, and how many were left out once a whole round was rejected."""
    distance = np.abs(colours[others].astype(np.int16) - colours[node].astype(np.int16)).sum(axis=1, dtype=np.int32)
    nearest = others[np.argsort(distance, kind="stable")]
    passed, start, count = [np.empty(0, np.int64)], 0, FIRST_QUESTIONS
    while start < len(nearest):
        asked = np.sort(nearest[start : start + count])
        passed.append(asked[verify(node, asked)])
        start, count = start + len(asked), 2 * count
        if not len(passed[-1]):
            break
    return np.sort(np.concatenate(passed)), len(nearest) - start
