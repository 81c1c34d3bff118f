"""The summary names every threshold, what was left out, and how to change anything."""

import re
from dataclasses import replace

import yaml

from dedup_assets.calibration.curves import kinds_at_present
from dedup_assets.calibration.outcome import Calibration
from dedup_assets.calibration.ranges import RANGES
from dedup_assets.calibration.sampling import UnreadableSample
from dedup_assets.calibration.telling import tell


def test_the_summary_fits_a_terminal_and_names_every_threshold(calibration: Calibration) -> None:
    lines = tell(calibration).splitlines()
    assert max(map(len, lines)) <= 140
    for name in RANGES:
        (row,) = [line for line in lines if line.startswith(f"{name} ")]
        assert f"{calibration.present.values[name]:g}" in row.split()


def test_every_kind_is_told_with_what_became_of_its_pairs(calibration: Calibration) -> None:
    text = tell(calibration)
    for point in kinds_at_present(calibration.points):
        right = point.pairs - point.passed if point.family == "different" else point.passed
        (row,) = re.findall(rf"(?:^|  ){re.escape(point.kind)} +([\d,]+) of ([\d,]+)", text, re.MULTILINE)
        assert row == (f"{right:,}", f"{point.pairs:,}")


def test_what_could_not_be_used_is_told(calibration: Calibration) -> None:
    text = tell(calibration)
    assert "7 of 9 images, 28 edits planted in them, 20 unrelated pairs of them." in text
    assert "1 image left out, with the bytes of another one." in text
    assert "half.jpg: The JPEG file ends before its picture is complete" in text
    assert "Duplicates under the present policy: 1 pair of the sample, set aside" in text


def test_the_summary_ends_with_a_policy_file(calibration: Calibration) -> None:
    sections = yaml.safe_load(tell(calibration).split("nothing else does:\n")[1])
    assert sections["wavelet_groups"]["max_dct_distance"] == calibration.present.candidates.max_dct_distance


def test_a_name_that_would_clear_the_terminal_is_shown_as_signs(calibration: Calibration) -> None:
    sample = replace(calibration.sample, unreadable=[UnreadableSample("a\x1b[2J\udcff.jpg", "It is empty.")])
    text = tell(replace(calibration, sample=sample))
    assert "\x1b" not in text
    assert "[2J\\udcff.jpg: It is empty." in text
