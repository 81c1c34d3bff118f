"""How many pairs each value of each threshold lets through.

Belongs here: counts, kind by kind. Does not belong here: what the counts say (`curves.py`), how pairs were judged.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dedup_assets.calibration.curves import UNRELATED, CurvePoint
from dedup_assets.calibration.hash_distances import HashDistances, join_distances
from dedup_assets.calibration.planting import PlantedPair, Verdicts
from dedup_assets.calibration.thresholds import COSINES, HASHED, VERIFIED, PresentPolicy
from dedup_assets.calibration.unrelated import SamplePairs
from dedup_assets.kernels.planted_edits import Family

PassedAt = Callable[[str, float], int]
"""How many pairs pass at a value of a threshold."""


class PointCounter:
    """Counts along the values that are tried, the present policy among them."""

    def __init__(self, present: PresentPolicy) -> None:
        self._present = present

    def planted(self, pairs: Sequence[PlantedPair]) -> Iterator[CurvePoint]:
        """Points of planted pairs. Colour is unknown to hashes and vectors: what differs in it alone is left to verification."""
        kinds: defaultdict[tuple[str, Family], list[PlantedPair]] = defaultdict(list)
        for pair in pairs:
            kinds[pair.kind, pair.family].append(pair)
        for (kind, family), own in sorted(kinds.items()):
            if family != "different":
                yield from self._hashed(kind, family, join_distances([pair.distances for pair in own]))
                cosines = [pair.cosine for pair in own if pair.cosine is not None]
                if len(cosines) == len(own):
                    yield from self._near_by_vector(kind, family, np.array(cosines))
            yield from self._verified(kind, family, [pair.verdicts for pair in own], len(own))

    def unrelated(
        self, pairs: SamplePairs, chosen: NDArray[np.bool_], judged: Sequence[Verdicts]
    ) -> Iterator[CurvePoint]:
        """Points of the pairs of a sample that are `chosen` (m,); those among them that were not `judged` are taken as rejected."""
        yield from self._hashed(UNRELATED, "different", pairs.distances.take(chosen))
        yield from self._near_by_vector(UNRELATED, "different", pairs.cosines[chosen])
        yield from self._verified(UNRELATED, "different", judged, int(chosen.sum()))

    def lookalikes(self, judged: Iterable[tuple[str, Verdicts]]) -> Iterator[CurvePoint]:
        """Points of pairs that agree in part."""
        kinds: defaultdict[str, list[Verdicts]] = defaultdict(list)
        for kind, verdicts in judged:
            kinds[kind].append(verdicts)
        for kind, own in sorted(kinds.items()):
            yield from self._verified(kind, "different", own, len(own))

    def _hashed(self, kind: str, family: Family, distances: HashDistances) -> Iterator[CurvePoint]:
        limits = self._present.candidates.limits()

        def passed(name: str, value: float) -> int:
            return int(distances.proposed(name, value, limits).sum())

        yield from self._points(HASHED, kind, family, len(distances.nearest), passed)

    def _near_by_vector(self, kind: str, family: Family, cosines: NDArray[np.float64]) -> Iterator[CurvePoint]:
        yield from self._points(COSINES, kind, family, len(cosines), lambda _, value: int((cosines >= value).sum()))

    def _verified(self, kind: str, family: Family, judged: Sequence[Verdicts], pairs: int) -> Iterator[CurvePoint]:
        grids = self._present.grids(VERIFIED)
        sums = {name: _sum(judged, name, len(grid)) for name, grid in grids.items()}
        yield from self._points(VERIFIED, kind, family, pairs, lambda name, value: sums[name][grids[name].index(value)])

    def _points(
        self, names: Sequence[str], kind: str, family: Family, pairs: int, passed: PassedAt
    ) -> Iterator[CurvePoint]:
        present: Mapping[str, float] = self._present.values
        for name, grid in self._present.grids(names).items():
            for value in grid:
                yield CurvePoint(name, value, value == present[name], kind, family, pairs, passed(name, value))


def _sum(judged: Sequence[Verdicts], name: str, length: int) -> list[int]:
    counts = np.zeros(length, np.int64)
    for verdicts in judged:
        counts += verdicts[name]
    return [int(count) for count in counts]
