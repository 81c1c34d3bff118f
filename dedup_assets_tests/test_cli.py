import json
from pathlib import Path

import click
import pytest

from dedup_assets.automation.running import remember
from dedup_assets.cli import main
from dedup_assets.settings import Settings
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.commands import dedup_assets

COMMANDS = sorted(main.commands)


def test_the_help_is_a_page_for_people() -> None:
    said = dedup_assets("--help")
    assert said.code == 0
    assert "Find duplicate images in a folder or a container" in said.out
    assert "Nothing is ever deleted, moved or changed in the source." in said.out
    assert all(f"\n  {name} " in said.out for name in COMMANDS)
    assert max(map(len, said.out.splitlines())) <= 120


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_its_options(name: str) -> None:
    said = dedup_assets(name, "--help")
    assert said.code == 0
    command = main.commands[name]
    assert command.help
    undescribed = [each.name for each in command.params if isinstance(each, click.Option) and not each.help]
    assert undescribed == []


def test_run_asks_for_a_source() -> None:
    said = dedup_assets("run")
    assert said.code == 2
    assert "SOURCE" in said.err


def test_the_promised_options_are_there() -> None:
    options = {option for each in main.commands["run"].params for option in each.opts}
    assert {"--store", "--prefix-depth", "--workers", "--policies"} <= options
    assert {"--max-requests-per-s", "--max-bytes-per-s", "--decode-timeout"} <= options


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--workers", "0"),
        ("--max-requests-per-s", "0"),
        ("--max-bytes-per-s", "many"),
        ("--max-bytes-per-s", "1000"),
        ("--decode-timeout", "-1"),
    ],
)
def test_a_limit_out_of_its_bounds_is_refused_with_them(tmp_path: Path, option: str, value: str) -> None:
    said = dedup_assets("run", tmp_path, "--store", tmp_path / "store", option, value)
    assert said.code == 2
    assert option in said.err
    assert value in said.err
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("command", ["ui", "organize"])
def test_a_store_into_which_nothing_was_run_is_told(tmp_path: Path, command: str) -> None:
    said = dedup_assets(command, "--store", tmp_path / "store")
    assert said.code == 1
    assert "dedup-assets run SOURCE --store" in said.sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image_features: [1", "cannot be read"),
        ("image_features", "must hold a section an asset"),
        ("wavelets: {}", "Unknown policy sections ['wavelets']"),
        ("wavelet_groups: {max_distance: 3}", "Unknown settings ['max_distance']"),
        ("wavelet_groups: {max_dct_distance: 300}", "max_dct_distance is 300"),
        ("verified_groups: {min_local_inliers: many}", "min_local_inliers is 'many'"),
    ],
)
def test_a_mistake_in_the_policies_is_told_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    write_files(tmp_path / "photos", {"one.jpg": jpeg(make_photograph(1))})
    (tmp_path / "policies.yaml").write_text(text)
    said = dedup_assets(
        "run", tmp_path / "photos", "--store", tmp_path / "store", "--policies", tmp_path / "policies.yaml"
    )
    assert said.code == 1
    assert words in said.err
    assert not (tmp_path / "store").exists()


def test_missing_policies_are_told_in_one_sentence(tmp_path: Path) -> None:
    said = dedup_assets("run", tmp_path, "--store", tmp_path / "store", "--policies", tmp_path / "none.yaml")
    assert said.code == 1
    assert "none.yaml cannot be read" in said.sentence


def test_a_mistyped_source_leaves_no_store_behind(tmp_path: Path) -> None:
    said = dedup_assets("run", tmp_path / "fotos", "--store", tmp_path / "store")
    assert said.code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["ftp://host/photos", "az://account", "az://Account/photos", ""])
def test_an_address_of_another_form_is_told_in_one_sentence(tmp_path: Path, source: str) -> None:
    said = dedup_assets("run", source, "--store", tmp_path / "store")
    assert said.code == 1
    assert said.sentence


def test_another_prefix_depth_than_the_store_has_is_told(tmp_path: Path) -> None:
    write_files(tmp_path / "photos", {"notes.txt": b""})
    write_files(tmp_path / "store", {"layout/000001.json": b'{"prefix_depth": 2, "placements": {}}'})
    said = dedup_assets("run", tmp_path / "photos", "--store", tmp_path / "store", "--prefix-depth", "1")
    assert said.code == 1
    assert "Use prefix depth 2, or another --store." in said.sentence


def test_relative_addresses_are_remembered_in_a_form_that_any_directory_understands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    remember(Settings(source="photos", store="store"))
    remembered = json.loads((tmp_path / "store" / "project.json").read_text())
    assert remembered["source"] == str(tmp_path / "photos")


def test_a_source_without_images_does_not_take_the_store(tmp_path: Path) -> None:
    write_files(tmp_path / "photos", {"notes.txt": b""})
    assert dedup_assets("run", tmp_path / "photos", "--store", tmp_path / "store").code == 1
    assert not (tmp_path / "store" / "project.json").exists()
