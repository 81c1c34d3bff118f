"""Verify one pair as often as its thresholds ask for.

Belongs here: which way a pair comes to verification. Does not belong here: the tests (`kernels/verify/cascade.py`), which
thresholds are tried (`verdict_steps.py`).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dedup_assets.calibration.ranges import VERIFIED, PresentPolicy
from dedup_assets.calibration.verdict_steps import verdict_steps
from dedup_assets.kernels.candidates.near_contents import CandidateLimits, HashedContents, find_candidate_pairs
from dedup_assets.kernels.transforms import TRANSFORMS
from dedup_assets.kernels.verify.cascade import VerifiableImage, verify_pair
from dedup_assets.kernels.verify.thresholds import VerificationThresholds

Verdicts = Mapping[str, NDArray[np.bool_]]
"""For each threshold of verification, the verdict at each of its values."""


class PairJudge:
    """Gives the verdict of `verify_pair` on one pair under any thresholds."""

    def __init__(self, left: VerifiableImage, right: VerifiableImage, transform: str) -> None:
        self._pair = left, right, transform

    def __call__(self, thresholds: VerificationThresholds) -> bool:
        """Whether the two count as the same picture."""
        return bool(verify_pair(*self._pair, thresholds).verdict)


def judge_along(present: PresentPolicy, left: VerifiableImage, right: VerifiableImage, transform: str) -> Verdicts:
    """The verdicts on one pair at every value of every threshold, the others at the present policy."""
    return verdict_steps(PairJudge(left, right, transform), present.verification.thresholds(), present.grids(VERIFIED))


def proposed_transform(left: HashedContents, right: HashedContents, limits: CandidateLimits) -> str | None:
    """The transform under which hashes propose a pair of contents, each of one row; None where they do not."""
    found = find_candidate_pairs(left, right, limits)
    return TRANSFORMS[int(found.transform[0])] if len(found.transform) else None
