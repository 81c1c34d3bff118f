"""The verdict on a pair that agrees otherwise: does one show a thing, or a part of the scene, that the other does not?

Here belongs the judgement. Where the two differ is found in `comparing.py`, what a difference is in `marks.py`.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.changes.comparing import compare_exactly
from dedup_assets.kernels.verify.changes.marks import changed_share
from dedup_assets.kernels.verify.changes.panning import is_panned
from dedup_assets.kernels.verify.evidence import DecidedBy, PairEvidence
from dedup_assets.kernels.verify.exact.pixel_tests import Pair


def judge_changes(pair: Pair, matrix: NDArray[np.float64], evidence: PairEvidence) -> PairEvidence:
    """Take an accepted pair back where one shows a thing that the other does not, another picture shows through, or each shows a
    part of the scene that the other does not.

    matrix: 3x3, px of the left thumbnail to px of the right one.
    """
    limits = pair.thresholds
    if is_panned(evidence, limits.max_pan):
        return replace(evidence, verdict=False, level=None, relation=None, decided_by="panned")
    onto_left = (evidence.overlap_left or 0.0) >= (evidence.overlap_right or 0.0)
    seen = compare_exactly(pair.left, pair.right, matrix, onto_left, limits.max_blended_share)
    if seen is None:
        return evidence
    target, moving = (pair.left, pair.right) if onto_left else (pair.right, pair.left)
    changed = changed_share(seen, target.thumbnail, moving.thumbnail) if seen.differs.any() else 0.0
    evidence = replace(evidence, changed_share=changed, blended_share=seen.blended)
    if changed <= limits.max_changed_share and seen.blended <= limits.max_blended_share:
        return evidence
    test: DecidedBy = "changed" if changed > limits.max_changed_share else "blended"
    return replace(evidence, verdict=False, level=None, relation=None, decided_by=test)
