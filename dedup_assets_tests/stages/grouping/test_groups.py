"""From verified pairs to groups: by hand for the arithmetic, and over real pictures for the whole."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from dedup_assets.policies import KeepPolicy, VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.grouping.collected_images import CollectedImages, read_images
from dedup_assets.stages.grouping.content_graph import ContentGraph
from dedup_assets.stages.grouping.groups import describe_members, group_images, quality_scores
from dedup_assets.stages.grouping.star_verifier import StarVerifier
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import REPRESENTATIVES, STAR_PAIRS
from dedup_assets_tests.described import READABLE, pairs_of
from dedup_assets_tests.stages.grouping.test_content_graph import images_of, passed

SAME = [path for path in READABLE if "/red" in path]
PAIRS = [("shop/red.jpg", path) for path in SAME if path not in ("shop/red.jpg", "web/red again.jpg")]


def verdicts(collection: Collection) -> pl.DataFrame:
    """The verdicts on some of the pairs of described pictures that the search would have proposed."""
    pairs = pairs_of(collection.tables(), *PAIRS, ("shop/red.jpg", "shop/blue.jpg"))
    with Workers(1) as workers:
        return pl.concat(
            PairVerifier(collection.tables(), collection.store, VerificationPolicy(), workers).verify(
                pairs, lambda _: None
            )
        )


def grouped(collection: Collection, known: pl.DataFrame, images: pl.DataFrame | None = None, **settings: Any) -> Any:
    tables = collection.tables()
    rows = read_images(tables) if images is None else CollectedImages(images)
    contents = rows["file_sha256"].unique().sort()
    policy = VerificationPolicy()
    pairs = known.select("left_sha256", "right_sha256", "verdict", "level", "decided_by")
    first = settings.pop("first", None)
    with Workers(1) as workers:
        make_verifier = partial(PairVerifier, tables, collection.store, policy, workers)
        stars = StarVerifier(tables, contents, known, policy.version, make_verifier)
        described = group_images(rows, pairs, KeepPolicy(**settings), stars, first)
    return described.with_columns(rows["path"])


def test_a_member_is_described_by_its_pair_with_the_kept_image_whichever_end_it_is() -> None:
    images = images_of("abca").with_columns(recipe=pl.Series([7, None, None, 7], dtype=pl.UInt64))
    pairs = passed("xa", "ba")
    grouped = pl.DataFrame({"representative_row": [0, 0, 2, 0]})
    described = describe_members(images, ContentGraph.build(images, pairs), grouped, pairs)
    assert described["level"].to_list() == [None, "near", None, "exact"]
    assert described["decided_by"].to_list() == [None, "global_structure", None, "file_sha256"]
    assert described["representative_id"].to_list() == [1, 1, 3, 1]


def test_of_two_verdicts_on_a_pair_the_one_that_begins_with_the_member_describes_it() -> None:
    images = images_of("ab").with_columns(recipe=pl.Series([7, 7], dtype=pl.UInt64))
    grouped = pl.DataFrame({"representative_row": [0, 0]})
    pairs = passed("ab", "ba", "ba").with_columns(decided_by=pl.Series(["first", "second", "third"]))
    described = describe_members(images, ContentGraph.build(images, pairs), grouped, pairs)
    assert described["decided_by"].to_list() == [None, "second"]
    assert described["level"].to_list() == [None, "generation"]  # of one recipe


def test_the_quality_score_is_megapixels_inside_the_frame_times_the_share_of_quality_that_is_left() -> None:
    images = pl.DataFrame(
        {
            "width_px": [1_000, 1_000, 1_000, 40_000],
            "height_px": [1_000, 1_000, 1_000, 60_000],
            "inner_box": [None, [0.1, 0.1, 0.5, 0.8], None, None],
            "jpeg_quality": [None, None, 90, 50],
            "prior_jpeg_quality": [None, None, 70, None],
        },
        schema={
            "width_px": pl.Int32, "height_px": pl.Int32, "inner_box": pl.List(pl.Float32), "jpeg_quality": pl.Int32,
            "prior_jpeg_quality": pl.Int32,
        },
    )  # fmt: skip
    assert quality_scores(images).to_list() == pytest.approx([1.0, 0.4, 0.7, 1_200.0])


def test_one_picture_in_six_files_is_one_group_and_other_pictures_stand_alone(described: Collection) -> None:
    rows = grouped(described, verdicts(described))
    groups = rows.group_by("group_id").agg(pl.col("path").sort())["path"].to_list()
    assert sorted(groups, key=len) == [["shop/blue.jpg"], ["web/green.jpg"], SAME] or sorted(groups, key=len) == [
        ["web/green.jpg"], ["shop/blue.jpg"], SAME,
    ]  # fmt: skip
    assert set(rows.columns) == {*REPRESENTATIVES.column_names, "partition", "representative_row", "path"}


def test_every_group_keeps_one_image_that_ranks_first_and_against_which_all_others_were_verified(
    described: Collection,
) -> None:
    rows = grouped(described, verdicts(described))
    kept = rows.filter("is_representative")
    assert kept["group_id"].n_unique() == kept.height == rows["group_id"].n_unique()
    assert (kept["keep_rank"] == 0).all()
    assert rows.filter(pl.col("path").str.contains("/red"))["keep_rank"].sort().to_list() == list(range(len(SAME)))
    assert rows.filter(~pl.col("is_representative"))["level"].null_count() == 0
    assert (rows["group_size"] == rows.select(pl.len().over("group_id")).to_series()).all()


def test_equal_files_are_exact_duplicates_of_each_other(described: Collection) -> None:
    rows = grouped(described, verdicts(described), keep_rule=["prefer_prefix"], prefer_prefixes=["shop/red.jpg"])
    levels = {row["path"]: row["level"] for row in rows.iter_rows(named=True)}
    assert rows.filter("is_representative")["path"].sort().to_list() == [
        "shop/blue.jpg",
        "shop/red.jpg",
        "web/green.jpg",
    ]
    assert levels["web/red again.jpg"] == "exact"
    assert levels["web/red low.jpg"] == "near"


def test_a_member_that_no_search_compared_with_the_kept_image_is_verified_against_it(described: Collection) -> None:
    rows = grouped(described, verdicts(described), keep_rule=["prefer_prefix"], prefer_prefixes=["web/red low.jpg"])
    red = rows.filter(pl.col("path").str.contains("/red"))
    assert red.filter("is_representative")["path"].to_list() == ["web/red low.jpg"]
    assert red["group_id"].n_unique() == 1
    assert red["decided_by"].null_count() == 1


def test_the_group_is_named_after_its_oldest_image_whichever_is_kept(described: Collection) -> None:
    known = verdicts(described)
    images = read_images(described.tables())
    ages = {path: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day, path in enumerate(reversed(READABLE))}
    aged = images.with_columns(created_at=pl.col("path").replace_strict(ages, return_dtype=images.schema["created_at"]))
    names = {
        prefix: grouped(described, known, aged, keep_rule=["prefer_prefix"], prefer_prefixes=[prefix])
        .filter(pl.col("path") == "shop/red.jpg")["group_id"]
        .item()
        for prefix in ("shop", "web/red low.jpg")
    }
    oldest = images.row(by_predicate=pl.col("path") == "web/red.png", named=True)["image_id"]
    assert set(names.values()) == {f"g{oldest:016x}"}


def test_contents_named_first_stay_centres(described: Collection) -> None:
    images = read_images(described.tables())
    low = images.filter(pl.col("path") == "web/red low.jpg")["file_sha256"]
    rows = grouped(described, verdicts(described), images, first=low)
    kept = rows.filter(pl.col("path").str.contains("/red") & pl.col("is_representative"))
    assert kept["path"].to_list() == ["web/red low.jpg"]


def test_without_any_images_there_are_no_groups(described: Collection) -> None:
    images = read_images(described.tables()).clear()
    assert grouped(described, STAR_PAIRS.empty(), images).is_empty()


def test_the_order_of_images_and_pairs_changes_nothing(described: Collection) -> None:
    known, images = verdicts(described), read_images(described.tables())
    forth = grouped(described, known, images).drop("representative_row")
    back = grouped(described, known.reverse(), images.reverse()).drop("representative_row")
    assert forth.sort("image_id").equals(back.sort("image_id"))


def test_a_keep_policy_without_rules_or_with_unknown_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        KeepPolicy(keep_rule=[])
    with pytest.raises(ValueError, match="keep_rules"):
        KeepPolicy(keep_rules=["oldest"])  # type: ignore[call-arg]
