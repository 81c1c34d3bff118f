from pathlib import Path

import dagster as dg
import polars as pl
import psycopg
import pytest

from dedup_assets.assets import representatives
from dedup_assets.assets.representatives import every_readable_image_is_grouped
from dedup_assets.errors import DatabaseAccessError
from dedup_assets.policies import KeepPolicy
from dedup_assets.resources.database import connection
from dedup_assets.resources.database.decisions import record_decisions
from dedup_assets.resources.database.migrations import migrate
from dedup_assets.stages import table_assets
from dedup_assets.tables import IMAGE_FEATURES, REPRESENTATIVES, VERIFIED_GROUPS
from dedup_assets_tests.assets.conftest import GROUPED_FILES
from dedup_assets_tests.assets.stages import GROUPING, READING, Stages, interrupted
from dedup_assets_tests.photographs import jpeg, make_photograph, png, scaled

NAME = REPRESENTATIVES.name


def check(grouped: Stages) -> dg.AssetCheckResult:
    result = every_readable_image_is_grouped(collection=grouped.collection)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def files_of(grouped: Stages, key: str) -> dict[str, int]:
    """The Parquet files of one partition and when each was written."""
    folder = Path(grouped.collection.store) / "tables" / NAME / key
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}


@pytest.mark.parametrize("key", ["shop", "web"])
def test_one_partition_alone_is_grouped_with_the_images_of_all_others(grouped: Stages, key: str) -> None:
    everywhere = grouped.rows(REPRESENTATIVES)
    grouped.forget(REPRESENTATIVES)
    grouped.run(representatives, keys=[key])
    assert grouped.tables.partitions(REPRESENTATIVES) == [key]
    assert grouped.rows(REPRESENTATIVES) == {path: row for path, row in everywhere.items() if path.startswith(key)}


def test_one_partition_alone_brings_the_others_along_where_their_images_change_groups(grouped: Stages) -> None:
    grouped.write({"shop/red large.png": png(scaled(make_photograph(1), 1.5))})
    grouped.run(*GROUPING[:-1])
    assert grouped.run(representatives, keys=["shop"])[NAME].keys() == {"shop"}
    alone = grouped.rows(REPRESENTATIVES)
    grouped.forget(REPRESENTATIVES)
    grouped.run(representatives)
    assert alone == grouped.rows(REPRESENTATIVES)
    assert alone["web/red small.jpg"]["group_size"] == 4


def test_a_partition_whose_rows_stay_the_same_keeps_its_files(grouped: Stages) -> None:
    before = {key: files_of(grouped, key) for key in ("shop", "web")}
    grouped.write({"web/green.jpg": jpeg(make_photograph(7))})
    notes = grouped.run(*GROUPING)[NAME]
    assert {note["skipped"] for note in notes.values()} == {False}
    assert files_of(grouped, "shop") == before["shop"]
    assert files_of(grouped, "web").keys() - before["web"].keys()


def test_a_group_says_in_words_why_its_image_is_kept(grouped: Stages) -> None:
    rows = grouped.rows(REPRESENTATIVES)
    words = {path: row["kept_because"] for path, row in rows.items()}
    assert words["web/drawn final.png"] == "more real pixels (240x180 against 120x90)"
    assert words["shop/drawn original.png"] == words["web/drawn final.png"]
    assert words["shop/blue.jpg"] == "only image of its picture"
    assert {path: row["level"] for path, row in rows.items() if row["group_size"] > 1} == {
        "shop/drawn original.png": "generation", "shop/red.jpg": None, "web/drawn final.png": None,
        "web/red again.jpg": "exact", "web/red small.jpg": "near",
    }  # fmt: skip


def test_other_rules_keep_other_images_of_the_same_groups(grouped: Stages) -> None:
    before = grouped.rows(REPRESENTATIVES)
    policy = KeepPolicy(keep_rule=["prefer_prefix"], prefer_prefixes=["web/red small", "shop/drawn"])
    notes = grouped.run(representatives, keep_policy=policy)[NAME]
    rows = grouped.rows(REPRESENTATIVES)
    kept = {path for path, row in rows.items() if row["is_representative"] and row["group_size"] > 1}
    assert kept == {"web/red small.jpg", "shop/drawn original.png"}
    assert {path: row["group_id"] for path, row in rows.items()} == {
        path: row["group_id"] for path, row in before.items()
    }
    assert rows["web/red small.jpg"]["kept_because"] == "in a preferred prefix"
    assert sum(note["groups"] for note in notes.values()) == 4  # each of the two groups has images in both partitions


def test_an_image_without_a_group_and_a_group_without_its_kept_image_fail_the_check(grouped: Stages) -> None:
    assert check(grouped).passed
    assert check(grouped).metadata["rows"].value == len(GROUPED_FILES) - 1
    kept = grouped.rows(REPRESENTATIVES)["shop/red.jpg"]
    grouped.drop(REPRESENTATIVES, "shop", "image_id", [kept["image_id"]])
    result = check(grouped)
    assert not result.passed
    assert [result.metadata[name].value for name in ("groups", "kept_images")] == [5, 4]


def test_images_that_another_run_reads_meanwhile_are_not_missing(grouped: Stages) -> None:
    grouped.forget(REPRESENTATIVES)

    def meanwhile() -> None:
        grouped.write({"web/green.jpg": jpeg(make_photograph(7))})
        grouped.run(*READING)

    interrupted(grouped, VERIFIED_GROUPS, meanwhile).run(representatives)
    assert "web/green.jpg" in grouped.rows(IMAGE_FEATURES)
    assert "web/green.jpg" not in grouped.rows(REPRESENTATIVES)
    result = check(grouped)
    assert result.passed
    assert [result.metadata[f"partitions_{name}"].value for name in ("judged", "at_work", "missing")] == [1, 1, 0]
    grouped.run(representatives)
    assert check(grouped).metadata["rows"].value == len(GROUPED_FILES)


