from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.assets import similar_groups
from dedup_assets.assets.similar_groups import SimilarityPolicy, look_alikes_are_never_duplicates
from dedup_assets.evidence import VerificationPolicy
from dedup_assets.tables import EMBEDDINGS, SIMILAR_GROUPS, VERIFIED_GROUPS
from dedup_assets_tests.assets.stages import Notes, Stages, total

NAME = SIMILAR_GROUPS.name
CROP = frozenset({"shop/red.jpg", "web/red cropped.jpg"})
EVERYTHING = SimilarityPolicy(min_copy_cosine=-1, min_similar_cosine=-1)
NOTHING = SimilarityPolicy(min_copy_cosine=1, min_similar_cosine=1)


def compare(stages: Stages, **resources: Any) -> Notes:
    return stages.run(similar_groups, **resources)[NAME]


def passes(stages: Stages) -> bool:
    result = look_alikes_are_never_duplicates(collection=stages.collection)
    assert isinstance(result, dg.AssetCheckResult)
    return result.passed


def test_a_heavy_edit_is_found_by_its_vector_and_confirmed_and_a_second_run_compares_none(embedded: Stages) -> None:
    assert CROP not in embedded.pairs(VERIFIED_GROUPS)
    notes = compare(embedded)
    crop = embedded.pairs(SIMILAR_GROUPS)[CROP]
    assert (crop["verdict"], crop["level"]) == (True, "copy")
    assert total(notes, "copies") == 1
    assert total(compare(embedded), "verified_pairs") == 0


def test_pairs_that_have_a_verdict_as_candidates_are_not_verified_again(embedded: Stages) -> None:
    compare(embedded, similarity_policy=EVERYTHING)
    known = set(embedded.pairs(VERIFIED_GROUPS))
    kept = embedded.tables.read_many(EMBEDDINGS).height
    found = set(embedded.pairs(SIMILAR_GROUPS))
    assert not found & known
    assert frozenset({"web/drawn final.png", "web/drawn other.png"}) in known
    assert len(found) == kept * (kept - 1) // 2 - 1


def test_look_alikes_are_rejected_pairs_and_never_duplicates(embedded: Stages) -> None:
    notes = compare(embedded, similarity_policy=EVERYTHING)
    pairs = embedded.pairs(SIMILAR_GROUPS)
    assert {ends for ends, row in pairs.items() if row["verdict"]} == {CROP}
    assert {row["level"] for ends, row in pairs.items() if ends != CROP} == {"similar"}
    assert total(notes, "look_alikes") == len(pairs) - 1
    assert passes(embedded)
    key = next(key for key in ("shop", "web") if embedded.tables.commit_of(SIMILAR_GROUPS, key).rows)
    wrong = embedded.tables.read(SIMILAR_GROUPS, key).with_columns(verdict=pl.lit(True), level=pl.lit("similar"))
    embedded.tables.rewrite(SIMILAR_GROUPS, key, wrong, "")
    assert not passes(embedded)


def test_another_policy_compares_all_vectors_again_and_keeps_none_of_the_pairs_before(embedded: Stages) -> None:
    compare(embedded)
    assert total(compare(embedded, similarity_policy=NOTHING), "dagster/partition_row_count") == 0
    strict = VerificationPolicy(min_overlap=1.0)
    assert total(compare(embedded, verification_policy=strict), "verified_pairs") > 0
    assert {row["policy_version"] for row in embedded.pairs(SIMILAR_GROUPS).values()} == {strict.version}
    compare(embedded)
    assert embedded.pairs(SIMILAR_GROUPS)[CROP]["verdict"]


def test_without_vectors_there_is_nothing_to_compare_and_nothing_is_finished(grouped: Stages) -> None:
    notes = compare(grouped)
    assert total(notes, "verified_pairs") == total(notes, "dagster/partition_row_count") == 0
    assert {note["skipped"] for note in notes.values()} == {False}
    assert grouped.tables.partitions(SIMILAR_GROUPS) == []
