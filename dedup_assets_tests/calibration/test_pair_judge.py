"""A pair is proposed and judged as the line would."""

from dedup_assets.calibration.pair_judge import PairJudge, proposed_transform
from dedup_assets.calibration.seeing import describe_planted, hash_all, verifiable
from dedup_assets.kernels.candidates.near_contents import CandidateLimits
from dedup_assets.kernels.planted_edits import cropped, jpeg, turned
from dedup_assets.kernels.transforms import TRANSFORMS
from dedup_assets.kernels.verify.cascade import UNKNOWN
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets_tests.calibration.samples import described, photograph

LIMITS = CandidateLimits(dct=40, turned_dct=32, wavelet=96)


def test_hashes_propose_a_turned_copy_under_its_turn_and_a_heavy_crop_not_at_all() -> None:
    own = hash_all([described("chelsea.png")])
    copies = [turned(photograph("chelsea.png")), cropped(photograph("chelsea.png"), 0.5)]
    turn, crop = (proposed_transform(own, hash_all([describe_planted(jpeg(copy))]), LIMITS) for copy in copies)
    assert (turn, crop) == ("rot90", None)
    assert turn in TRANSFORMS


def test_a_judge_gives_the_same_verdict_every_time_and_extracts_features_only_when_needed() -> None:
    left = verifiable(described("chelsea.png"))
    near = verifiable(describe_planted(jpeg(photograph("chelsea.png"), 40)))
    judge = PairJudge(left, near, "identity")
    assert judge(VerificationThresholds())
    assert judge(VerificationThresholds())
    assert left.stored is None
    assert not PairJudge(left, verifiable(described("coffee.png")), UNKNOWN)(VerificationThresholds())
