from dataclasses import replace
from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.assets import similar_groups
from dedup_assets.assets.similar_groups import look_alikes_are_never_duplicates, the_index_finds_what_is_near
from dedup_assets.policies import SimilarityPolicy, VerificationPolicy
from dedup_assets.tables import EMBEDDINGS, NEAREST_PICTURES, SIMILAR_GROUPS, VERIFIED_GROUPS
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


def test_each_picture_is_compared_with_so_many_of_its_nearest_and_a_cap_that_is_met_is_told(embedded: Stages) -> None:
    compare(embedded, similarity_policy=EVERYTHING)
    every = embedded.pairs(SIMILAR_GROUPS)
    notes = compare(
        embedded, similarity_policy=SimilarityPolicy(neighbours=1, min_copy_cosine=-1, min_similar_cosine=-1)
    )
    nearest = embedded.pairs(SIMILAR_GROUPS)
    assert CROP in nearest
    assert set(nearest) < set(every)
    assert total(notes, "verified_pairs") == 0
    told = next(note["search"] for note in notes.values() if "search" in note)
    (about,) = told.values()
    assert about["pictures_at_the_cap"] == about["searched_pictures"] == embedded.tables.read_many(EMBEDDINGS).height
    assert all(row == every[ends] for ends, row in nearest.items())


def test_a_run_over_one_partition_gives_all_partitions_the_pairs_of_now(embedded: Stages) -> None:
    compare(embedded, similarity_policy=EVERYTHING)
    every = embedded.tables.read_many(SIMILAR_GROUPS).sort(SIMILAR_GROUPS.key)
    embedded.forget(SIMILAR_GROUPS)
    for key in ("web", "shop"):
        notes = embedded.run(similar_groups, keys=[key], similarity_policy=EVERYTHING)[NAME]
        assert embedded.tables.read_many(SIMILAR_GROUPS).sort(SIMILAR_GROUPS.key).equals(every)
    assert [note["skipped"] for note in notes.values()] == [True]


def test_a_pair_that_lost_its_place_leaves_and_is_verified_again_when_it_has_one(embedded: Stages) -> None:
    compare(embedded, similarity_policy=EVERYTHING)
    every = set(embedded.pairs(SIMILAR_GROUPS))
    home = next(key for key in ("shop", "web") if embedded.tables.commit_of(SIMILAR_GROUPS, key).rows)
    before = embedded.tables.read(SIMILAR_GROUPS, home)
    stray = before.head(1).with_columns(left_sha256=pl.lit(b"\0" * 32), left_id=pl.lit(0, pl.Int64))
    commit = embedded.tables.commit_of(SIMILAR_GROUPS, home)
    embedded.tables.append(replace(commit, fingerprint=""), SIMILAR_GROUPS, stray)
    compare(embedded, similarity_policy=EVERYTHING)
    assert embedded.tables.read(SIMILAR_GROUPS, home).equals(before.sort(SIMILAR_GROUPS.key))
    compare(embedded, similarity_policy=NOTHING)
    assert embedded.pairs(SIMILAR_GROUPS) == {}
    assert total(compare(embedded, similarity_policy=EVERYTHING), "verified_pairs") == len(every)


def test_an_index_that_finds_little_is_warned_of(embedded: Stages) -> None:
    compare(embedded)
    before = the_index_finds_what_is_near(collection=embedded.collection)
    (key,) = embedded.tables.partitions(NEAREST_PICTURES)
    embedded.tables.rewrite(NEAREST_PICTURES, key, NEAREST_PICTURES.empty(), "", {"search_recall": 0.5})
    result = the_index_finds_what_is_near(collection=embedded.collection)
    assert isinstance(before, dg.AssetCheckResult)
    assert isinstance(result, dg.AssetCheckResult)
    assert before.passed
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_without_vectors_there_is_nothing_to_compare_and_nothing_is_finished(grouped: Stages) -> None:
    notes = compare(grouped)
    assert total(notes, "verified_pairs") == total(notes, "dagster/partition_row_count") == 0
    assert {note["skipped"] for note in notes.values()} == {False}
    assert grouped.tables.partitions(SIMILAR_GROUPS) == []
