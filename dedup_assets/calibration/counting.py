"""How many pairs each value of each threshold lets through.

Belongs here: counts, kind by kind. Does not belong here: what the counts say (`curves.py`), how pairs were judged.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter

import numpy as np
from numpy.typing import NDArray

from dedup_assets.calibration.curves import UNRELATED, CurvePoint
from dedup_assets.calibration.hash_distances import HashDistances, join_distances
from dedup_assets.calibration.pair_judge import Verdicts
from dedup_assets.calibration.planting import PlantedPair
from dedup_assets.calibration.ranges import COSINES, HASHED, RANGES, VERIFIED, PresentPolicy
from dedup_assets.calibration.unrelated import SamplePairs
from dedup_assets.kernels.planted_kinds import Family


class PointCounter:
    """Counts along the values that are tried, the present policy among them."""

    def __init__(self, present: PresentPolicy) -> None:
        self._present, self._grids = present, present.grids(RANGES)

    def planted(self, pairs: Sequence[PlantedPair]) -> Iterator[CurvePoint]:
        """Points of planted pairs. Colour is unknown to hashes and vectors: what differs in it alone is left to verification."""
        kind_of = attrgetter("kind", "family")
        for (kind, family), found in groupby(sorted(pairs, key=kind_of), kind_of):
            own = list(found)
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
        for kind, found in groupby(sorted(judged, key=itemgetter(0)), itemgetter(0)):
            own = [verdicts for _, verdicts in found]
            yield from self._verified(kind, "different", own, len(own))

    def _hashed(self, kind: str, family: Family, distances: HashDistances) -> Iterator[CurvePoint]:
        limits = self._present.candidates.limits()
        for name in HASHED:
            passed = [distances.proposed(name, value, limits).sum() for value in self._grids[name]]
            yield from self._points(name, kind, family, len(distances.nearest), passed)

    def _near_by_vector(self, kind: str, family: Family, cosines: NDArray[np.float64]) -> Iterator[CurvePoint]:
        for name in COSINES:
            passed = [(cosines >= value).sum() for value in self._grids[name]]
            yield from self._points(name, kind, family, len(cosines), passed)

    def _verified(self, kind: str, family: Family, judged: Sequence[Verdicts], pairs: int) -> Iterator[CurvePoint]:
        for name in VERIFIED:
            passed = sum((each[name].astype(int) for each in judged), np.zeros(len(self._grids[name]), int))
            yield from self._points(name, kind, family, pairs, passed)

    def _points(self, name: str, kind: str, family: Family, pairs: int, passed: Iterable[int]) -> Iterator[CurvePoint]:
        present = self._present.values[name]
        for value, count in zip(self._grids[name], passed, strict=True):
            yield CurvePoint(name, value, value == present, kind, family, pairs, int(count))
