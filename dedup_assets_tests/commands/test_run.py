"""What `dedup-assets run` accepts, and how mistakes are told before anything is written."""

from pathlib import Path

import pytest

from dedup_assets.automation.running import prepare_home, recall
from dedup_assets.commands.run import run
from dedup_assets.settings import Settings
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.commands import dedup_assets


def test_run_asks_for_a_source() -> None:
    said = dedup_assets("run")
    assert said.code == 2
    assert "SOURCE" in said.err


def test_the_promised_options_are_there() -> None:
    options = {option for each in run.params for option in each.opts}
    assert {"--store", "--prefix-depth", "--workers", "--policies"} <= options
    assert {"--max-requests-per-s", "--max-bytes-per-s", "--decode-timeout"} <= options


def test_globs_leave_files_out_and_take_them_in_and_the_ui_goes_on_with_them(tmp_path: Path) -> None:
    picture = jpeg(make_photograph(1))
    names = ("a/x.jpg", "a/@eaDir/x.jpg", "a/drafts/x.jpg", "b.png")
    write_files(tmp_path / "photos", dict.fromkeys(names, picture))
    globs = ("--exclude", "drafts", "--exclude", "*.png", "--include", "@eaDir")
    said = dedup_assets("run", tmp_path / "photos", "--store", tmp_path / "store", *globs)
    assert said.code == 0
    assert "\n2 images in " in f"\n{said.out}"
    assert "2 files left out by name, which --include takes in (1 *.png, 1 drafts)" in said.out
    settings = recall(str(tmp_path / "store"))
    assert settings
    assert (settings.exclude, settings.include) == (["drafts", "*.png"], ["@eaDir"])
    with pytest.MonkeyPatch.context() as environment:
        for name in ("DEDUP_EXCLUDE", "DEDUP_INCLUDE", "DEDUP_SOURCE", "DAGSTER_HOME"):
            environment.setenv(name, "")
        prepare_home(settings)
        assert Settings.from_environment().exclude == ["drafts", "*.png"]


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


def test_a_source_without_images_does_not_take_the_store(tmp_path: Path) -> None:
    write_files(tmp_path / "photos", {"notes.txt": b""})
    assert dedup_assets("run", tmp_path / "photos", "--store", tmp_path / "store").code == 1
    assert not (tmp_path / "store" / "project.json").exists()
