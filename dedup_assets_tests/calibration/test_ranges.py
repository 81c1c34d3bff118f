"""Every threshold of the policies is measured, or it is said why not."""

from typing import Any

from dedup_assets.calibration.ranges import COSINES, HASHED, RANGES, VERIFIED
from dedup_assets.policies import CandidatePolicy, SimilarityPolicy, VerificationPolicy
from dedup_assets_tests.calibration.samples import present_policy

NOT_VERDICTS = {"min_near_overlap", "turned_copies"}
"""What only names the level of an accepted pair, near-duplicate or copy, and what is a choice and no number."""


def test_every_threshold_of_a_verdict_is_measured() -> None:
    assert {*VERIFIED, *NOT_VERDICTS} == set(VerificationPolicy.model_fields)
    assert set(COSINES) == {name for name in SimilarityPolicy.model_fields if name.endswith("_cosine")}
    assert set(HASHED) == {name for name in CandidatePolicy.model_fields if name.endswith("_distance")}


def test_the_values_tried_are_sorted_and_hold_the_present_one_once() -> None:
    present = present_policy()
    for name, grid in present.grids(list(RANGES)).items():
        assert list(grid) == sorted(set(grid))
        assert grid.count(present.values[name]) == 1
        assert len(grid) > 8


def test_every_value_tried_is_one_that_the_policy_takes() -> None:
    grids = present_policy().grids(list(RANGES))
    for names, policy in ((HASHED, CandidatePolicy), (VERIFIED, VerificationPolicy), (COSINES, SimilarityPolicy)):
        for name in names:
            tried: list[dict[str, Any]] = [{name: value} for value in grids[name]]
            assert [getattr(policy(**each), name) for each in tried] == list(grids[name])


def test_the_cosines_are_those_of_the_provider_unless_the_policy_names_them() -> None:
    present = present_policy()
    assert present.values["min_copy_cosine"] == present.embedder.min_copy_cosine
    named = type(present)(
        present.candidates, present.verification, SimilarityPolicy(min_copy_cosine=0.3), present.embedder
    )
    assert (named.values["min_copy_cosine"], named.candidates.limits().dct) == (
        0.3,
        present.candidates.max_dct_distance,
    )
