"""Copies of known kind and strength of one image, and what becomes of each at every value of every threshold.

Belongs here: which image gets which edits, and following each planted pair through the line. Does not belong here: what an
edit does (`kernels/planted_kinds.py`), pairs of different pictures (`unrelated.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup_assets.calibration.hash_distances import HashDistances, measure_distances
from dedup_assets.calibration.pair_judge import Verdicts, judge_along, proposed_transform
from dedup_assets.calibration.ranges import VERIFIED, PresentPolicy
from dedup_assets.calibration.sampling import SampledImage
from dedup_assets.calibration.seeing import cosine_of, describe_planted, embed_all, hash_all, verifiable
from dedup_assets.kernels.candidates.near_contents import HashedContents
from dedup_assets.kernels.planted_edits import Picture
from dedup_assets.kernels.planted_kinds import PLANTED_EDITS, RECOLOURED, Family, Maker, PlantedEdit
from dedup_assets.kernels.verify.cascade import UNKNOWN, VerifiableImage

MIN_COLOUR_LEVELS = 3
"""Between the strongest and the weakest channel, in the mean: of 622 photographs six have none, all others 3.7 or more."""


@dataclass(frozen=True)
class PlantedPair:
    """An image, or a file made of it, and an edited copy.

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


def plant(
    present: PresentPolicy, edits: Sequence[PlantedEdit], original: SampledImage, vector: NDArray[np.float32]
) -> list[PlantedPair]:
    """The planted pairs of one image of the sample, whose own vector (d,) is given."""
    whole = _Base(hash_all([original.description]), verifiable(original.description), vector)
    makers = {edit.base for edit in edits if edit.base}
    bases = {None: whole} | {make: _make_base(present, make, original.picture) for make in makers}
    return [
        _follow(present, edit, bases[edit.base], original.picture)
        for edit in edits
        if edit.name != RECOLOURED or has_colour(original.picture)
    ]


class _Base(NamedTuple):
    """What a copy is compared with: hashes of one row, what verification sees, and the vector (d,)."""

    hashes: HashedContents
    image: VerifiableImage
    vector: NDArray[np.float32]


def _make_base(present: PresentPolicy, make: Maker, picture: Picture) -> _Base:
    made = describe_planted(make(picture))
    return _Base(hash_all([made]), verifiable(made), embed_all([made], present.embedder)[0])


def _follow(present: PresentPolicy, edit: PlantedEdit, base: _Base, picture: Picture) -> PlantedPair:
    copy, limits, row = describe_planted(edit.apply(picture)), present.candidates.limits(), np.zeros(1, np.int64)
    own = hash_all([copy])
    transform = proposed_transform(base.hashes, own, limits)
    cosine = None
    if transform is None or edit.family != "near":
        cosine = cosine_of(embed_all([copy], present.embedder)[0], base.vector)
    if transform is None and cosine is not None and cosine >= present.values["min_copy_cosine"]:
        transform = UNKNOWN
    if transform is None:
        verdicts: Verdicts = {name: np.zeros(len(grid), np.bool_) for name, grid in present.grids(VERIFIED).items()}
    else:
        verdicts = judge_along(present, base.image, verifiable(copy), transform)
    return PlantedPair(edit.name, edit.family, measure_distances(base.hashes, row, own, row, limits), cosine, verdicts)
