"""A folder of photographs is measured: everything is counted, nothing is written, and the curves are true."""

from dataclasses import replace
from pathlib import Path

import pytest

from dedup_assets.calibration.curves import UNRELATED, CurvePoint, curve_of, family_total
from dedup_assets.calibration.outcome import Calibration, SamplePlan
from dedup_assets.calibration.ranges import RANGES
from dedup_assets.calibration.results import table_of
from dedup_assets.errors import CalibrationError
from dedup_assets_tests.calibration.conftest import files, measured
from dedup_assets_tests.calibration.samples import NAMES
from dedup_assets_tests.conftest import write_files


def ends_of(calibration: Calibration, name: str) -> tuple[list[CurvePoint], list[CurvePoint]]:
    """The points of a threshold at its lowest and its highest value."""
    curve = list(curve_of(calibration.points, name).values())
    return curve[0], curve[-1]


def paths_of(calibration: Calibration) -> list[str]:
    return [image.path for image in calibration.sample.images]


def share(points: list[CurvePoint], *families: str) -> float:
    totals = [family_total(points, family) for family in ("near", "turned", "copy", "different") if family in families]
    return sum(total.passed for total in totals if total) / sum(total.pairs for total in totals if total)


def test_every_image_of_the_sample_is_accounted_for(calibration: Calibration) -> None:
    sample = calibration.sample
    assert sample.listed == len(files()) - 1
    assert (sample.same_bytes, [each.path for each in sample.unreadable]) == (1, ["half.jpg"])
    assert len(sample.images) == len(NAMES) + 1
    assert len(sample.planted) == 4 * len(sample.images)


def test_copies_in_the_sample_are_set_aside_and_named(calibration: Calibration) -> None:
    names = [{calibration.sample.images[number].path for number in pair} for pair in calibration.duplicates]
    assert names == [{"smaller.jpg", "photos/chelsea.png.jpg"}]
    contents = len(calibration.sample.images)
    assert calibration.unrelated == contents * (contents - 1) // 2 - 1


def test_the_source_is_left_as_it_is(calibration: Calibration, source: Path) -> None:
    kept = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    assert calibration.points
    assert kept == files()


@pytest.mark.parametrize("name", RANGES)
def test_every_threshold_has_its_present_value_on_its_curve_once(calibration: Calibration, name: str) -> None:
    present = [point for point in calibration.points if point.threshold == name and point.is_present]
    assert {point.value for point in present} == {calibration.present.values[name]}
    assert sum(point.kind == UNRELATED for point in present) == 1


@pytest.mark.parametrize("name", ["max_dct_distance", "min_shown_share"])
def test_a_tight_threshold_loses_copies(calibration: Calibration, name: str) -> None:
    low, high = ends_of(calibration, name)
    tight, loose = (low, high) if name.startswith("max_") else (high, low)
    assert share(tight, "near", "turned", "copy") < share(loose, "near", "turned", "copy")


def test_a_loose_threshold_lets_different_pictures_through_and_the_present_one_does_not(
    calibration: Calibration,
) -> None:
    name = "min_color_agreement"
    assert share(ends_of(calibration, name)[0], "different") > 0
    present = curve_of(calibration.points, name)[calibration.present.values[name]]
    whole = [point for point in present if point.kind != "a thing added"]  # which may be too small to be seen
    assert share(whole, "different") == 0


def test_a_loose_cosine_lets_unrelated_pairs_through(calibration: Calibration) -> None:
    low, high = ends_of(calibration, "min_copy_cosine")
    passed = [next(point for point in points if point.kind == UNRELATED).passed for points in (low, high)]
    assert passed[0] > calibration.unrelated / 2
    assert passed[1] == 0


def test_nearly_all_planted_copies_are_found_by_the_present_policy(calibration: Calibration) -> None:
    present = curve_of(calibration.points, "min_overlap")[calibration.present.values["min_overlap"]]
    assert share(present, "near", "turned", "copy") > 0.9


def test_the_same_source_gives_the_same_table_whatever_the_threads(source: Path) -> None:
    plan = SamplePlan(images=4, edits_per_image=2)
    one, three = (measured(source, plan, workers) for workers in (1, 3))
    assert table_of(one.points) == table_of(three.points)
    assert paths_of(one) == paths_of(three)
    other = measured(source, replace(plan, seed=7, edits_per_image=0))
    assert paths_of(other) != paths_of(one)


def test_what_is_accepted_among_distinct_images_counts_as_false(tmp_path: Path) -> None:
    names = ("photos/chelsea.png.jpg", "smaller.jpg", "again.jpg")
    write_files(tmp_path / "distinct", {name: files()[name] for name in names})
    distinct = measured(tmp_path / "distinct", SamplePlan(edits_per_image=0, distinct=True))
    present = curve_of(distinct.points, "min_overlap")[distinct.present.values["min_overlap"]]
    assert [point.passed for point in present if point.kind == UNRELATED] == [1]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "There are no images in"),
        (["notes.txt"], "There are no images"),
        (["half.jpg", "again.jpg"], "half.jpg: The JPEG"),
        (["again.jpg"], "Only 1 of 1 image in"),
    ],
)
def test_too_few_images_are_told_with_the_cause(tmp_path: Path, names: list[str], words: str) -> None:
    write_files(tmp_path / "few", {name: files()[name] for name in names})
    with pytest.raises(CalibrationError, match=words):
        measured(tmp_path / "few", SamplePlan(edits_per_image=0))
