"""The verdict on one pair as a function of each threshold, from as few verifications as it takes.

Belongs here: finding out which scores a verdict was compared with, and so where it can change at all. Does not belong
here: the tests themselves (`kernels/verify/cascade.py`), which are run as they are and know nothing of this.

A threshold does nothing but be compared with scores. As long as another value compares alike with every score that met
it, the cascade takes the same way and ends in the same verdict. So the cascade runs again only for values on the other
side of a score that was seen: mostly never, rarely twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.thresholds import VerificationThresholds

Judge = Callable[[VerificationThresholds], bool]
Grids = Mapping[str, Sequence[float]]
Scores = float | NDArray[Any]
"""What a threshold is compared with: one score, or those of many frames at once."""


class WatchedThreshold(float):
    """A number that remembers everything it was compared with."""

    __array_ufunc__ = None
    """Makes NumPy's numbers leave a comparison with this one to this one."""

    def __init__(self, value: float) -> None:
        self.scores: list[float] = []

    def __lt__(self, other: Scores) -> Any:
        return self._noted(other) < other

    def __le__(self, other: Scores) -> Any:
        return self._noted(other) <= other

    def __gt__(self, other: Scores) -> Any:
        return self._noted(other) > other

    def __ge__(self, other: Scores) -> Any:
        return self._noted(other) >= other

    def _noted(self, other: Scores) -> float:
        self.scores += np.ravel(other).tolist()
        return float(self)


@dataclass(frozen=True, slots=True)
class _Run:
    """One verification: the value that a threshold had, the scores that met it, and the verdict."""

    value: float
    scores: tuple[float, ...]
    verdict: bool

    def holds_at(self, value: float) -> bool:
        """Whether a run at another value compares alike with every score, and so ends alike."""
        return all(np.sign(score - self.value) == np.sign(score - value) for score in self.scores)


def verdict_steps(judge: Judge, present: VerificationThresholds, grids: Grids) -> dict[str, NDArray[np.bool_]]:
    """Verdicts along the values of each threshold, the others at the present policy: equal to judging at each of them.

    `judge` verifies one pair under given thresholds. Returns (n,) bool for the n values of each threshold in `grids`.
    """
    first = _run(judge, present, {name: getattr(present, name) for name in grids})
    return {name: _along(judge, present, name, grids[name], first[name]) for name in grids}


def _run(judge: Judge, present: VerificationThresholds, values: Mapping[str, float]) -> dict[str, _Run]:
    """One verification with some thresholds at given values, as each of these saw it."""
    watched = {name: WatchedThreshold(value) for name, value in values.items()}
    verdict = judge(present.model_copy(update=watched))
    return {name: _Run(values[name], tuple(seen.scores), verdict) for name, seen in watched.items()}


def _along(
    judge: Judge, present: VerificationThresholds, name: str, values: Sequence[float], first: _Run
) -> NDArray[np.bool_]:
    runs = [first]
    verdicts = []
    for value in values:
        known = next((run for run in runs if run.holds_at(value)), None)
        if known is None:
            known = _run(judge, present, {name: value})[name]
            runs.append(known)
        verdicts.append(known.verdict)
    return np.array(verdicts, np.bool_)
