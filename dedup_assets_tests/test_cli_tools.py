"""Commands that need no pipeline."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dedup_assets.cli import main
from dedup_assets.cli_tools import plain_errors
from dedup_assets.settings import SettingsError

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


def test_a_wrong_database_is_one_sentence_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:hunter2@127.0.0.1:9/none")
    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "hunter2" not in result.output


def test_an_expected_error_is_one_sentence_and_any_other_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), plain_errors():
        raise SettingsError("It is so.")
    assert capsys.readouterr().err == "Error: It is so.\n"
    with pytest.raises(ZeroDivisionError), plain_errors():
        raise ZeroDivisionError


def test_every_command_explains_itself() -> None:
    for name in main.commands:
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0
        assert len(result.output.splitlines()) > 5
