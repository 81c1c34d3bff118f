"""Names that a listing leaves out, by default and as a person says."""

import pytest

from dedup_assets.resources.images.left_out import LeftOut


@pytest.mark.parametrize(
    ("path", "glob"),
    [
        ("$RECYCLE.BIN/S-1-5-21/$R1.jpg", "$RECYCLE.BIN"),
        ("disk/$Recycle.Bin/a.jpg", "$RECYCLE.BIN"),
        (".Trash-1000/files/b.jpg", ".Trash*"),
        (".Trashes/501/b.jpg", ".Trash*"),
        ("DCIM/.trashed-1700000000-IMG_1.jpg", ".Trash*"),
        (".local/share/Trash/files/a.jpg", "**/.local/share/Trash"),
        ("volume1/#recycle/a.jpg", "#recycle"),
        ("album/@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "@eaDir"),
        ("DCIM/.thumbnails/1.jpg", ".thumb*"),
        ("album/Thumbs.db", "Thumbs.db"),
        ("album/._a.jpg", "._*"),
        ("Catalog Previews.lrdata/a/1.jpg", "*.lrdata"),
        ("x/Photos Library.photoslibrary/resources/derivatives/1.jpg", "**/*.photoslibrary/resources/derivatives"),
        ("x/My.migratedphotolibrary/Thumbnails/1.jpg", "**/*.*library/Thumbnails"),
        ("iPhoto Library/Data/2009/1.jpg", "**/iPhoto Library/Data"),
        ("repository/.git/lfs/objects/0f/3a", "**/.git/lfs"),
    ],
)
def test_what_systems_put_beside_images_is_left_out_wherever_it_lies(path: str, glob: str) -> None:
    assert LeftOut().glob_of(path) == glob


@pytest.mark.parametrize(
    "path",
    [
        "a.jpg", "trash/a.jpg", "recycle.bin/a.jpg", "thumbs/a.jpg", ".picasaoriginals/a.jpg", "Originals/a.jpg", "_a.jpg",
        "x/Photos Library.photoslibrary/originals/1.jpg", "x/Photos Library.photoslibrary/resources/renders/1.jpg",
        "Data/1.jpg", "Thumbnails/1.jpg", ".git/annex/objects/a.jpg", "My library/Previews/1.jpg", "a.lrdata.jpg", "",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_listed(path: str) -> None:
    assert LeftOut().glob_of(path) is None


@pytest.mark.parametrize(
    ("glob", "found", "others"),
    [
        ("*.tif", ["a.tif", "x/y/A.TIF"], ["a.tif.jpg", "tif"]),
        ("private", ["private/a.jpg", "x/PRIVATE/a.jpg", "private"], ["privateer/a.jpg"]),
        ("private/", ["x/private/a.jpg"], ["privateer/a.jpg"]),
        ("/private", ["private/a.jpg"], ["x/private/a.jpg"]),
        ("x/*.png", ["x/a.png"], ["x/y/a.png", "y/x/a.png", "a.png"]),
        ("x/**/*.png", ["x/a.png", "x/y/z/a.png"], ["a.png"]),
        ("x/**", ["x/a.png", "x/y/a.png"], ["x", "xy/a.png"]),
        ("IMG_????.[!h]*", ["img_1234.jpg"], ["img_123.jpg", "img_1234.heic", "img_1/4.jpg"]),
        ("a[0-3].jpg", ["a2.jpg"], ["a4.jpg"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_a_glob_finds_names_anywhere_and_with_a_slash_paths(glob: str, found: list[str], others: list[str]) -> None:
    left_out = LeftOut([glob])
    assert [left_out.glob_of(path) for path in found] == [glob] * len(found)
    assert [left_out.glob_of(path) for path in others] == [None] * len(others)


def test_what_is_included_is_listed_though_a_default_or_another_glob_leaves_it_out() -> None:
    left_out = LeftOut(["*.png", "drafts"], ["@eaDir", "drafts/*.jpg"])
    assert left_out.glob_of("album/@eaDir/a.jpg") is None
    assert left_out.glob_of("drafts/a.jpg") is None
    assert left_out.glob_of("drafts/a.gif") == "drafts"
    assert left_out.glob_of("a.png") == "*.png"
    assert left_out.folder_glob_of("drafts") is None
    assert LeftOut(["drafts"]).folder_glob_of("x/drafts") == "drafts"
