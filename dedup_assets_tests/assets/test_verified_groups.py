from dataclasses import replace

import dagster as dg

from dedup_assets.assets import verified_groups
from dedup_assets.assets.verified_groups import every_candidate_pair_has_a_verdict
from dedup_assets.policies import VerificationPolicy
from dedup_assets.tables import IMAGE_FEATURES, VERIFIED_GROUPS, WAVELET_GROUPS
from dedup_assets_tests.assets.stages import GROUPING, Stages, interrupted, total
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled

NAME = VERIFIED_GROUPS.name
REDS = frozenset({"shop/red.jpg", "web/red small.jpg"})
GENERATION = frozenset({"shop/drawn original.png", "web/drawn final.png"})


def missing_verdicts(grouped: Stages) -> int:
    result = every_candidate_pair_has_a_verdict(collection=grouped.collection)
    assert isinstance(result, dg.AssetCheckResult)
    missing = result.metadata["pairs_without_verdict"].value
    assert isinstance(missing, int)
    assert result.passed == (missing == 0)
    return missing


def owner_of(grouped: Stages, ends: frozenset[str]) -> tuple[str, bytes, bytes]:
    """The partition that holds the verdict on a pair, and the contents of its ends."""
    pair = grouped.pairs(VERIFIED_GROUPS)[ends]
    left, right = pair["left_sha256"], pair["right_sha256"]
    keys = grouped.tables.partitions(VERIFIED_GROUPS)
    (key,) = (
        key for key in keys if (left, right) in grouped.tables.read(VERIFIED_GROUPS, key, VERIFIED_GROUPS.key).rows()
    )
    return key, left, right


def test_only_pairs_of_one_recipe_that_passed_are_of_level_generation_and_rejected_ones_are_kept(
    grouped: Stages,
) -> None:
    pairs = grouped.pairs(VERIFIED_GROUPS)
    levels = {ends: row["level"] for ends, row in pairs.items() if row["verdict"]}
    assert levels == {REDS: "near", GENERATION: "generation"}
    rejected = [row for row in pairs.values() if not row["verdict"]]
    assert len(rejected) == 2
    assert [row["level"] for row in rejected] == [None, None]
    assert all(row["decided_by"] for row in rejected)


def test_verdicts_of_another_policy_are_dropped_and_all_pairs_verified_again(grouped: Stages) -> None:
    strict = VerificationPolicy(min_global_agreement=1.0, min_local_agreement=1.0)
    notes = grouped.run(verified_groups, verification_policy=strict)[NAME]
    assert total(notes, "verified_pairs") == 4
    rows = grouped.pairs(VERIFIED_GROUPS)
    assert len(rows) == 4
    assert {row["policy_version"] for row in rows.values()} == {strict.version}
    assert total(notes, "passed") + total(notes, "rejected") == 4
    assert total(grouped.run(verified_groups, verification_policy=strict)[NAME], "verified_pairs") == 0


def test_after_an_interruption_only_pairs_without_a_verdict_are_verified(grouped: Stages) -> None:
    before = grouped.pairs(VERIFIED_GROUPS)
    key, left, _ = owner_of(grouped, REDS)
    lost = grouped.drop(VERIFIED_GROUPS, key, "left_sha256", [left])
    grouped.tables.publish(replace(grouped.tables.commit_of(VERIFIED_GROUPS, key), fingerprint=None))
    assert total(grouped.run(verified_groups)[NAME], "verified_pairs") == lost == 1
    assert grouped.pairs(VERIFIED_GROUPS) == before


def test_a_missing_verdict_fails_the_check_as_long_as_both_images_are_there(grouped: Stages) -> None:
    assert missing_verdicts(grouped) == 0
    key, left, _ = owner_of(grouped, REDS)
    grouped.drop(VERIFIED_GROUPS, key, "left_sha256", [left])
    assert missing_verdicts(grouped) == 1
    for partition in ("shop", "web"):
        grouped.drop(IMAGE_FEATURES, partition, "file_sha256", [left])
    assert missing_verdicts(grouped) == 0


def test_pairs_that_another_run_proposes_meanwhile_are_verified_by_the_next(grouped: Stages) -> None:
    grouped.forget(VERIFIED_GROUPS)
    pair = frozenset({"shop/blue.jpg", "web/blue small.jpg"})

    def meanwhile() -> None:
        grouped.write({"web/blue small.jpg": jpeg(scaled(make_photograph(4), 0.5))})
        grouped.run(*GROUPING[:4])

    interrupted(grouped, VERIFIED_GROUPS, meanwhile).run(verified_groups)
    assert pair in grouped.pairs(WAVELET_GROUPS)
    assert missing_verdicts(grouped) == 0
    grouped.run(verified_groups)
    assert pair in grouped.pairs(VERIFIED_GROUPS)


def test_candidate_pairs_without_any_verdicts_at_all_fail_the_check(grouped: Stages) -> None:
    grouped.forget(VERIFIED_GROUPS)
    result = every_candidate_pair_has_a_verdict(collection=grouped.collection)
    assert isinstance(result, dg.AssetCheckResult)
    assert (result.passed, result.metadata["partitions_judged"].value) == (False, 0)
