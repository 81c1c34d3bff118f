from dataclasses import replace
from pathlib import Path

import pytest

from dedup_assets_tests.photographs import jpeg, scaled
from dedup_assets_tests.pipeline.collections import (
    Planted,
    photograph,
    pictures_of,
    small_collection,
    time_of,
    write_collection,
    write_file,
)
from dedup_assets_tests.pipeline.line import Line, Outcome, table_files

NOTHING = {"downloaded_images": 0, "downloaded_bytes": 0, "verified_pairs": 0, "embedded_images": 0}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Line, Outcome]:
    """A store that was filled once; each test changes its source as it likes, the reports before stay known."""
    folder = tmp_path_factory.mktemp("incremental")
    write_collection(folder / "photos", small_collection())
    line = Line(str(folder / "photos"), str(folder / "store"))
    return line, line.run()


def copies_of(picture: str) -> set[str]:
    return {path for path, name in pictures_of(small_collection()).items() if name == picture}


def test_the_first_run_reads_every_blob_once(first: tuple[Line, Outcome]) -> None:
    _, outcome = first
    files = small_collection()
    assert outcome.work["downloaded_images"] == len(files)
    assert outcome.work["downloaded_bytes"] == sum(len(planted.data) for planted in files)
    assert outcome.work["verified_pairs"] > 0
    assert outcome.work["embedded_images"] > 0
    assert outcome.groups == {frozenset(copies_of(name)) for name in ("astronaut", "chelsea", "coffee")}


def test_a_second_run_does_no_work_and_says_so(first: tuple[Line, Outcome]) -> None:
    line, before = first
    files = table_files(Path(line.store))
    report = {path: path.stat().st_mtime_ns for path in Path(line.store).glob("report/*.[hc]*")}
    outcome = line.run()
    assert outcome.work == NOTHING
    assert "Nothing had changed: 0 bytes downloaded, 0 pairs verified, 0 images embedded" in outcome.text
    assert table_files(Path(line.store)) == files
    assert {path: path.stat().st_mtime_ns for path in report} == report
    assert (outcome.csv, outcome.page) == (before.csv, before.page)


def test_a_new_a_changed_and_a_removed_blob_cost_no_more_than_themselves(first: tuple[Line, Outcome]) -> None:
    line, before = first
    source = Path(line.source)
    new = Planted("scrape/new coffee.jpg", jpeg(scaled(photograph("coffee"), 0.8), 80), "coffee")
    write_collection(source, [new])
    with_new = line.run()
    assert with_new.work["downloaded_images"] == 1
    assert with_new.work["downloaded_bytes"] == len(new.data)
    assert set(with_new.by_path) == {*before.by_path, new.path}
    assert all(with_new.group_of(path) == row["Group ID"] for path, row in before.by_path.items())
    assert with_new.group_of(new.path) == before.group_of("scrape/coffee.jpg")

    changed = jpeg(photograph("chelsea"), 88)
    write_file(source / new.path, changed, time_of(new.path) + 60)
    with_changed = line.run()
    assert with_changed.work["downloaded_images"] == 1
    assert with_changed.work["downloaded_bytes"] == len(changed)
    assert with_changed.group_of(new.path) == before.group_of("scrape/chelsea.jpg")

    (source / new.path).unlink()
    with_removed = line.run()
    assert with_removed.work["downloaded_images"] == 0
    assert with_removed.csv == before.csv
    assert with_removed.page == before.page


def test_a_group_that_loses_its_kept_image_is_decided_anew(first: tuple[Line, Outcome]) -> None:
    line, before = first
    (kept,) = (path for path in copies_of("coffee") if before.by_path[path]["Status"] == "Best")
    (other,) = copies_of("coffee") - {kept}
    (Path(line.source) / kept).unlink()
    outcome = line.run()
    assert kept not in outcome.by_path
    assert outcome.by_path[other]["Status"] == "Best"
    assert outcome.by_path[other]["Group Size"] == "1"
    assert outcome.work["downloaded_images"] == 0
    write_collection(Path(line.source), [planted for planted in small_collection() if planted.path == kept])
    assert line.run().csv == before.csv


def test_a_new_threshold_verifies_again_and_downloads_nothing(first: tuple[Line, Outcome]) -> None:
    line, before = first
    strict = replace(line, policies={"verified_groups": {"min_local_inliers": 400}})
    outcome = strict.run()
    assert outcome.work["downloaded_images"] == 0
    assert outcome.work["verified_pairs"] > 0
    without_the_crop = frozenset(copies_of("astronaut") - {"uploads/astronaut cropped.jpg"})
    assert outcome.groups == {without_the_crop, *(frozenset(copies_of(name)) for name in ("chelsea", "coffee"))}
    back = line.run()
    assert back.work["downloaded_images"] == 0
    assert back.csv == before.csv


def test_a_broken_file_that_is_mended_joins_its_group(first: tuple[Line, Outcome]) -> None:
    line, before = first
    assert before.by_path["catalog/half.jpg"]["Status"] == "Unreadable"
    path = Path(line.source) / "catalog/half.jpg"
    broken = path.read_bytes()
    write_file(path, jpeg(photograph("chelsea")), time_of("catalog/half.jpg") + 60)
    outcome = line.run()
    assert outcome.work["downloaded_images"] == 1
    assert outcome.group_of("catalog/half.jpg") == before.group_of("scrape/chelsea.jpg")
    write_file(path, broken, time_of("catalog/half.jpg"))
    assert line.run().csv == before.csv
