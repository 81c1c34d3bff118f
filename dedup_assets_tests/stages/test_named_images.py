import os
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.errors import UnknownImageError
from dedup_assets.stages.named_images import NamedImages

GROUP = "g00000000000000ab"


def named(source: str = "az://account/container") -> NamedImages:
    rows = [
        (7, "shop/red.jpg", b"r" * 32, "Best", GROUP, 2, None, None),
        (8, "shop/red small.jpg", b"s" * 32, "Duplicate", GROUP, 2, "shop/red.jpg", None),
        (12, "~red.jpg", b"u" * 32, "Best", "g000000000000000c", 1, None, None),
        (9, "web/7", b"t" * 32, "Best", "g0000000000000009", 1, None, None),
        (10, "web/\u202egpj.jpg", b"r" * 32, "Duplicate", GROUP, 2, "shop/red.jpg", None),
        (13, "web/bad\uefff.jpg", b"v" * 32, "Best", "g000000000000000d", 1, None, None),
        (11, "web/half.jpg", None, "Unreadable", None, 1, None, "It ends too early."),
    ]
    columns = {
        "image_id": pl.Int64, "path": pl.String, "file_sha256": pl.Binary, "status": pl.String, "group_id": pl.String,
        "group_size": pl.Int32, "representative_path": pl.String, "cause": pl.String,
    }  # fmt: skip
    return NamedImages(pl.DataFrame(rows, schema=columns, orient="row"), source)


@pytest.mark.parametrize(
    ("name", "image_id"),
    [
        ("shop/red small.jpg", 8),
        ("~red.jpg", 12),
        ("web/7", 9),
        ("web/bad\uefff.jpg", 13),
        ("web/bad\udcff.jpg", 13),  # the byte 0xFF, as a shell hands it on
        ("7", 7),
        ("10", 10),
        (GROUP, 7),
        ((b"s" * 32).hex(), 8),
    ],
)
@pytest.mark.parametrize("source", ["az://account/container", "photos"])
def test_an_image_is_found_by_its_path_its_id_its_group_and_its_bytes(source: str, name: str, image_id: int) -> None:
    assert named(source).find(name)["image_id"] == image_id


def test_a_file_below_the_source_is_found_by_its_path_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = named(str(tmp_path / "photos"))
    assert images.find(str(tmp_path / "photos" / "shop" / "red.jpg"))["image_id"] == 7
    (tmp_path / "photos" / "shop").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "photos" / "shop")
    assert images.find(f".{os.sep}red small.jpg")["image_id"] == 8
    with pytest.raises(UnknownImageError):
        images.find(str(tmp_path / "shop/red.jpg"))


@pytest.mark.parametrize("name", ["shop/red smal.jpg", "web/red small.jpg", "red small.jpg"])
def test_an_unknown_name_is_told_with_the_nearest_ones(name: str) -> None:
    with pytest.raises(
        UnknownImageError, match=r"No image of the report is called .* names are: .*shop/red small\.jpg"
    ):
        named().find(name)


@pytest.mark.parametrize("name", ["", "99999999999999999999", "g0000000000000000", "f" * 64, "\x00"])
def test_what_is_like_nothing_is_told_alone(name: str) -> None:
    with pytest.raises(UnknownImageError, match=r"^No image of the report is called '[^']*'\.$"):
        named().find(name)


def test_nothing_can_be_decided_about_an_image_that_cannot_be_read() -> None:
    with pytest.raises(UnknownImageError, match=r"web/half\.jpg cannot be read, .*: It ends too early\."):
        named().find("web/half.jpg")


def test_all_paths_of_a_content_are_known() -> None:
    assert named().paths_of(b"r" * 32) == ["shop/red.jpg", "web/\u202egpj.jpg"]
    assert named().paths_of(b"x" * 32) == []


def test_the_home_of_nobody_is_no_place_in_the_source() -> None:
    with pytest.raises(UnknownImageError, match="is called '~nobody-here/x'"):
        named("photos").find("~nobody-here/x")
