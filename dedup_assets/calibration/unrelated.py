"""Pairs of different pictures: all pairs of the sample by hash and vector, and the hardest of them by verification.

Belongs here: which pairs of a sample are looked at, and setting aside those that show the same picture after all. Does not
belong here: planted pairs (`planting.py`).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedup_assets.calibration.hash_distances import NEVER, HashDistances, measure_distances
from dedup_assets.calibration.lookalikes import LOOKALIKES
from dedup_assets.calibration.pair_judge import Verdicts, judge_along, proposed_transform
from dedup_assets.calibration.ranges import PresentPolicy
from dedup_assets.calibration.seeing import describe_planted, hash_all, verifiable
from dedup_assets.embedders.protocol import Vectors
from dedup_assets.kernels.candidates.near_contents import find_candidate_pairs
from dedup_assets.kernels.describe.description import ImageDescription
from dedup_assets.kernels.planted_edits import jpeg
from dedup_assets.kernels.transforms import TRANSFORMS
from dedup_assets.kernels.verify.cascade import UNKNOWN
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail

NEAREST_BY_HASH, NEAREST_BY_VECTOR = 0.5, 1.5
"""Hardest pairs an image of the sample; of 500 images these are all that the present policy looks at, and as many again."""
LOOKALIKES_OF_A_KIND = 60
KNOWN_AT_ONCE = 256
"""Pictures kept with their local features, 0.2 MB each."""

Ends = tuple[int, int]
"""Two images of the sample by their numbers, the lower first."""


class SamplePairs:
    """All pairs of the n different contents of a sample, each once: m = n (n - 1) / 2."""

    def __init__(self, descriptions: Sequence[ImageDescription], vectors: Vectors, present: PresentPolicy) -> None:
        self._descriptions, self._present = descriptions, present
        self.hashes = hash_all(descriptions)
        left, right = np.triu_indices(len(descriptions), 1)
        self.left, self.right = left.astype(np.int64), right.astype(np.int64)
        self.distances: HashDistances = measure_distances(
            self.hashes, self.left, self.hashes, self.right, present.candidates.limits()
        )
        known = np.where(np.isfinite(vectors), vectors, 0.0).astype(np.float64)
        has_vector = np.asarray(np.isfinite(vectors).all(axis=1), np.bool_)
        cosines = (known @ known.T)[self.left, self.right]
        self.cosines: NDArray[np.float64] = np.where(has_vector[self.left] & has_vector[self.right], cosines, -1.0)
        self._known = lru_cache(KNOWN_AT_ONCE)(lambda number: verifiable(descriptions[number]))

    def candidates(self) -> dict[Ends, str]:
        """The pairs that the present policy would verify, and under which transform."""
        found = find_candidate_pairs(self.hashes, self.hashes, self._present.candidates.limits())
        numbers = np.column_stack([found.query, found.other, found.transform]).tolist()
        by_hash = {(left, right): TRANSFORMS[transform] for left, right, transform in numbers}
        near = self.cosines >= self._present.values["min_copy_cosine"]
        return dict.fromkeys(self._ends(np.flatnonzero(near)), UNKNOWN) | by_hash

    def hardest(self) -> dict[Ends, str]:
        """The nearest pairs by hash, under the transform that is nearest, and the nearest by vector, under any; sorted."""
        count = len(self._descriptions)
        candidates = self.candidates()
        by_vector = np.argsort(-self.cosines, kind="stable")[: round(NEAREST_BY_VECTOR * count)]
        by_hash = np.argsort(self.distances.nearest, kind="stable")[: round(NEAREST_BY_HASH * count)]
        by_hash = by_hash[self.distances.nearest[by_hash] < NEVER]
        transforms = [TRANSFORMS[number] for number in self.distances.transform[by_hash].tolist()]
        proposed = {ends: transform for ends, transform in candidates.items() if transform != UNKNOWN}
        chosen = dict.fromkeys(self._ends(by_vector[self.cosines[by_vector] > -1]), UNKNOWN)
        chosen |= dict(zip(self._ends(by_hash), transforms, strict=True)) | proposed
        return dict(sorted(chosen.items()))

    def judge(self, ends: Ends, transform: str) -> Verdicts:
        """The verdicts on a pair at every value of every threshold."""
        return judge_along(self._present, self._known(ends[0]), self._known(ends[1]), transform)

    def _ends(self, rows: NDArray[np.int64]) -> list[Ends]:
        return list(zip(self.left[rows].tolist(), self.right[rows].tolist(), strict=True))


def same_pictures(pairs: Iterable[Ends], count: int) -> NDArray[np.int64]:
    """For each of `count` images the lowest number among those that accepted pairs connect it with: (count,)."""
    first = np.arange(count, dtype=np.int64)
    for left, right in pairs:
        one, other = sorted((first[left], first[right]))
        first[first == other] = one
    return first


def lookalikes_of(images: int) -> list[tuple[str, int]]:
    """The pairs that are made of a sample: their kinds, and the first image of the four different ones that each takes."""
    count = min(images, LOOKALIKES_OF_A_KIND) if images >= 4 else 0
    return [(kind, number) for kind in LOOKALIKES for number in range(count)]


def judge_lookalike(
    descriptions: Sequence[ImageDescription], present: PresentPolicy, kind: str, number: int
) -> tuple[str, Verdicts]:
    """The kind and the verdicts of a pair that agrees in part, as hashes propose it, or else as if vectors had."""
    four = [descriptions[(number + step) % len(descriptions)] for step in range(4)]
    made = LOOKALIKES[kind]([decode_thumbnail(description.thumbnail) for description in four])
    left, right = (describe_planted(jpeg(picture)) for picture in made)
    transform = proposed_transform(hash_all([left]), hash_all([right]), present.candidates.limits()) or UNKNOWN
    return kind, judge_along(present, verifiable(left), verifiable(right), transform)
