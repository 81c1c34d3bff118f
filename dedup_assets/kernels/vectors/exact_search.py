"""The nearest neighbours of each vector by cosine: exactly, and brought up to date when vectors come and go.

Here belongs the exact search, which sees nothing but vectors. The search among more than it can compare is in
`sign_search.py`, searches by hash are in `kernels/candidates/hamming_search.py`; whether two near vectors show one
picture is decided elsewhere.
"""

from collections.abc import Callable, Sized
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

ASKED_BLOCK, VECTOR_BLOCK = 1024, 8192
"""Rows of one product: 32 MB of cosines at a time."""
FOUND_AT_ONCE = 1 << 19
"""Entries that faiss is asked for at a time: 6 MB, and 32 MB of the vectors that ask."""
SPARE = 5
"""Entries asked for beyond a full list, so that the last one lies clearly behind it; where it does not, more are asked for."""
COSINE_SLACK = 1e-4
"""Products of float32 blocks differ in the last digits with the shape of the block; the exact cosine decides afterwards."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Vectors = TypeVar("Vectors", bound=Sized)


class Nearest(NamedTuple):
    """The lists of nearest neighbours of some vectors: (m,) entries, by row, then from near to far, then by neighbour.

    rows     int64, whose list it is
    others   int64, the neighbour; never the row itself
    cosines  float32, high is alike
    """

    rows: Rows
    others: Rows
    cosines: Floats

    def take(self, entries: NDArray[np.integer] | NDArray[np.bool_]) -> "Nearest":
        """Some entries, by number or by a mask."""
        return Nearest(self.rows[entries], self.others[entries], self.cosines[entries])


class Searching(NamedTuple, Generic[Vectors]):
    """How lists are found, the same for all.

    find           the lists of asked rows: (vectors, asked, count, min_cosine)
    find_entering  which new rows enter the lists of standing ones, from the floor of each row on:
                   (vectors, new, standing, floors, count, min_cosine)
    """

    find: Callable[[Vectors, Rows, int, float], Nearest]
    find_entering: Callable[[Vectors, Rows, Rows, Floats, int, float], Nearest]


def find_nearest(vectors: Floats, asked: Rows, count: int, min_cosine: float) -> Nearest:
    """The `count` nearest other vectors of each asked one, of those whose cosine similarity is at least `min_cosine`.

    Exact, by faiss (Johnson et al. 2019) and again in float64; of equally near ones those of lower row. A list depends on
    nothing but which vectors there are and their order: not on what else is asked, on threads or on blocks.

    Args:
        vectors: (n, d) float32, L2-normalised.
        asked: (q,) int64, distinct rows of `vectors`.
        count: neighbours a list at most, at least 1.
        min_cosine: inclusive, in [-1, 1].

    Returns:
        The lists of the asked rows. Takes 2 q n d floating-point operations, and about 100 MB beyond the answer.

    Raises:
        ValueError: vectors of another shape.
    """
    if vectors.ndim != 2:
        raise ValueError(f"vectors must be (n, d), not {vectors.shape}")
    return cut_lists(_find_some(vectors, asked, count, min_cosine, count + 1 + SPARE), count)


def update_nearest(
    vectors: Vectors, known: Nearest, place: Rows, count: int, min_cosine: float, by: Searching[Vectors]
) -> Nearest:
    """What a search says of all vectors, from what it said before some of them came and others went.

    Looked at anew are vectors that came, and those whose full list lost a member, for nobody knows who stood behind it.
    Every other list can only be entered by one that came, and only from its last cosine on.

    Args:
        vectors: those there are now, as the search takes them.
        known: the lists of all of the (m, d) vectors before, by their rows then, under the same count and limit.
        place: (m,) int64, where each of them stands now, -1 where it is gone. Their order is the same.
        count: neighbours a list at most, as before.
        min_cosine: inclusive, as before.
        by: the search, as before: `EXACT`, or another.

    Raises:
        ValueError: the vectors before are not in the same order now.
    """
    present = place[place >= 0]
    if (np.diff(present) <= 0).any():
        raise ValueError("known vectors must stand in the same order as before")
    sizes, alive = _sizes(known.rows, len(place)), (place[known.rows] >= 0) & (place[known.others] >= 0)
    broken = (sizes >= count) & (_sizes(known.rows[alive], len(place)) < sizes)
    is_new, is_asked = np.ones((2, len(vectors)), np.bool_)
    is_new[present] = False
    is_asked[place[(place >= 0) & ~broken]] = False
    kept = alive & ~broken[known.rows]
    lists = Nearest(place[known.rows[kept]], place[known.others[kept]], known.cosines[kept])
    floors = _last_cosines(lists, len(vectors), count, min_cosine)
    new, standing, asked = (np.flatnonzero(each) for each in (is_new, ~is_asked, is_asked))
    entering = by.find_entering(vectors, new, standing, floors, count, min_cosine)
    return cut_lists([lists, entering, by.find(vectors, asked, count, min_cosine)], count)


def cut_lists(parts: list[Nearest], count: int) -> Nearest:
    """The lists of several parts in one, each with its `count` nearest; no entry may stand in two parts."""
    found = _join(parts)
    found = found.take(np.lexsort((found.others, -found.cosines, found.rows)))
    return found.take(np.arange(len(found.rows)) - np.searchsorted(found.rows, found.rows) < count)


def pair_neighbours(lists: Nearest) -> Nearest:
    """Pairs of which at least one end has the other in its list, each once with the lower row first, sorted by both."""
    both = Nearest(np.minimum(lists.rows, lists.others), np.maximum(lists.rows, lists.others), lists.cosines)
    both = both.take(np.lexsort((both.others, both.rows)))
    first = np.ones(len(both.rows), np.bool_)
    first[1:] = (both.rows[1:] != both.rows[:-1]) | (both.others[1:] != both.others[:-1])
    return both.take(first)


def exact_cosines(vectors: Floats, rows: Rows, others: Rows) -> Floats:
    """Row by row in float64, rounded once: the same from either side and however blocks are cut."""
    out = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), VECTOR_BLOCK):
        part = slice(start, start + VECTOR_BLOCK)
        out[part] = (vectors[rows[part]].astype(np.float64) * vectors[others[part]]).sum(axis=1)
    return out


def _find_some(vectors: Floats, asked: Rows, count: int, min_cosine: float, depth: int) -> list[Nearest]:
    """The lists of some rows from the `depth` first that faiss finds; from more of them where these leave a list open.

    A list is closed once nobody behind what was found can belong to it, whatever the last digits of a product are.
    """
    import faiss

    depth, parts = min(depth, len(vectors)), []
    rows_at_once = max(1, FOUND_AT_ONCE // max(1, depth))
    for start in range(0, len(asked), rows_at_once):
        some = asked[start : start + rows_at_once]
        products, found = faiss.knn(vectors[some], vectors, depth, metric=faiss.METRIC_INNER_PRODUCT)
        rows, others = np.repeat(some, depth), found.ravel()
        cosines = exact_cosines(vectors, rows, others)
        near = (others != rows) & (cosines >= np.float32(min_cosine))
        lists = cut_lists([Nearest(rows[near], others[near], cosines[near])], count)
        last = _last_cosines(lists, len(vectors), count, min_cosine)[some]
        is_open = (products[:, -1] + COSINE_SLACK >= last) & (depth < len(vectors))
        parts.append(lists.take(~np.isin(lists.rows, some[is_open])))
        parts += _find_some(vectors, some[is_open], count, min_cosine, 4 * depth)
    return parts


def _find_entering(
    vectors: Floats, new: Rows, standing: Rows, floors: Floats, count: int, min_cosine: float
) -> Nearest:
    """Entries (standing, new) of at least the floor of the standing one, which is never under `min_cosine`."""
    parts = []
    for first in range(0, len(new), ASKED_BLOCK):
        some = new[first : first + ASKED_BLOCK]
        for start in range(0, len(standing), VECTOR_BLOCK):
            there = standing[start : start + VECTOR_BLOCK]
            block = vectors[some] @ vectors[there].T
            rows, others = np.nonzero(block >= floors[there] - np.float32(COSINE_SLACK))
            come, known = some[rows], there[others]
            cosines = exact_cosines(vectors, known, come)
            parts.append(Nearest(known, come, cosines).take(cosines >= floors[known]))
    return cut_lists(parts, count)


EXACT = Searching(find_nearest, _find_entering)


def _last_cosines(lists: Nearest, row_count: int, count: int, min_cosine: float) -> Floats:
    """From which cosine on another vector enters the list of each row: its last one, the limit where it is not full."""
    floors = np.full(row_count, min_cosine, np.float32)
    full = _sizes(lists.rows, row_count) >= count
    lowest = np.full(row_count, np.inf, np.float32)
    np.minimum.at(lowest, lists.rows, lists.cosines)
    floors[full] = lowest[full]
    return floors


def _join(parts: list[Nearest]) -> Nearest:
    """The entries of all parts, as they come."""
    return Nearest(
        np.concatenate([np.empty(0, np.int64), *(part.rows for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.others for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.cosines for part in parts)]),
    )


def _sizes(rows: Rows, count: int) -> Rows:
    return np.bincount(rows, minlength=count)
