"""Policies: their bounds, their versions, and what a person is told where a policy file is wrong."""

from typing import Any

import pytest

from dedup_assets.errors import SettingsError
from dedup_assets.policies import (
    POLICIES,
    EmbeddingPolicy,
    KeepPolicy,
    SimilarityPolicy,
    VerificationPolicy,
    build_policies,
)

VERSIONS = {
    "image_manifest": "9eda19f1e7303451",
    "image_features": "33a752fcbf927ed1",
    "wavelet_groups": "a30cf3d4f08ef568",
    "verified_groups": "8f0cc796a254370f",
    "representatives": "0a9b97f1de69a935",
    "embeddings": "4f5b26aff547a7ec",
    "similar_groups": "e2e7d13f3627ffc8",
}
"""Versions of the default policies: stores that were filled under another one do the work of that asset again."""


def test_the_defaults_are_those_that_stores_were_filled_under() -> None:
    assert {section: kind().version for section, (_, kind) in POLICIES.items()} == VERSIONS


def test_another_setting_is_another_version() -> None:
    assert VerificationPolicy(min_tone=0.5).version != VERSIONS["verified_groups"]


def test_what_shows_in_the_name_of_the_model_changes_no_version() -> None:
    assert EmbeddingPolicy(onnx_model="sscd", onnx_size_px=320).version == VERSIONS["embeddings"]
    assert EmbeddingPolicy(providers=["onnx"]).version != VERSIONS["embeddings"]


def test_what_changes_no_answer_changes_no_version() -> None:
    assert EmbeddingPolicy(http_timeout_s=5).version == VERSIONS["embeddings"]
    assert EmbeddingPolicy(http_timeout_s=5).embedder_settings().http_timeout_s == 5


def test_a_line_that_ends_earlier_changes_no_version() -> None:
    near = SimilarityPolicy.build("similar_groups", {"level": "near"})
    assert near.version == VERSIONS["similar_groups"]
    assert near.not_looked_for == ("copy", "similar")
    assert SimilarityPolicy().not_looked_for == ()


def test_a_policy_of_earlier_times_that_names_the_rule_readable_goes_on_without_it() -> None:
    assert KeepPolicy(keep_rule=["readable", "oldest"]) == KeepPolicy(keep_rule=["oldest"])
    assert KeepPolicy(keep_rule=["readable", *KeepPolicy().keep_rule]).version == KeepPolicy().version


def test_policies_are_made_with_their_settings_and_defaults() -> None:
    assert build_policies({})["verification_policy"] == VerificationPolicy()
    assert build_policies({"verified_groups": {"min_tone": 0.5}})["verification_policy"] == VerificationPolicy(
        min_tone=0.5
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"socks": {}}, r"Unknown policy sections \['socks'\]; known are \['embeddings', 'image_features'"),
        (
            {"similar_groups": {"largest": 1}},
            r"Unknown settings \['largest'\] in policy section 'similar_groups'; known are \['level', 'max_exact_pictures'",
        ),
        (
            {"verified_groups": {"min_tone": -2}},
            "verified_groups: min_tone is -2: Input should be greater than or equal to -1",
        ),
        (
            {"verified_groups": {"min_tone": "low"}},
            "verified_groups: min_tone is 'low': Input should be a valid number",
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_in_one_sentence(settings: dict[str, dict[str, Any]], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        build_policies(settings)


def test_every_section_is_named_after_the_asset_that_obeys_it_and_every_setting_says_what_it_does() -> None:
    for section, (resource, kind) in POLICIES.items():
        assert resource.endswith("_policy"), section
        assert all(field.description for field in kind.model_fields.values()), section


def test_the_thresholds_of_verification_are_a_policys_settings() -> None:
    policy = VerificationPolicy(min_tone=0.5)
    assert policy.thresholds().model_dump() == policy.settings()
