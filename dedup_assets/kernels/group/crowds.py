"""Stars of contents that are near each other by their hashes, by asking: of n that show one picture n - 1 are asked about.

Belongs here: who asks whom, many stars at a time. Does not belong here: classes of equal hashes and which are near each other
(`kernels/candidates/`), the final stars, which know of people's words and other evidence too (`stars.py`).
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.group.stars import Neighbours, find_components

FIRST_QUESTIONS = 64
"""A centre asks its 64 nearest contents by colour, then twice as many as before while any passes. Pictures of one photograph
are nearer in colour than those of others, so that nothing is missed but by 64 others that are nearer still."""

NEIGHBOURHOODS_AT_ONCE = 1_000
"""So many put their questions together: enough to keep all processors at work, and little to hold."""

Nodes = NDArray[np.int64]
Pairs = NDArray[np.int64]
Talk = Generator[Pairs, NDArray[np.bool_], None]
"""Yields questions, pairs (m, 2) with the centre first, and is sent for each whether it passes."""


@dataclass(frozen=True)
class ClassGraph:
    """Contents 0..n-1 in their classes of equal hashes, (n,) int64 numbers, and the classes that are near each other."""

    class_of: NDArray[np.int64]
    near: Neighbours

    def neighbourhoods(self) -> NDArray[np.int64]:
        """The first content, (n,), of those to which a chain of near classes leads from each."""
        chains = find_components(len(self.near.degrees()), self.near.pairs())[self.class_of]
        _chains, first, which = np.unique(chains, return_index=True, return_inverse=True)
        return np.asarray(first[which], np.int64)


@dataclass(frozen=True)
class CrowdStars:
    """What asking came to: pairs that passed, (m, 2), centre first; and how many candidates were not asked about."""

    edges: Pairs
    left_out: int


def star_crowds(
    graph: ClassGraph, colours: NDArray[np.uint8], judge: Callable[[Pairs], NDArray[np.bool_]], place: NDArray[np.int64]
) -> CrowdStars:
    """Form stars of contents whose classes are equal or near.

    The content with the lowest place in no star becomes a centre, and asks the others in no star of its class and of the near
    ones, the nearest by colour first; then the candidates of those that passed. So n equal contents cost n - 1 questions, and
    what a centre rejects finds another. `judge` gets the questions of many neighbourhoods together; what is asked depends on
    the contents, their classes and places alone. Each class has contents. place: (n,),
    distinct. colours: (n, d) uint8, those of neighbourhoods of up to FIRST_QUESTIONS contents do not count.
    """
    asking = _Asking(graph, colours)
    waiting = map(asking.form_stars, _neighbourhoods(graph, place))
    talks: dict[Talk, Pairs] = {}
    edges = [np.empty((0, 2), np.int64)]
    while talks := talks | _begin(islice(waiting, NEIGHBOURHOODS_AT_ONCE - len(talks))):
        asked = np.concatenate(list(talks.values()))
        passed = judge(asked)
        edges.append(asked[passed])
        answers = np.split(passed, np.cumsum([len(pairs) for pairs in talks.values()])[:-1])
        talks = {
            talk: more
            for talk, answer in zip(talks, answers, strict=True)
            if (more := _go_on(talk, answer)) is not None
        }
    return CrowdStars(np.concatenate(edges), asking.left_out)


def _begin(talks: Iterator[Talk]) -> dict[Talk, Pairs]:
    """New talks with their first questions; each neighbourhood of two and more has one."""
    return {talk: next(talk) for talk in talks}


def _go_on(talk: Talk, answer: NDArray[np.bool_]) -> Pairs | None:
    try:
        return talk.send(answer)
    except StopIteration:
        return None


def _neighbourhoods(graph: ClassGraph, place: NDArray[np.int64]) -> Iterator[Nodes]:
    """The contents of each neighbourhood of two and more, the lowest place first."""
    labels = graph.neighbourhoods()
    order = np.lexsort((place, labels))
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    return (order[start : start + size] for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True))


class _Asking:
    """Talks about the contents of one neighbourhood each; counts the candidates that they left out."""

    def __init__(self, graph: ClassGraph, colours: NDArray[np.uint8]) -> None:
        self._graph, self._colours = graph, colours
        self._open = np.ones(len(graph.class_of), np.bool_)
        self._reached = np.zeros(len(graph.near.degrees()), np.bool_)
        self.left_out = 0

    def form_stars(self, free: Nodes) -> Talk:
        """Ask about contents that are in no star, the best first."""
        while len(free) > 1:
            centre, free = free[:1], free[1:]
            near = self._within_reach(centre, free)
            passed = yield from self._ask_nearest(centre, near)
            self._open[near] = False
            further = self._within_reach(passed, free[self._open[free]])
            joining = yield from self._ask_nearest(centre, further)
            self._open[near] = True
            self._open[passed] = self._open[joining] = False
            free = free[self._open[free]]

    def _within_reach(self, nodes: Nodes, others: Nodes) -> Nodes:
        """Those of the others whose class is that of one of some nodes, or near it."""
        classes = np.unique(self._graph.class_of[nodes])
        reached = np.concatenate([classes, self._graph.near.of_all(classes)])
        self._reached[reached] = True
        found = others[self._reached[self._graph.class_of[others]]]
        self._reached[reached] = False
        return found

    def _ask_nearest(self, centre: Nodes, others: Nodes) -> Generator[Pairs, NDArray[np.bool_], Nodes]:
        """The others that pass against a centre; once a whole round was rejected, the rest is left out."""
        passed, start, count = [others[:0]], 0, FIRST_QUESTIONS
        if len(others) > count:
            distance = np.abs(self._colours[others].astype(np.int16) - self._colours[centre].astype(np.int16)).sum(
                axis=1
            )
            others = others[np.lexsort((others, distance))]
        while start < len(others):
            asked = others[start : start + count]
            verdicts = yield np.stack([np.repeat(centre, len(asked)), asked], axis=1)
            passed.append(asked[verdicts])
            start, count = start + len(asked), 2 * count
            if not verdicts.any():
                break
        self.left_out += max(0, len(others) - start)
        return np.concatenate(passed)
