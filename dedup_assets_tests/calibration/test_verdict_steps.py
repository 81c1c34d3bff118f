"""The curve of a pair is what the real verification says at each value."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dedup_assets.calibration.pair_judge import PairJudge
from dedup_assets.calibration.ranges import VERIFIED
from dedup_assets.calibration.seeing import describe_planted, verifiable
from dedup_assets.calibration.verdict_steps import WatchedThreshold, verdict_steps
from dedup_assets.kernels.planted_edits import (
    Picture,
    captioned,
    cropped,
    framed,
    jpeg,
    recoloured,
    scaled,
    turned,
    with_thing,
)
from dedup_assets.kernels.planted_files import film
from dedup_assets.kernels.verify.cascade import UNKNOWN, VerifiableImage, verify_pair
from dedup_assets.kernels.verify.thresholds import VerificationThresholds
from dedup_assets_tests.calibration.samples import described, photograph, present_policy

PRESENT = VerificationThresholds()
EDITS: dict[str, tuple[Callable[[Picture], bytes], str]] = {
    "recompressed": (lambda p: jpeg(p, 20), "identity"),
    "cropped a little": (lambda p: jpeg(cropped(p, 0.1)), "identity"),
    "cropped to a third": (lambda p: jpeg(cropped(p, 0.65)), UNKNOWN),
    "turned": (lambda p: jpeg(turned(p)), "rot90"),
    "captioned": (lambda p: jpeg(captioned(p)), UNKNOWN),
    "framed and tiny": (lambda p: jpeg(framed(scaled(p, 0.2), 0.15)), "identity"),
    "recoloured": (lambda p: jpeg(recoloured(p)), "identity"),
    "a thing added": (lambda p: jpeg(with_thing(p, 0.01)), "identity"),
    "another picture": (lambda _: jpeg(photograph("coffee.png")), UNKNOWN),
}


@pytest.mark.parametrize("edit", EDITS)
def test_verdicts_along_all_values_are_those_of_the_real_verification(edit: str) -> None:
    """Every threshold at its ends and at two values between, against `verify_pair` itself."""
    make, transform = EDITS[edit]
    copy = describe_planted(make(photograph("astronaut.png")))
    compare_along(verifiable(described("astronaut.png")), verifiable(copy), transform)


@pytest.mark.parametrize("other", [False, True])
def test_films_are_judged_by_all_their_frames_at_every_value(other: bool) -> None:
    first, second = (film(photograph("coffee.png"), *how) for how in (("WEBP", False), ("GIF", other)))
    compare_along(verifiable(describe_planted(first)), verifiable(describe_planted(second)), "identity")


def compare_along(left: VerifiableImage, right: VerifiableImage, transform: str) -> None:
    grids = present_policy().grids(VERIFIED)
    found = verdict_steps(PairJudge(left, right, transform), PRESENT, grids)
    for name, values in grids.items():
        for place in {0, len(values) // 3, 2 * len(values) // 3, len(values) - 1}:
            moved: dict[str, Any] = {name: values[place]}
            limits = PRESENT.model_copy(update=moved)
            real = verify_pair(left, right, transform, limits)
            assert found[name][place] == real.verdict, (name, values[place])


def test_a_judge_is_asked_again_only_on_the_other_side_of_a_score() -> None:
    asked: list[float] = []

    def judge(limits: VerificationThresholds) -> bool:
        asked.append(float(limits.min_overlap))
        return 0.2 < limits.min_overlap <= 0.7

    values = [number / 20 for number in range(20)]
    verdicts = verdict_steps(judge, PRESENT, {"min_overlap": values})["min_overlap"]
    assert verdicts.tolist() == [0.2 < value <= 0.7 for value in values]
    assert len(asked) <= 5


def test_a_threshold_that_meets_no_score_is_never_asked_again() -> None:
    asked: list[VerificationThresholds] = []

    def judge(limits: VerificationThresholds) -> bool:
        asked.append(limits)
        return True

    assert verdict_steps(judge, PRESENT, {"min_overlap": [0.1, 0.5, 0.9]})["min_overlap"].all()
    assert len(asked) == 1


@pytest.mark.parametrize("score", [7, 7.0, np.float64(7), np.float32(7), np.int64(7)])
def test_scores_of_every_type_are_noticed_from_either_side(score: float) -> None:
    limit = WatchedThreshold(8)
    assert (score < limit, score >= limit, limit > score, limit <= score) == (True, False, True, False)
    assert limit.scores == [7.0] * 4


def test_scores_of_many_frames_are_noticed_at_once() -> None:
    limit = WatchedThreshold(8)
    assert (np.array([7, 9]) <= limit).tolist() == [True, False]
    assert limit.scores == [7.0, 9.0]
