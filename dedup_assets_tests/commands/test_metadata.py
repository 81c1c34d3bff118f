"""`dedup-assets metadata` on files as they come."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dedup_assets.cli import main

TEXT = "a fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 99, Model hash: 6ce0161689, Model: sd"


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    text = PngInfo()
    text.add_text("parameters", TEXT)
    Image.new("RGB", (8, 8)).save(tmp_path / "a fox.png", pnginfo=text)
    return tmp_path / "a fox.png"


def test_metadata_prints_one_json_object_a_file(generated: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    Image.new("RGB", (8, 8)).save(plain)
    result = CliRunner().invoke(main, ["metadata", str(generated), str(plain), "--format", "json"])
    first, second = (json.loads(line) for line in result.output.splitlines())
    assert (first["path"], first["seed"], first["steps"], first["prompt"]) == (str(generated), 99, 20, "a fox")
    assert len(first["metadata_hash"]) == 64
    assert (second["tool"], second["metadata_hash"]) == (None, None)


def test_metadata_for_people_leaves_out_what_is_not_known(generated: Path) -> None:
    output = CliRunner().invoke(main, ["metadata", str(generated)]).output
    assert "seed: 99" in output
    assert "subseed" not in output


@pytest.fixture
def hostile_folder(generated: Path) -> Path:
    """A folder, a cut picture, a text, an empty file and a name with a line break beside a whole picture."""
    folder = generated.parent
    whole = generated.read_bytes()
    (folder / "folder.png").mkdir()
    (folder / "cut.png").write_bytes(whole[: whole.index(b"Steps")])
    (folder / "text.png").write_bytes(b"hello")
    (folder / "empty.png").write_bytes(b"")
    (folder / "new\nline {}.png").write_bytes(whole)
    return folder


def test_one_file_that_cannot_be_read_does_not_stop_the_others(hostile_folder: Path) -> None:
    names = ["missing.png", "folder.png", "cut.png", "text.png", "empty.png", "new\nline {}.png"]
    paths = [str(hostile_folder / name) for name in names]
    result = CliRunner().invoke(main, ["metadata", *paths, "--format", "json"])
    rows = [json.loads(line) for line in result.output.splitlines()]
    assert [row["path"] for row in rows] == paths
    assert [row["error"] for row in rows] == [
        "the file cannot be read: there is none",
        "the file cannot be read: it is a folder or a device",
        "a PNG tEXt chunk is cut",
        None,
        None,
        None,
    ]
    assert (rows[-1]["seed"], result.exit_code) == (99, 1)
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


def test_files_that_are_read_but_tell_nothing_are_no_failure(hostile_folder: Path) -> None:
    assert CliRunner().invoke(main, ["metadata", str(hostile_folder / "text.png")]).exit_code == 0


def test_a_name_of_bytes_that_are_no_text_is_told_in_either_format(generated: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(generated.parent) + b"/\xff\xfe.png"))
    odd.write_bytes(generated.read_bytes())
    command = [sys.executable, "-m", "dedup_assets.cli", "metadata", str(odd)]
    as_json = subprocess.run([*command, "--format", "json"], capture_output=True, check=True).stdout
    in_words = subprocess.run(command, capture_output=True, check=True).stdout
    assert json.loads(as_json)["path"] == str(odd)
    assert b"\\udcff\\udcfe.png" in in_words
