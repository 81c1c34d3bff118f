import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dedup_assets.errors import BlobChanged, BlobUnavailable, StoreAccessError
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.own_output import tell_left_out
from dedup_assets.resources.locations import FolderLocation
from dedup_assets_tests.permissions import closed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def images(folder: Path) -> LocalImages:
    return LocalImages(FolderLocation(folder))


def listed(images: LocalImages) -> set[str]:
    return {blob.path for blob in images.list_blobs()}


def test_names_that_are_no_text_are_listed_read_and_copied(folder: Path, images: LocalImages) -> None:
    raw = b"caf\xe9 \xff.jpg"
    with open(os.path.join(os.fsencode(folder), raw), "wb") as file:  # noqa: PTH118, PTH123 (a name of bytes)
        file.write(b"picture")
    (blob,) = images.list_blobs()
    blob.path.encode("utf-8")
    assert images.read(blob.path, blob.etag) == b"picture"
    images.copy(blob.path, f"photos_deduplicated/{blob.path}")
    (copied,) = (folder.parent / "photos_deduplicated").iterdir()
    assert os.fsencode(copied.name) == raw


def test_links_to_files_are_images_and_links_to_directories_are_said_to_be_left_out(
    folder: Path, images: LocalImages, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "link.jpg").symlink_to(folder / "a.jpg")
    (folder / "loop").symlink_to(folder)
    (folder / "dangling.jpg").symlink_to(folder / "gone.jpg")
    with caplog.at_level(logging.WARNING):
        assert listed(images) == {"a.jpg", "link.jpg"}
    assert "'loop'" in caplog.text
    assert "'dangling.jpg'" in caplog.text
    assert list(images.list_directories()) == []


def test_pipes_are_not_listed_and_never_waited_for(folder: Path, images: LocalImages) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (blob,) = images.list_blobs()
    (folder / "a.jpg").unlink()
    os.mkfifo(folder / "a.jpg")
    assert listed(images) == set()
    with pytest.raises(BlobChanged):
        images.read("a.jpg", blob.etag)


@pytest.mark.parametrize("prefix", ["", "private"])
def test_a_directory_that_may_not_be_listed_is_named_and_remembered(
    folder: Path, images: LocalImages, caplog: pytest.LogCaptureFixture, prefix: str
) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "private").mkdir()
    (folder / "private" / "b.jpg").write_bytes(b"b")
    tell_left_out.cache_clear()
    with closed(folder / "private"):
        assert {blob.path for blob in images.list_blobs(prefix)} == ({"a.jpg"} if prefix == "" else set())
        assert list(images.list_directories()) == []
    assert images.unlisted == {"private"}
    (warning,) = caplog.messages
    assert warning == "Left out of the listing: 'private': this user may not list it"


def test_a_directory_whose_files_may_be_named_but_not_opened_is_not_taken_for_an_empty_one(
    folder: Path, images: LocalImages
) -> None:
    (folder / "private").mkdir()
    (folder / "private" / "b.jpg").write_bytes(b"b")
    with closed(folder / "private"):
        (folder / "private").chmod(0o400)
        assert list(images.list_blobs("private")) == []
    assert images.unlisted == {"private"}


def test_stores_and_organized_copies_are_left_out_and_what_only_looks_like_them_is_not(
    folder: Path, images: LocalImages, caplog: pytest.LogCaptureFixture
) -> None:
    left_out = ["a/store/report/1.jpg", "shots_deduplicated/best/1.jpg", "shots_deduplicated/duplicates/2.jpg"]
    others = [
        "shots/1.jpg",
        "layout/1.jpg",
        "gone_deduplicated/best/1.jpg",
        "mixed/1.jpg",
        "mixed_deduplicated/best/1.jpg",
        "mixed_deduplicated/mine/1.jpg",
    ]
    for path in [*left_out, *others, "a/store/layout/000001.json", "a/store/tables/x", "b/layout/000001.json"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    tell_left_out.cache_clear()
    assert listed(images) == {*others, "b/layout/000001.json"}
    assert listed(images) == {*others, "b/layout/000001.json"}
    assert set(images.list_directories("a")) == set()
    assert sorted(caplog.messages) == [
        "Left out of the listing: 'a/store': it is the tables and the report of a run",
        "Left out of the listing: 'shots_deduplicated': it is the organized copy of 'shots'",
    ]


def test_a_source_that_may_not_be_opened_fails_its_check(folder: Path, images: LocalImages) -> None:
    with closed(folder), pytest.raises(StoreAccessError, match="may not be opened by this user"):
        images.check()


def test_a_file_that_may_not_be_opened_is_unavailable(folder: Path, images: LocalImages) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (blob,) = images.list_blobs()
    with closed(folder / "a.jpg"), pytest.raises(BlobUnavailable, match=r"a\.jpg cannot be read: Permission denied"):
        images.read("a.jpg", blob.etag)


def test_a_file_as_source_is_refused(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    with pytest.raises(StoreAccessError, match="is not a folder"):
        LocalImages(FolderLocation(folder / "a.jpg")).check()


def test_a_source_that_was_unmounted_is_not_taken_for_one_whose_images_vanished(
    folder: Path, images: LocalImages
) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (blob,) = images.list_blobs()
    folder.rename(folder.parent / "elsewhere")
    with pytest.raises(StoreAccessError, match="does not exist"):
        images.read("a.jpg", blob.etag)
    with pytest.raises(StoreAccessError, match="does not exist"):
        list(images.list_blobs("some/prefix"))


def test_what_vanishes_while_listing_is_skipped(folder: Path, images: LocalImages) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "1.jpg").write_bytes(b"1")
    listing = images.list_blobs()
    first = next(listing).path
    other = folder / ("b/1.jpg" if first == "a/1.jpg" else "a/1.jpg")
    other.unlink()
    other.parent.rmdir()
    assert list(listing) == []


def test_what_took_the_place_of_a_file_is_not_read(folder: Path, images: LocalImages) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    blob = next(images.list_blobs())
    (folder / "a.jpg").unlink()
    (folder / "a.jpg").mkdir()
    with pytest.raises(BlobChanged):
        images.read("a.jpg", blob.etag)


def test_an_etag_tells_time_and_size(folder: Path, images: LocalImages) -> None:
    (folder / "a.jpg").write_bytes(b"12345")
    os.utime(folder / "a.jpg", ns=(0, 0x123456789))
    (blob,) = images.list_blobs()
    assert blob.etag == "123456789-5"
    assert blob.modified_at == datetime.fromtimestamp(0x123456789 // 1000 / 1e6, UTC)


@pytest.mark.parametrize("path", ["../secret.jpg", "a/../../secret.jpg", "/etc/passwd"])
def test_no_path_leads_out_of_the_source(images: LocalImages, path: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        images.read(path, "0-0")
