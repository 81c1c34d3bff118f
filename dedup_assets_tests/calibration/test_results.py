"""The files of a calibration: complete, the same every time, and never in the place of another's."""

import csv
import io
from pathlib import Path

import pytest
import yaml
from PIL import Image

from dedup_assets.calibration.outcome import Calibration
from dedup_assets.calibration.results import HEADER, policies_of, prepare_folder, table_of, write_results
from dedup_assets.errors import CalibrationError
from dedup_assets.policies import build_policies
from dedup_assets_tests.conftest import write_files


def test_the_table_tells_recall_of_copies_and_rates_of_others(calibration: Calibration) -> None:
    rows = list(csv.DictReader(io.StringIO(table_of(calibration.points))))
    assert list(rows[0]) == HEADER.split(",")
    assert len(rows) == len(calibration.points)
    for row in rows:
        assert (row["recall"] == "") == (row["family"] == "different") != (row["false_pairs"] == "")
        if row["family"] == "different":
            assert float(row["false_per_million"]) <= float(row["false_per_million_at_most"])
    assert {row["threshold"] for row in rows if row["is_present"] == "True"} == set(calibration.present.values)


def test_files_are_written_and_an_earlier_calibration_is_replaced(calibration: Calibration, tmp_path: Path) -> None:
    source = str(tmp_path / "source")
    folder = prepare_folder(str(tmp_path / "out"), source)
    names = write_results(folder, calibration)
    assert sorted(names) == sorted(path.name for path in folder.iterdir())
    assert {"calibration.csv", "calibration.png", "policies.yaml", "sample_duplicates.jpg"} <= set(names)
    with Image.open(folder / "calibration.png") as picture:
        assert picture.width == 1200
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_results(prepare_folder(str(folder), source), calibration)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_policies_are_a_policy_file_of_the_present_values(calibration: Calibration) -> None:
    sections = yaml.safe_load(policies_of(calibration))
    policies = build_policies(sections)
    assert policies["verification_policy"] == calibration.present.verification
    assert policies["candidate_policy"] == calibration.present.candidates
    assert sections["similar_groups"]["min_copy_cosine"] == calibration.present.values["min_copy_cosine"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"notes.txt": b"mine"}, "holds something else"),
        ({"calibration.csv": b"a,b\n1,2\n"}, "holds something else"),
        ({"calibration.png": b"a picture of mine"}, "holds something else"),
    ],
)
def test_files_of_others_are_never_replaced(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    write_files(tmp_path / "out", files)
    with pytest.raises(CalibrationError, match=words):
        prepare_folder(str(tmp_path / "out"), str(tmp_path / "source"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(CalibrationError, match=r"[Gg]ive --out"):
            prepare_folder(str(out), str(tmp_path / "source"))


@pytest.mark.parametrize("out", ["source", "source/results", "az://account/container"])
def test_results_never_go_into_the_source_or_a_container(tmp_path: Path, out: str) -> None:
    (tmp_path / "source").mkdir()
    place = out if "://" in out else str(tmp_path / out)
    with pytest.raises(CalibrationError, match="give --out a folder"):
        prepare_folder(place, str(tmp_path / "source"))
    assert list((tmp_path / "source").iterdir()) == []
