"""What was counted at each value of each threshold, and what that says.

Belongs here: counts as points of a curve, shares and their bounds, and the comparison of two values. Does not belong here:
counting (`measuring.py`), drawing (`report/plots.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dedup_assets.kernels.planted_kinds import Family

CONFIDENCE = 0.95
UNRELATED = "unrelated pairs"
FAMILIES: tuple[Family, ...] = ("near", "turned", "copy", "different")
PER_MILLION = 1_000_000
ENDS_AS_DUPLICATE = "min_overlap"
"""As any threshold of verification does, at its present value it lets through what ends as a duplicate."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """How many pairs of one kind were let through at one value of one threshold, the others at the present policy.

    Pairs of family `different` show different pictures: each that is let through is false, or, by hashes and vectors
    alone, looked at in vain. All others show the same picture, and each that is let through was found.
    """

    threshold: str
    value: float
    is_present: bool
    kind: str
    family: Family
    pairs: int
    passed: int

    @property
    def share(self) -> float:
        """Share of the pairs that were let through, 0..1: the recall, where they show the same picture."""
        return self.passed / self.pairs if self.pairs else float("nan")

    @property
    def per_million_at_most(self) -> float:
        """With 95 % confidence no more than so many of a million such pairs are let through."""
        return PER_MILLION * upper_bound(self.passed, self.pairs)


def upper_bound(passed: int, pairs: int) -> float:
    """The one-sided 95 % bound on a share of which `passed` of `pairs` were seen (Clopper & Pearson 1934).

    For none of n it is 1 - 0.05^(1/n), about 3/n. It takes pairs for independent, which pairs of one sample are not quite.
    """
    from scipy.stats import beta

    return float(beta.ppf(CONFIDENCE, passed + 1, pairs - passed)) if passed < pairs else 1.0


def family_total(points: Iterable[CurvePoint], family: Family) -> CurvePoint | None:
    """All kinds of a family together, at one value of one threshold; None without any.

    The unrelated pairs of the sample, which are many and easy, are not counted among the planted ones that are different.
    """
    own = [point for point in points if point.family == family and point.kind != UNRELATED and point.pairs]
    if not own:
        return None
    first = own[0]
    counts = sum(point.pairs for point in own), sum(point.passed for point in own)
    return CurvePoint(first.threshold, first.value, first.is_present, f"all {family}", family, *counts)


def kinds_at_present(points: Iterable[CurvePoint]) -> list[CurvePoint]:
    """How many pairs of each kind end as duplicates under the present policy, family by family."""
    own = [point for point in points if point.is_present and point.threshold == ENDS_AS_DUPLICATE]
    return sorted(own, key=lambda point: FAMILIES.index(point.family))


def curve_of(points: Sequence[CurvePoint], threshold: str) -> dict[float, list[CurvePoint]]:
    """The points of one threshold by their value, in order."""
    own = [point for point in points if point.threshold == threshold]
    return {value: [point for point in own if point.value == value] for value in sorted({point.value for point in own})}


def found_and_false(points: Iterable[CurvePoint]) -> tuple[int, int]:
    """Pairs of the same picture and pairs of different pictures that were let through at one value."""
    listed = list(points)
    found = sum(point.passed for point in listed if point.family != "different")
    return found, sum(point.passed for point in listed if point.family == "different")


def better_value(points: Sequence[CurvePoint], threshold: str) -> float | None:
    """The value that finds more and lets no more through, or finds as much and lets less through; None if none does.

    Of several, the one that lets least through, then the one that finds most, then the one nearest to the present.
    """
    curve = curve_of(points, threshold)
    present = next(value for value, own in curve.items() if own[0].is_present)
    found, false = found_and_false(curve[present])
    counts = {value: found_and_false(own) for value, own in curve.items()}
    better = [
        (rival_false, -rival_found, abs(value - present), value)
        for value, (rival_found, rival_false) in counts.items()
        if (rival_found, rival_false) != (found, false) and rival_found >= found and rival_false <= false
    ]
    return min(better)[-1] if better else None
