import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dedup_assets.errors import BlobChanged, BlobUnavailable, StoreAccessError
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.left_out import LeftOut
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


def test_a_link_is_listed_with_the_file_that_it_leads_to_in_the_end_or_why_there_is_none(
    folder: Path, images: LocalImages
) -> None:
    (folder / "album").mkdir()
    (folder / "album/a.jpg").write_bytes(b"a")
    (folder.parent / "outside.jpg").write_bytes(b"secret")
    links = {
        "link.jpg": "album/a.jpg",
        "chain.jpg": "album/link.jpg",
        "album/link.jpg": str(folder / "album" / "a.jpg"),
        "by album.jpg": "other/a.jpg",
        "other": "album",
        "out.jpg": "../outside.jpg",
        "gone.jpg": "nowhere.jpg",
        "round.jpg": "round again.jpg",
        "round again.jpg": "round.jpg",
        "null.jpg": "/dev/null",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    found = {blob.path: blob for blob in images.list_blobs() if blob.is_link}
    assert set(found) == set(links)
    leading = {"link.jpg", "chain.jpg", "album/link.jpg", "by album.jpg"}
    assert {path for path, blob in found.items() if blob.link_target == "album/a.jpg"} == leading
    assert {path: blob.link_error for path, blob in found.items() if blob.link_target is None} == {
        "other": "It is a link to 'album', a folder.",
        "out.jpg": "It is a link to '../outside.jpg', outside of the source.",
        "gone.jpg": "It is a link to 'nowhere.jpg', where nothing can be read: No such file or directory.",
        "round.jpg": "It is a link to 'round again.jpg', in a circle.",
        "round again.jpg": "It is a link to 'round.jpg', in a circle.",
        "null.jpg": "It is a link to '/dev/null', outside of the source.",
    }
    assert {blob.size_bytes for blob in found.values()} == {0}
    assert list(images.list_directories()) == ["album"]


def test_a_link_inside_a_source_that_is_reached_by_a_link_leads_to_its_file(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "pictures").symlink_to(folder)
    blobs = LocalImages(FolderLocation(tmp_path / "pictures")).list_blobs()
    assert {blob.path: blob.link_target for blob in blobs} == {"a.jpg": None, "link.jpg": "a.jpg"}


def test_a_link_that_leads_elsewhere_has_another_etag(folder: Path, images: LocalImages) -> None:
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(b"same")
    etags = set()
    for target in ("a.jpg", "b.jpg", "gone.jpg"):
        (folder / "link.jpg").unlink(missing_ok=True)
        (folder / "link.jpg").symlink_to(target)
        etags |= {blob.etag for blob in images.list_blobs() if blob.is_link}
    assert len(etags) == 3


def test_names_of_one_file_share_its_inode_and_tell_how_many_they_are(folder: Path, images: LocalImages) -> None:
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "b.jpg").write_bytes(b"a")
    (folder / "hard.jpg").hardlink_to(folder / "a.jpg")
    found = {blob.path: (blob.device, blob.inode, blob.link_count) for blob in images.list_blobs()}
    assert found["a.jpg"] == found["hard.jpg"]
    assert (found["a.jpg"][2], found["b.jpg"][2]) == (2, 1)


def test_what_is_left_out_by_name_is_counted_by_files_and_warned_of_once(
    folder: Path, images: LocalImages, caplog: pytest.LogCaptureFixture
) -> None:
    kept = {"album/a.jpg", "album/b.jpg"}
    for path in (*kept, "album/._a.jpg", "album/._b.jpg", "album/@eaDir/a.jpg/M.jpg", "album/@eaDir/b.jpg/M.jpg"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    tell_left_out.cache_clear()
    assert listed(images) == kept
    assert images.left_out.counts == {"._*": 2, "@eaDir": 2}
    assert sorted(message.rpartition(": ")[2] for message in caplog.messages) == [
        "its name is like '._*'; --include '._*' takes it in",
        "its name is like '@eaDir'; --include '@eaDir' takes it in",
    ]
    assert list(images.list_directories("album")) == []
    assert list(images.list_blobs("album/@eaDir")) == []
    assert listed(LocalImages(FolderLocation(folder), left_out=LeftOut(["b.jpg"], ["@eaDir", "*/a.jpg/M.jpg"]))) == {
        "album/a.jpg", "album/@eaDir/a.jpg/M.jpg", "album/@eaDir/b.jpg/M.jpg",
    }  # fmt: skip


def test_the_first_bytes_are_read_alone(folder: Path, images: LocalImages) -> None:
    (folder / "a").write_bytes(b"0123456789")
    (blob,) = images.list_blobs()
    assert images.read("a", blob.etag, 4) == b"0123"
    assert images.read("a", blob.etag, 40) == b"0123456789"


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
