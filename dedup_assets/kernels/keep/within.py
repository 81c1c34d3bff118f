"""Statistics within components: each row against the others of its label, for millions of rows at once.

Here belongs arithmetic over labelled rows only; what it says about pictures stands where it is used.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Values = NDArray[np.float64]


def least_within(values: Values, component: Labels) -> Values:
    """Return for each row the smallest value of its component. Any labels; no NaN."""
    names, which = np.unique(component, return_inverse=True)
    least = np.full(len(names), np.inf)
    np.minimum.at(least, which, values)
    return np.asarray(least[which])


def median_within(values: Values, component: Labels) -> Values:
    """Return for each row the median of its component; of an even number, the mean of the middle two."""
    order = np.lexsort((values, component))
    starts, which = _runs(component[order])
    sizes = np.diff(np.append(starts, len(order)))
    ordered = values[order]
    medians = (ordered[starts + (sizes - 1) // 2] + ordered[starts + sizes // 2]) / 2
    result = np.empty(len(values))
    result[order] = medians[which]
    return result


def count_within(component: Labels) -> NDArray[np.int64]:
    """Return for each row how many rows its component has."""
    _, which, counts = np.unique(component, return_inverse=True, return_counts=True)
    return np.asarray(counts[which])


def place_within(values: NDArray[np.int64], component: Labels) -> NDArray[np.int64]:
    """Return for each row its place in its component by ascending value, from 0; distinct values."""
    order = np.lexsort((values, component))
    starts, which = _runs(component[order])
    places = np.empty_like(order)
    places[order] = np.arange(len(order)) - starts[which]
    return places


def least_among_smaller(values: Values, sizes: Values, share: float, component: Labels) -> Values:
    """Return for each row the smallest value among rows of its component at most `share` times its size; inf if none.

    values: finite. sizes: > 0. Sorted by size within components, a running minimum gives the answer for each row.
    """
    logs = np.log(sizes)
    order = np.lexsort((logs, component))
    _, which = _runs(component[order])
    spread = float(np.ptp(logs)) + 1 if len(logs) else 1.0
    place = which * (2 * spread) + (logs[order] - logs.min(initial=0))
    at = np.searchsorted(place, place + np.log(share), side="right") - 1
    lift = (np.ptp(values) + 1 if len(values) else 1.0) * which
    running = np.minimum.accumulate(values[order] - lift) + lift
    exists = (at >= 0) & (which[at] == which)
    result = np.empty(len(values))
    result[order] = np.where(exists, running[at], np.inf)
    return result


def whole_components(component: Labels, rows_at_once: int) -> Iterator[NDArray[np.int64]]:
    """Deal out all rows by whole components, each time at least `rows_at_once` as long as there are so many; ascending."""
    order = np.argsort(component, kind="stable")
    ends = np.append(_runs(component[order])[0], len(order))
    begin = 0
    while begin < len(order):
        end = int(ends[min(int(np.searchsorted(ends, begin + rows_at_once)), len(ends) - 1)])
        yield np.sort(order[begin:end])
        begin = end


def _runs(ordered: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where runs of equal labels start, and the number of the run of each row."""
    begins = np.ones(len(ordered), dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    return np.flatnonzero(begins), np.cumsum(begins) - 1
