import logging
from pathlib import Path

import pytest

from dedup_assets.resources.images.own_output import describe_own_folder, own_directory_in, tell_left_out


def test_what_is_left_out_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    tell_left_out.cache_clear()
    with caplog.at_level(logging.WARNING):
        for path in ("a", "b", "a"):
            tell_left_out(path, "because")
    assert caplog.messages == [f"Left out of the listing: {path!r}: because" for path in ("a", "b")]


@pytest.mark.parametrize("name", ["_deduplicated", "photos", "photos_deduplicated"])
def test_a_folder_without_what_belongs_to_it_is_nobodys(tmp_path: Path, name: str) -> None:
    (tmp_path / name / "best").mkdir(parents=True)
    assert describe_own_folder(tmp_path / name) is None


@pytest.mark.parametrize(
    ("name", "directory", "needed"),
    [
        ("a/b/layout/000001.json", "a/b", "a/b/tables/"),
        ("shots_deduplicated/best/1.jpg", "shots_deduplicated", "shots/"),
        ("a/shots_deduplicated/duplicates/b/1.jpg", "a/shots_deduplicated", "a/shots/"),
    ],
)
def test_a_name_gives_its_directory_away(name: str, directory: str, needed: str) -> None:
    found = own_directory_in(name)
    assert found is not None
    assert found[:2] == (directory, needed)


@pytest.mark.parametrize(
    "name", ["layout/000001.json", "a/layout/000001.json.jpg", "a_deduplicated/1.jpg", "best/1.jpg"]
)
def test_other_names_give_nothing_away(name: str) -> None:
    assert own_directory_in(name) is None
