"""Where the records of a store lie, what it remembers of its last run, and what is told where there is nothing to run."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dedup_assets.automation.running import (
    dagster_home,
    prepare_home,
    recall,
    refuse_another_source,
    remember,
    run_everything,
)
from dedup_assets.definitions import build_definitions
from dedup_assets.errors import NoImagesError, SettingsError
from dedup_assets.settings import Settings
from dedup_assets_tests.conftest import write_files

PROJECT = Path(__file__).parents[2]
SETTINGS = Settings(
    source="/photos", store="", prefix_depth=2, workers=3, policies={"verified_groups": {"min_overlap": 0.5}}
)


@pytest.fixture(autouse=True)
def undone_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare_home` sets variables: they are put back after each test."""
    for name in (
        "DEDUP_SOURCE",
        "DEDUP_STORE",
        "DEDUP_PREFIX_DEPTH",
        "DEDUP_WORKERS",
        "DEDUP_POLICIES",
        "DAGSTER_HOME",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_the_records_of_a_local_store_lie_inside_it(tmp_path: Path) -> None:
    assert dagster_home(str(tmp_path / "store")) == tmp_path / "store/dagster"


def test_the_records_of_a_container_lie_in_a_folder_of_their_own_below_the_users_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    name = hashlib.sha256(b"az://account/container/a").hexdigest()[:16]
    assert dagster_home("az://account/container/a") == tmp_path / "dedup-assets" / name
    assert dagster_home("az://account/container/b") != dagster_home("az://account/container/a/")


def test_a_home_is_made_ready_with_the_projects_own_configuration(tmp_path: Path) -> None:
    home = prepare_home(Settings(source="/photos", store=str(tmp_path)))
    for name in ("dagster.yaml", "workspace.yaml"):
        assert (home / name).read_text() == (PROJECT / name).read_text()


def test_every_process_that_is_started_afterwards_reads_the_same_settings(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"store": str(tmp_path)})
    home = prepare_home(settings)
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert Settings.from_environment() == settings
    script = "from dedup_assets.settings import Settings; print(Settings.from_environment())"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == f"{settings}\n"


def test_a_store_remembers_what_it_was_filled_from(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"store": str(tmp_path)})
    assert recall(str(tmp_path)) is None
    remember(settings)
    assert recall(str(tmp_path)) == settings


def test_a_store_that_was_moved_is_found_where_it_is_now(tmp_path: Path) -> None:
    remember(Settings(source="/photos", store=str(tmp_path / "old")))
    (tmp_path / "old").rename(tmp_path / "new")
    assert recall(str(tmp_path / "new")) == Settings(source="/photos", store=str(tmp_path / "new"))


def test_a_secret_that_an_earlier_version_wrote_down_is_not_taken_up_again(tmp_path: Path) -> None:
    policies = {"embeddings": {"http_url": "http://me:hunter2@x/embeddings", "http_attempts": 3}}
    remember(Settings(source="/photos", store=str(tmp_path), policies=policies))
    settings = recall(str(tmp_path))
    assert settings is not None
    assert settings.policies == {"embeddings": {"http_attempts": 3}}
    assert "hunter2" not in (prepare_home(settings) / "policies.yaml").read_text()


def test_relative_addresses_are_remembered_in_a_form_that_any_directory_understands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    remember(Settings(source="photos", store="store"))
    remembered = recall("store")
    assert remembered is not None
    assert remembered.source == str(tmp_path / "photos")


def test_a_person_at_a_terminal_is_not_remembered(tmp_path: Path) -> None:
    remember(Settings(source="/photos", store=str(tmp_path), at_terminal=True))
    assert recall(str(tmp_path)) == Settings(source="/photos", store=str(tmp_path))


def test_a_source_without_images_is_told_in_one_sentence(tmp_path: Path) -> None:
    write_files(tmp_path / "photos", {"read me.txt": b"no picture"})
    settings = Settings(source=str(tmp_path / "photos"), store=str(tmp_path / "store"))
    prepare_home(settings)
    with pytest.raises(NoImagesError, match=r"There are no images in .*photos\. Give a folder or container"):
        run_everything(build_definitions(settings), settings)


def test_policies_are_written_where_a_person_can_read_them(tmp_path: Path) -> None:
    home = prepare_home(Settings(source="/photos", store=str(tmp_path), policies=SETTINGS.policies))
    assert yaml.safe_load((home / "policies.yaml").read_text()) == SETTINGS.policies


def test_a_store_takes_one_source_and_says_which(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    refuse_another_source(Settings(source="/photos", store=store))
    remember(Settings(source="/photos", store=store))
    refuse_another_source(Settings(source="/photos", store=store, workers=2))
    with pytest.raises(SettingsError, match="was filled from /photos, not from /other"):
        refuse_another_source(Settings(source="/other", store=store))


def test_a_store_that_cannot_be_a_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot hold the tables"):
        prepare_home(Settings(source="/photos", store=str(tmp_path / "file")))


def test_asking_for_a_store_that_is_not_there_does_not_make_it(tmp_path: Path) -> None:
    assert recall(str(tmp_path / "mistyped")) is None
    assert list(tmp_path.iterdir()) == []
