"""Copies of known kind and strength of one image, and what becomes of each at every value of every threshold.

Belongs here: which image gets which edits, and following each planted pair through the line. Does not belong here: what an
edit does (`kernels/planted_edits.py`), pairs of different pictures (`unrelated.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.calibration.hash_distances import HashDistances, measure_distances
from dedup_assets.calibration.pair_judge import KnownImage, PairJudge, proposed_transform
from dedup_assets.calibration.sampling import SampledImage
from dedup_assets.calibration.seeing import cosines_with, describe_planted, embed_all, hash_all
from dedup_assets.calibration.thresholds import VERIFIED, PresentPolicy
from dedup_assets.calibration.verdict_steps import verdict_steps
from dedup_assets.kernels.candidates.near_contents import HashedContents
from dedup_assets.kernels.describe.description import ImageDescription
from dedup_assets.kernels.planted_edits import PLANTED_EDITS, Family, Picture, PlantedEdit
from dedup_assets.kernels.verify.cascade import UNKNOWN

MIN_COLOUR_LEVELS = 3
"""Between the strongest and the weakest channel, in the mean: of 622 photographs six have none, all others 3.7 or more."""

Verdicts = Mapping[str, NDArray[np.bool_]]
"""For each threshold of verification, the verdict at each of its values."""


@dataclass(frozen=True)
class PlantedPair:
    """An image and an edited copy of it.

    distances  of their hashes, one row
    cosine     of their vectors, -1 without one; None where the line would not look at vectors
    verdicts   whether the pair ends as a duplicate, the candidates as the present policy proposes them
    """

    kind: str
    family: Family
    distances: HashDistances
    cosine: float | None
    verdicts: Verdicts


def edits_of(number: int, edits_per_image: int) -> list[PlantedEdit]:
    """The edits of the image of this number in the sample: all kinds in turn, so that each is planted equally often."""
    first = number * edits_per_image
    return [PLANTED_EDITS[place % len(PLANTED_EDITS)] for place in range(first, first + edits_per_image)]


def has_colour(picture: Picture) -> bool:
    """Whether a (h, w, 3) RGB picture has any colour: one without stays the same however its hues are turned."""
    return bool(np.ptp(picture, axis=2).mean() >= MIN_COLOUR_LEVELS)


class Planter:
    """Plants edits in images and follows them through the present policy."""

    def __init__(self, present: PresentPolicy, edits_per_image: int) -> None:
        self._present, self._edits_per_image = present, edits_per_image
        self._grids = present.grids(VERIFIED)
        self._thresholds = present.verification.thresholds()

    def plant(self, number: int, original: SampledImage, vector: NDArray[np.float32]) -> list[PlantedPair]:
        """The planted pairs of one image of the sample, whose own vector (d,) is given."""
        hashes, known = hash_all([original.description]), KnownImage(original.description)
        return [
            self._follow(edit, describe_planted(edit.apply(original.picture)), hashes, known, vector)
            for edit in edits_of(number, self._edits_per_image)
            if edit.family != "different" or has_colour(original.picture)
        ]

    def _follow(
        self,
        edit: PlantedEdit,
        copy: ImageDescription,
        hashes: HashedContents,
        known: KnownImage,
        vector: NDArray[np.float32],
    ) -> PlantedPair:
        limits, row = self._present.candidates.limits(), np.zeros(1, np.int64)
        own = hash_all([copy])
        transform = proposed_transform(hashes, own, limits)
        cosine = None
        if transform is None or edit.family != "near":
            cosine = float(cosines_with(embed_all([copy], self._present.embedder), vector)[0])
        if transform is None and cosine is not None and cosine >= self._present.min_copy_cosine:
            transform = UNKNOWN
        distances = measure_distances(hashes, row, own, row, limits)
        return PlantedPair(edit.name, edit.family, distances, cosine, self._verdicts(known, copy, transform))

    def _verdicts(self, known: KnownImage, copy: ImageDescription, transform: str | None) -> Verdicts:
        if transform is None:
            return {name: np.zeros(len(grid), np.bool_) for name, grid in self._grids.items()}
        return verdict_steps(PairJudge(known, KnownImage(copy), transform), self._thresholds, self._grids)