def test_a_partition_that_another_run_begins_meanwhile_is_left_to_it(grouped: Stages) -> None:
    grouped.forget(REPRESENTATIVES)

    def meanwhile() -> None:
        grouped.write({"new/green.jpg": jpeg(make_photograph(7))})
        grouped.run(*GROUPING, keys=["new"])

    interrupted(grouped, VERIFIED_GROUPS, meanwhile).run(representatives, keys=["shop"])
    assert grouped.rows(REPRESENTATIVES)["new/green.jpg"]["is_representative"]


def test_an_older_view_never_replaces_what_another_run_has_written_meanwhile(grouped: Stages) -> None:
    grouped.forget(REPRESENTATIVES)

    def meanwhile() -> None:
        grouped.write({"web/red large.png": png(scaled(make_photograph(1), 1.5))})
        grouped.run(*GROUPING, keys=["shop", "web"])

    notes = interrupted(grouped, VERIFIED_GROUPS, meanwhile).run(representatives)[NAME]
    assert grouped.rows(REPRESENTATIVES)["shop/red.jpg"]["group_size"] == 4
    assert {note["skipped"] for note in notes.values()} == {False}
    assert check(grouped).passed
    grouped.run(representatives)
    assert {note["skipped"] for note in grouped.run(representatives)[NAME].values()} == {True}


def test_a_word_that_was_given_meanwhile_and_obeyed_by_another_run_is_obeyed(
    grouped: Stages, database_url: str
) -> None:
    grouped.forget(REPRESENTATIVES)

    def meanwhile() -> None:
        decide(database_url, grouped, "keep_this", "web/red small.jpg")
        grouped.run(representatives)
        assert "web/red small.jpg" in kept(grouped)

    interrupted(grouped, VERIFIED_GROUPS, meanwhile).run(representatives)
    assert "web/red small.jpg" in kept(grouped)


def test_groups_of_which_another_run_has_written_a_part_do_not_fail_the_check(grouped: Stages) -> None:
    before = grouped.tables.commit_of(REPRESENTATIVES, "web")
    rows = grouped.tables.read(REPRESENTATIVES, "web")
    one_group = rows.with_columns(group_id=pl.lit("g1"))
    grouped.tables.rewrite(REPRESENTATIVES, "web", one_group, "newer", before.details)
    assert check(grouped).passed


def test_readable_images_without_any_group_at_all_fail_the_check(grouped: Stages) -> None:
    grouped.forget(REPRESENTATIVES)
    result = check(grouped)
    assert not result.passed
    assert result.metadata["partitions_missing"].value == 2


def decide(url: str, grouped: Stages, verdict: str, *paths: str) -> None:
    """Note a decision about the first path and each other one, or about it alone."""
    features = grouped.rows(IMAGE_FEATURES)
    first, *others = [features[path]["file_sha256"] for path in paths]
    pairs = [(first, other) for other in others] or [(first, first)]
    with psycopg.connect(url) as connection:
        migrate(connection)
        record_decisions(connection, verdict, pairs, decided_by="anna", kept=first if verdict == "keep_this" else None)


def kept(grouped: Stages) -> set[str]:
    return {path for path, row in grouped.rows(REPRESENTATIVES).items() if row["is_representative"]}


def test_an_image_to_keep_is_kept_when_better_ones_come_and_the_newest_word_counts(
    grouped: Stages, database_url: str
) -> None:
    everything = kept(grouped)
    decide(database_url, grouped, "keep_this", "web/red small.jpg")
    notes = grouped.run(representatives)[NAME]
    assert kept(grouped) == everything - {"shop/red.jpg"} | {"web/red small.jpg"}
    assert {(note["skipped"], note["decisions"]) for note in notes.values()} == {(False, 1)}
    grouped.write({"shop/red large.png": png(scaled(make_photograph(1), 1.5))})
    grouped.run(*GROUPING)
    assert "web/red small.jpg" in kept(grouped)
    decide(database_url, grouped, "keep_this", "shop/red large.png")
    grouped.run(representatives)
    row = grouped.rows(REPRESENTATIVES)["shop/red large.png"]
    assert row["is_representative"]
    assert row["kept_because"].endswith("(the newest of 2 such decisions in this group)")
    assert {note["skipped"] for note in grouped.run(representatives)[NAME].values()} == {True}


def test_words_that_contradict_each_other_are_counted_and_the_rest_is_obeyed(
    grouped: Stages, database_url: str
) -> None:
    blue, red, other = "shop/blue.jpg", "shop/red.jpg", "web/drawn other.png"
    decide(database_url, grouped, "same", blue, red)
    decide(database_url, grouped, "same", other, red)
    decide(database_url, grouped, "not_same", blue, other)
    notes = grouped.run(representatives)[NAME]
    rows = grouped.rows(REPRESENTATIVES)
    assert rows[other]["group_id"] == rows[red]["group_id"] != rows[blue]["group_id"]
    assert {(note["decisions"], note["contradicting_decisions"]) for note in notes.values()} == {(3, 1)}
    assert check(grouped).passed


def test_a_database_that_cannot_be_reached_stops_the_stage(grouped: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:s3cret@127.0.0.1:9/images")
    monkeypatch.setattr(connection, "TRIED_AGAIN_AFTER_S", (0, 0))
    monkeypatch.setattr(table_assets, "AFTER_S", 0)
    with pytest.raises(DatabaseAccessError, match=r"^cannot use the database at 127\.0\.0\.1:9/images"):
        grouped.run(representatives)
