"""Single judgements: strict pixels, and an overlap under a given map."""

import numpy as np

from dedup_assets.kernels.verify.evidence import UNKNOWN
from dedup_assets.kernels.verify.exact.pixel_tests import Pair, judge_overlap, judge_strictly
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, flat, seen

LIMITS = VerificationThresholds()


def pair(left: Picture, right: Picture) -> Pair:
    return Pair(seen(left), seen(right), UNKNOWN, LIMITS)


def test_strictly_one_faint_spot_or_another_shape_makes_another_picture() -> None:
    spotted = flat(100)
    spotted[100:130, 100:130] += 12
    assert judge_strictly(pair(flat(100), flat(101))).verdict
    assert not judge_strictly(pair(flat(100), spotted)).verdict
    assert not judge_strictly(pair(flat(100), flat(100)[:, :300])).verdict


def test_an_overlap_of_a_quarter_proves_nothing_however_well_it_agrees() -> None:
    photograph: Picture = np.array(load_photograph("coffee.png"))[:256, :256]
    left, right = photograph[:160, :160].copy(), photograph[80:240, 80:240].copy()
    evidence = judge_overlap(
        pair(left, right), np.array([[1.0, 0, -80], [0, 1, -80], [0, 0, 1]]), "local_structure", 0.75
    )
    assert evidence.structure_score is not None
    assert evidence.structure_score > 0.9
    assert not evidence.verdict
