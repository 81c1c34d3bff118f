from dataclasses import replace
from itertools import combinations
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from dedup_assets.assets import dedup_report, image_features, similar_groups
from dedup_assets.assets.dedup_report import no_image_is_lost
from dedup_assets.policies import ListingPolicy, SimilarityPolicy
from dedup_assets.tables import DEDUP_REPORT, IMAGE_FEATURES, METADATA_HASHES, REPRESENTATIVES, VERIFIED_GROUPS
from dedup_assets_tests.assets.conftest import GROUPED_FILES
from dedup_assets_tests.assets.stages import READING, Stages, interrupted
from dedup_assets_tests.photographs import jpeg, make_photograph

CROP = "web/red cropped.jpg"


def check(stages: Stages) -> dg.AssetCheckResult:
    result = no_image_is_lost(collection=stages.collection)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def test_unreadable_images_have_a_row_with_their_cause_and_nothing_of_a_group(grouped: Stages) -> None:
    (grouped.source / "shop/blue.jpg").rename(grouped.source / "away.jpg")
    grouped.forget(IMAGE_FEATURES)
    grouped.run(image_features)
    grouped.run(dedup_report)
    rows = grouped.rows(DEDUP_REPORT)
    assert set(rows) == set(GROUPED_FILES)
    half, vanished = rows["shop/half.jpg"], rows["shop/blue.jpg"]
    for row in (half, vanished):
        assert (row["status"], row["group_size"], row["group_id"], row["kept_because"]) == ("Unreadable", 1, None, None)
    assert half["cause"].startswith("The JPEG file ends before its picture is complete")
    assert "not there any more" in vanished["cause"]
    assert (len(half["file_sha256"]), vanished["file_sha256"]) == (32, None)


def test_colours_of_a_group_are_the_mean_of_all_its_pairs_and_those_of_an_image_its_own(grouped: Stages) -> None:
    grouped.run(dedup_report)
    rows, features = grouped.rows(DEDUP_REPORT), grouped.rows(IMAGE_FEATURES)
    for group in {row["group_id"] for row in rows.values() if row["group_id"]}:
        members = [path for path, row in rows.items() if row["group_id"] == group]
        colours = [np.frombuffer(features[path]["color_8"], np.uint8).astype(float) for path in members]
        pairs = [np.corrcoef(one, other)[0, 1] for one, other in combinations(colours, 2)]
        expected = pytest.approx(np.mean(pairs), abs=1e-6) if pairs else None
        assert [rows[path]["avg_color_correlation"] for path in members] == [expected] * len(members)
    for path, row in rows.items():
        assert row["dominant_colors"] == features[path]["dominant_colors"]


def test_a_copy_joins_the_group_of_the_picture_that_it_was_made_from(embedded: Stages) -> None:
    before = embedded.rows(REPRESENTATIVES)
    assert before[CROP]["is_representative"]
    assert before["shop/red.jpg"]["group_size"] == 3
    embedded.run(similar_groups)
    embedded.run(dedup_report)
    rows = embedded.rows(DEDUP_REPORT)
    crop, red = rows[CROP], rows["shop/red.jpg"]
    assert (crop["status"], crop["level"], crop["representative_path"]) == ("Duplicate", "copy", "shop/red.jpg")
    assert (crop["group_id"], crop["group_size"], red["status"]) == (red["group_id"], 4, "Best")
    assert crop["kept_because"] == red["kept_because"]


def test_look_alikes_share_a_name_and_stay_what_they_are(embedded: Stages) -> None:
    policy = SimilarityPolicy(min_copy_cosine=-1, min_similar_cosine=-1)
    embedded.run(similar_groups, similarity_policy=policy)
    embedded.run(dedup_report)
    rows = embedded.rows(DEDUP_REPORT)
    best = {path: row for path, row in rows.items() if row["status"] == "Best"}
    assert set(best) == {"shop/blue.jpg", "shop/red.jpg", "web/drawn final.png", "web/drawn other.png"}
    (name,) = {row["similar_group_id"] for row in best.values()}
    assert name == min(row["group_id"] for row in best.values()).replace("g", "s")
    assert rows["shop/half.jpg"]["similar_group_id"] is None
    assert len({row["group_id"] for row in best.values()}) == 4


def test_a_lost_row_fails_the_check_and_a_partition_still_at_work_does_not(grouped: Stages) -> None:
    grouped.run(dedup_report)
    assert check(grouped).passed
    grouped.write({"web/green.jpg": jpeg(make_photograph(7))})
    grouped.run(*READING)
    assert check(grouped).passed
    assert check(grouped).metadata["listed"].value == 4
    grouped.drop(DEDUP_REPORT, "shop", "path", ["shop/half.jpg"])
    result = check(grouped)
    assert not result.passed
    assert [result.metadata[name].value for name in ("lost", "surplus")] == [1, 0]


def test_images_that_another_run_reads_meanwhile_are_not_lost(grouped: Stages) -> None:
    def meanwhile() -> None:
        grouped.write({"web/green.jpg": jpeg(make_photograph(7))})
        grouped.run(*READING)

    interrupted(grouped, VERIFIED_GROUPS, meanwhile).run(dedup_report)
    assert len(grouped.rows(DEDUP_REPORT)) == len(GROUPED_FILES)
    result = check(grouped)
    assert result.passed
    assert [result.metadata[f"partitions_{name}"].value for name in ("judged", "at_work", "missing")] == [1, 1, 0]


def test_a_source_of_images_without_any_report_fails_the_check_and_one_without_images_does_not(
    grouped: Stages,
) -> None:
    result = check(grouped)
    assert (result.passed, result.metadata["partitions_missing"].value) == (False, 2)
    for path in GROUPED_FILES:
        grouped.remove(path)
    grouped.run(*READING, listing_policy=ListingPolicy(max_lost_share=1))
    result = check(grouped)
    assert (result.passed, result.metadata["partitions_missing"].value) == (True, 0)


def test_partitions_of_a_first_run_that_another_run_is_reading_do_not_fail_the_check(
    grouped: Stages,
) -> None:
    for key in ("shop", "web"):
        commit = grouped.tables.commit_of(IMAGE_FEATURES, key)
        grouped.tables.publish(replace(commit, fingerprint=None, details={}))
    result = check(grouped)
    assert (result.passed, result.metadata["partitions_at_work"].value) == (True, 2)


def test_rows_that_another_run_writes_while_pages_are_drawn_are_shown_by_pages_that_are_drawn_again(
    grouped: Stages,
) -> None:
    grouped.run(dedup_report)
    pages = Path(grouped.collection.store) / "report"
    (pages / "index.html").unlink()

    def meanwhile() -> None:
        assert "shop/blue.jpg" in (pages / "image_report.csv").read_text()
        grouped.drop(DEDUP_REPORT, "shop", "path", ["shop/blue.jpg"])

    interrupted(grouped, METADATA_HASHES, meanwhile).run(dedup_report)
    assert "shop/blue.jpg" not in (pages / "image_report.csv").read_text()
