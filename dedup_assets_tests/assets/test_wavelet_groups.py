from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from dedup_assets.assets import image_features, image_manifest, metadata_hashes, wavelet_groups
from dedup_assets.assets.wavelet_groups import candidate_pairs_stay_few
from dedup_assets.policies import CandidatePolicy
from dedup_assets.stages.pairs.recipe_pairs import MAX_CONTENTS_A_RECIPE
from dedup_assets.tables import IMAGE_FEATURES, METADATA_HASHES, WAVELET_GROUPS
from dedup_assets_tests.assets.stages import Stages, interrupted, total
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled

NAME = WAVELET_GROUPS.name
REDS = frozenset({"shop/red.jpg", "web/red small.jpg"})
GENERATION = frozenset({"shop/drawn original.png", "web/drawn final.png"})
PREFIXES = ("shop", "web")
OF_ONE_RECIPE = {
    frozenset({"shop/drawn original.png", "web/drawn other.png"}),
    frozenset({"web/drawn final.png", "web/drawn other.png"}),
}


def crowd(grouped: Stages, contents: int) -> None:
    """Add contents to the one recipe of the collection, elsewhere."""
    one = grouped.tables.read(METADATA_HASHES, "web").head(1)
    rows = [
        one.with_columns(image_id=pl.lit(n + 1), file_sha256=pl.lit(bytes(31) + bytes([n]))) for n in range(contents)
    ]
    grouped.tables.rewrite(METADATA_HASHES, "elsewhere", pl.concat(rows), "")


def test_pairs_are_proposed_by_hash_and_by_recipe_and_an_equal_file_is_no_pair(grouped: Stages) -> None:
    pairs = grouped.pairs(WAVELET_GROUPS)
    assert set(pairs) == {REDS, GENERATION, *OF_ONE_RECIPE}
    assert {ends for ends, row in pairs.items() if row["same_recipe"]} == {GENERATION, *OF_ONE_RECIPE}
    assert {ends for ends, row in pairs.items() if row["dct_distance"] is None} == OF_ONE_RECIPE


@pytest.mark.parametrize("order", [("shop", "web"), ("web", "shop")])
def test_a_pair_that_two_partitions_find_is_owned_by_the_first_alone(grouped: Stages, order: tuple[str, str]) -> None:
    expected = set(grouped.pairs(WAVELET_GROUPS))
    grouped.forget(WAVELET_GROUPS)
    for key in order:
        grouped.run(wavelet_groups, keys=[key])
    owners = {key: grouped.tables.read(WAVELET_GROUPS, key, WAVELET_GROUPS.key) for key in order}
    assert not pl.concat(owners.values()).is_duplicated().any()
    assert set(grouped.pairs(WAVELET_GROUPS)) == expected
    assert owners[order[0]].height == (3 if order[0] == "shop" else 4)


def test_recipes_that_a_later_parser_reads_in_known_files_propose_their_pairs_too(grouped: Stages) -> None:
    expected, read = grouped.pairs(WAVELET_GROUPS), {key: grouped.tables.read(METADATA_HASHES, key) for key in PREFIXES}
    for key in PREFIXES:
        grouped.tables.rewrite(METADATA_HASHES, key, METADATA_HASHES.empty(), "")
    grouped.forget(WAVELET_GROUPS)
    grouped.run(wavelet_groups)
    assert set(grouped.pairs(WAVELET_GROUPS)) == {REDS, GENERATION}
    for key, rows in read.items():
        grouped.tables.rewrite(METADATA_HASHES, key, rows, "")
    grouped.run(wavelet_groups)
    assert grouped.pairs(WAVELET_GROUPS) == expected


@pytest.mark.parametrize(("crowded", "proposed"), [(0, OF_ONE_RECIPE), (1, set())])
def test_a_crowded_recipe_proposes_no_pairs_and_is_reported(
    grouped: Stages, crowded: int, proposed: set[frozenset[str]]
) -> None:
    grouped.forget(WAVELET_GROUPS)
    crowd(grouped, MAX_CONTENTS_A_RECIPE - 3 + crowded)
    notes = grouped.run(wavelet_groups)[NAME]
    assert {note["crowded_recipes"] for note in notes.values()} == {crowded}
    assert set(grouped.pairs(WAVELET_GROUPS)) == {REDS, GENERATION, *proposed}


def test_another_policy_searches_all_contents_again(grouped: Stages) -> None:
    strict = CandidatePolicy(max_dct_distance=1)
    assert total(grouped.run(wavelet_groups, candidate_policy=strict)[NAME], "candidate_pairs") == 3
    assert REDS not in grouped.pairs(WAVELET_GROUPS)
    assert total(grouped.run(wavelet_groups)[NAME], "candidate_pairs") == 4
    assert REDS in grouped.pairs(WAVELET_GROUPS)


def test_only_contents_that_came_since_are_searched(grouped: Stages) -> None:
    red = grouped.pairs(WAVELET_GROUPS)[REDS]
    for key in ("shop", "web"):
        grouped.drop(WAVELET_GROUPS, key, "left_sha256", [red["left_sha256"]])
    left = set(grouped.pairs(WAVELET_GROUPS))
    grouped.write({"web/blue small.jpg": jpeg(scaled(make_photograph(4), 0.5))})
    notes = grouped.run(image_manifest, image_features, wavelet_groups)[NAME]
    assert (notes["shop"]["skipped"], notes["web"]["skipped"]) == (True, False)
    assert set(grouped.pairs(WAVELET_GROUPS)) == left | {frozenset({"shop/blue.jpg", "web/blue small.jpg"})}


def test_a_partition_whose_features_were_made_again_alike_takes_no_pair_of_another(grouped: Stages) -> None:
    features = grouped.tables.commit_of(IMAGE_FEATURES, "shop")
    part = Path(grouped.collection.store) / features.path_of(features.parts[0])
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    grouped.write({"web/blue small.jpg": jpeg(scaled(make_photograph(4), 0.5))})
    notes = grouped.run(image_manifest, image_features, metadata_hashes, wavelet_groups)[NAME]
    assert notes["shop"]["skipped"]
    assert frozenset({"shop/blue.jpg", "web/blue small.jpg"}) in grouped.pairs(WAVELET_GROUPS)


def test_contents_that_another_run_reads_meanwhile_are_searched_by_the_next(grouped: Stages) -> None:
    grouped.forget(WAVELET_GROUPS)

    def meanwhile() -> None:
        grouped.write({"web/blue small.jpg": jpeg(scaled(make_photograph(4), 0.5))})
        grouped.run(image_manifest, image_features, metadata_hashes)

    interrupted(grouped, WAVELET_GROUPS, meanwhile).run(wavelet_groups)
    pair = frozenset({"shop/blue.jpg", "web/blue small.jpg"})
    assert pair not in grouped.pairs(WAVELET_GROUPS)
    grouped.run(wavelet_groups)
    assert pair in grouped.pairs(WAVELET_GROUPS)


def test_a_rise_of_candidate_pairs_is_warned_of(grouped: Stages) -> None:
    images = sum(grouped.tables.commit_of(IMAGE_FEATURES, key).rows for key in ("shop", "web"))
    for limit, passed in ((4 / images, True), (3.9 / images, False)):
        policy = CandidatePolicy(max_pairs_per_image=limit)
        result = candidate_pairs_stay_few(collection=grouped.collection, candidate_policy=policy)
        assert isinstance(result, dg.AssetCheckResult)
        assert (result.passed, result.severity) == (passed, dg.AssetCheckSeverity.WARN)
