import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.tables import REPORT_STATUSES, REPRESENTATIVES, SIMILAR_GROUPS, STAR_PAIRS, VERIFIED_GROUPS
from dedup_assets_tests.pipeline.collections import (
    GENERATION_PAIR,
    labelled_collection,
    pictures_of,
    write_collection,
)
from dedup_assets_tests.pipeline.line import Line, Outcome

SUMMARY_KEYS = {
    "images", "groups", "duplicates", "unreadable", "bytes_reclaimable", "downloaded_images", "downloaded_bytes",
    "verified_pairs", "embedded_images", "seconds", "peak_rss_mb",
}  # fmt: skip
STAGES = {
    "image_manifest", "image_features", "metadata_hashes", "wavelet_groups", "verified_groups", "representatives",
    "embeddings", "similar_groups", "dedup_report",
}  # fmt: skip
UNREADABLE = {planted.path for planted in labelled_collection() if planted.picture is None}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    folder = tmp_path_factory.mktemp("whole")
    write_collection(folder / "photos", labelled_collection())
    (folder / "photos" / "catalog" / "notes.txt").write_text("no picture, and not claimed to be one")
    return Line(str(folder / "photos"), str(folder / "store"))


@pytest.fixture(scope="module")
def outcome(line: Line) -> Outcome:
    return line.run()


def test_every_file_stands_exactly_once_in_the_report(outcome: Outcome) -> None:
    assert sorted(row["Image Path"] for row in outcome.rows) == sorted(
        planted.path for planted in labelled_collection()
    )
    assert {row["Status"] for row in outcome.rows} == set(REPORT_STATUSES)


def test_every_group_keeps_exactly_one_image(outcome: Outcome) -> None:
    kept = Counter(row["Group ID"] for row in outcome.rows if row["Status"] == "Best")
    assert kept == {row["Group ID"]: 1 for row in outcome.rows if row["Group ID"]}


def test_no_group_holds_two_pictures(outcome: Outcome) -> None:
    pictures = pictures_of(labelled_collection())
    shown = {paths: {pictures[path] for path in paths} for paths in outcome.groups}
    assert {paths: names for paths, names in shown.items() if len(names) > 1} == {}


def test_the_copies_of_a_picture_are_one_group(outcome: Outcome) -> None:
    pictures = pictures_of(labelled_collection())
    planted = {name: frozenset(path for path in pictures if pictures[path] == name) for name in pictures.values()}
    assert outcome.groups == {paths for paths in planted.values() if len(paths) > 1}


def test_exact_copies_are_one_group_and_say_so(outcome: Outcome) -> None:
    digests = {planted.path: planted.data for planted in labelled_collection() if planted.picture == "astronaut"}
    same = [path for path, data in digests.items() if data == digests["catalog/astronaut.jpg"]]
    assert len(same) == 3
    assert len({outcome.group_of(path) for path in same}) == 1
    levels = sorted(outcome.by_path[path]["Level"] for path in same)
    assert levels == ["", "exact", "exact"]


def test_an_unreadable_file_has_its_cause_and_no_group(outcome: Outcome) -> None:
    unreadable = {row["Image Path"]: row for row in outcome.rows if row["Status"] == "Unreadable"}
    assert set(unreadable) == UNREADABLE
    for row in unreadable.values():
        assert row["Cause"].endswith(".")
        assert not row["Group ID"]
        assert not row["Representative"]


def test_a_recoloured_variant_is_a_picture_of_its_own(outcome: Outcome) -> None:
    assert outcome.by_path["scrape/coffee recoloured.jpg"]["Status"] == "Best"
    assert outcome.by_path["scrape/coffee recoloured.jpg"]["Group Size"] == "1"


def test_of_a_generated_pair_the_final_is_kept(outcome: Outcome) -> None:
    original, final = (outcome.by_path[path] for path in GENERATION_PAIR)
    assert final["Status"] == "Best"
    assert (original["Status"], original["Level"]) == ("Duplicate", "generation")
    assert original["Representative"] == GENERATION_PAIR[1]


def test_every_duplicate_was_compared_with_the_image_kept_in_its_place(line: Line, outcome: Outcome) -> None:
    columns = ["left_sha256", "right_sha256", "verdict"]
    tables = (VERIFIED_GROUPS, SIMILAR_GROUPS, STAR_PAIRS)
    pairs = pl.concat([line.tables.read_many(table, columns=columns) for table in tables]).filter("verdict")
    passed = {frozenset((left.hex(), right.hex())) for left, right, _ in pairs.iter_rows()}
    for row in outcome.rows:
        if row["Status"] == "Duplicate":
            ends = frozenset((row["SHA-256"], outcome.by_path[row["Representative"]]["SHA-256"]))
            assert len(ends) == 1 or ends in passed, row["Image Path"]


def test_every_duplicate_names_the_image_that_its_group_keeps(outcome: Outcome) -> None:
    kept = {row["Group ID"]: row["Image Path"] for row in outcome.rows if row["Status"] == "Best"}
    for row in outcome.rows:
        if row["Status"] == "Duplicate":
            assert row["Representative"] == kept[row["Group ID"]]
            assert row["Kept Because"]
            assert row["Decided By"]


def test_look_alikes_are_named_and_are_no_duplicates(line: Line, outcome: Outcome) -> None:
    halves = [outcome.by_path[path] for path in ("catalog/gravel left.jpg", "scrape/gravel right.jpg")]
    assert {row["Status"] for row in halves} == {"Best"}
    pairs = line.tables.read_many(SIMILAR_GROUPS, columns=["level", "verdict"])
    assert not pairs.filter((pl.col("level") == "similar") & pl.col("verdict")).height


def test_group_sizes_count_the_rows_of_the_group(outcome: Outcome) -> None:
    sizes = Counter(row["Group ID"] for row in outcome.rows)
    for row in outcome.rows:
        assert int(row["Group Size"]) == (sizes[row["Group ID"]] if row["Group ID"] else 1)


def test_the_report_leaves_its_files_with_the_promised_figures(line: Line, outcome: Outcome) -> None:
    folder = Path(line.store) / "report"
    assert {"index.html", "image_report.csv", "summary.json"} <= {path.name for path in folder.iterdir()}
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert set(summary) >= SUMMARY_KEYS
    assert set(summary["seconds"]) == STAGES
    duplicates = [row for row in outcome.rows if row["Status"] == "Duplicate"]
    assert summary["images"] == len(outcome.rows) == len(labelled_collection())
    assert summary["duplicates"] == len(duplicates)
    assert summary["groups"] == len({row["Group ID"] for row in duplicates})
    assert summary["unreadable"] == len(UNREADABLE)
    assert summary["bytes_reclaimable"] == sum(int(row["Size Bytes"]) for row in duplicates)
    assert summary["downloaded_bytes"] == sum(len(planted.data) for planted in labelled_collection())
    kept = line.tables.read_many(REPRESENTATIVES, columns=["is_representative"])["is_representative"]
    assert summary["embedded_images"] == kept.sum()


def test_the_run_ends_with_what_a_person_wants_to_know(line: Line, outcome: Outcome) -> None:
    assert f"{len(labelled_collection())} images in {line.source}" in outcome.text
    assert f"{len(UNREADABLE)} files could not be read" in outcome.text
    assert f"{line.store}/report/index.html" in outcome.text
    assert all(path in outcome.text for path in UNREADABLE)
