"""What holds for every source of images, tried on a folder and on a container."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dedup_assets.errors import BlobChanged, BlobVanished, DestinationTaken, StoreAccessError
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import Blob, ImageStore, require_organized
from dedup_assets.resources.locations import FolderLocation, parse_location
from dedup_assets_tests.azurite import Azurite

ODD_NAMES = [
    "plain.jpg",
    "with space.jpg",
    "#hash.jpg",
    "100%.jpg",
    "%41%2F.jpg",
    "what?.jpg",
    "a&b+c=d;e.jpg",
    "f\u00fcr-composed.jpg",
    "fu\u0308r-decomposed.jpg",
    "emoji \U0001f600.jpg",
    "quotes ' and \".jpg",
    "new\nline.jpg",
    "tab\there.jpg",
    "[x]{y}|^`~.jpg",
    ".hidden.jpg",
    "no_suffix",
    "ends with dot.",
    " space at both ends ",
    "%2e%2e",
    "l\u00e4\u00e4nge-" + "x" * 200 + ".jpg",
]


@dataclass
class Source:
    """A source to be filled and changed behind the back of its store."""

    store: ImageStore
    put: Callable[[str, bytes], None]
    delete: Callable[[str], None]
    everything: Callable[[], dict[str, bytes]]

    def fill(self, *paths: str) -> None:
        for path in paths:
            self.put(path, path.encode())

    def listed(self, prefix: str = "", recursive: bool = True) -> dict[str, Blob]:
        blobs = list(self.store.list_blobs(prefix, recursive))
        by_path = {blob.path: blob for blob in blobs}
        assert len(by_path) == len(blobs)
        return by_path


@pytest.fixture(params=["folder", "container", "prefix of a container"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    if request.param == "folder":
        return _folder_source(tmp_path)
    azurite: Azurite = request.getfixturevalue("azurite_credentials")
    return _container_source(azurite, "photos" if request.param.startswith("prefix") else "")


def _folder_source(parent: Path) -> Source:
    root = parent / "photos"
    root.mkdir()

    def put(path: str, data: bytes) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)

    def everything() -> dict[str, bytes]:
        return {str(path.relative_to(parent)): path.read_bytes() for path in parent.rglob("*") if path.is_file()}

    return Source(open_image_store(FolderLocation(root)), put, lambda path: (root / path).unlink(), everything)


def _container_source(azurite: Azurite, prefix: str) -> Source:
    client = azurite.container()
    start = f"{prefix}/" if prefix else ""

    def put(path: str, data: bytes) -> None:
        client.upload_blob(start + path, data, overwrite=True)

    def everything() -> dict[str, bytes]:
        return {name: client.download_blob(name).readall() for name in client.list_blob_names()}

    location = parse_location(f"az://{azurite.account}/{client.container_name}/{prefix}")
    return Source(open_image_store(location), put, lambda path: client.delete_blob(start + path), everything)


def test_every_odd_name_is_listed_and_read_as_it_is(source: Source) -> None:
    paths = [*ODD_NAMES, *(f"odd {name}/x" for name in ODD_NAMES)]
    source.fill(*paths)
    listed = source.listed()
    assert sorted(listed) == sorted(paths)
    for path, blob in listed.items():
        assert source.store.read(path, blob.etag) == path.encode()


def test_a_listed_blob_tells_size_and_time(source: Source) -> None:
    source.put("a.jpg", b"12345")
    blob = source.listed()["a.jpg"]
    assert blob.size_bytes == 5
    assert blob.modified_at.tzinfo is UTC
    assert abs(blob.modified_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_directory_is_listed_with_or_without_what_is_below(source: Source) -> None:
    source.fill("top.jpg", "a/1.jpg", "a/b/2.jpg", "ab/3.jpg", "a b/4.jpg")
    assert set(source.listed("a")) == {"a/1.jpg", "a/b/2.jpg"}
    assert set(source.listed("a", recursive=False)) == {"a/1.jpg"}
    assert set(source.listed("", recursive=False)) == {"top.jpg"}
    assert set(source.store.list_directories()) == {"a", "ab", "a b"}
    assert set(source.store.list_directories("a")) == {"a/b"}


def test_a_directory_that_vanished_is_empty(source: Source) -> None:
    source.fill("a.jpg")
    assert source.listed("gone/long ago") == {}
    assert list(source.store.list_directories("gone")) == []


def test_reading_notices_what_changed_or_vanished_since_the_listing(source: Source) -> None:
    source.fill("changed.jpg", "vanished.jpg")
    listed = source.listed()
    source.put("changed.jpg", b"another picture")
    source.delete("vanished.jpg")
    with pytest.raises(BlobChanged, match=r"changed\.jpg changed"):
        source.store.read("changed.jpg", listed["changed.jpg"].etag)
    with pytest.raises(BlobVanished, match=r"vanished\.jpg"):
        source.store.read("vanished.jpg", listed["vanished.jpg"].etag)
    assert source.listed()["changed.jpg"].etag != listed["changed.jpg"].etag


def test_copies_go_beside_the_source_and_are_never_listed(source: Source) -> None:
    source.fill(*ODD_NAMES, "photos_deduplicates.jpg")
    before, root = source.everything(), source.store.organized_root
    assert "_deduplicated" in root
    for name in ODD_NAMES:
        assert source.store.copy(name, f"{root}/best/{name}")
    copies = {f"{root}/best/{name}": name.encode() for name in ODD_NAMES}
    assert source.everything() == before | copies
    assert set(source.listed()) == {*ODD_NAMES, "photos_deduplicates.jpg"}
    assert list(source.store.list_directories()) == []


def test_a_copy_that_is_there_already_counts_as_done(source: Source) -> None:
    source.fill("a.jpg")
    destination = f"{source.store.organized_root}/best/a.jpg"
    assert source.store.copy("a.jpg", destination) == source.store.copy("a.jpg", destination)


def test_a_copy_never_overwrites_anything_else(source: Source) -> None:
    source.fill("a.jpg", "b.jpg")
    destination = f"{source.store.organized_root}/best/a.jpg"
    source.store.copy("b.jpg", destination)
    before = source.everything()
    with pytest.raises(DestinationTaken, match="best/a"):
        source.store.copy("a.jpg", destination)
    assert source.everything() == before


def test_copying_what_vanished_says_so_and_leaves_nothing(source: Source) -> None:
    source.fill("a.jpg")
    before = source.everything()
    with pytest.raises(BlobVanished, match=r"gone\.jpg"):
        source.store.copy("gone.jpg", f"{source.store.organized_root}/gone.jpg")
    assert source.everything() == before


def test_undoing_a_copy_deletes_that_copy_only(source: Source) -> None:
    source.fill("a.jpg")
    before = source.everything()
    destination = f"{source.store.organized_root}/duplicates/x/a.jpg"
    etag = source.store.copy("a.jpg", destination)
    with pytest.raises(BlobChanged):
        source.store.delete_copy(destination, "0x123")
    source.store.delete_copy(destination, etag)
    assert source.everything() == before
    with pytest.raises(BlobVanished):
        source.store.delete_copy(destination, etag)


@pytest.mark.parametrize("destination", ["a.jpg", "{root}", "{root}/", "{root}/../a.jpg", "{root}x/a.jpg", "/{root}/a"])
def test_nothing_is_copied_or_deleted_elsewhere(source: Source, destination: str) -> None:
    source.fill("a.jpg")
    elsewhere = destination.replace("{root}", source.store.organized_root)
    with pytest.raises(ValueError, match="does not lie below"):
        source.store.copy("a.jpg", elsewhere)
    with pytest.raises(ValueError, match="does not lie below"):
        source.store.delete_copy(elsewhere, source.listed()["a.jpg"].etag)


def test_excluded_directories_are_not_listed(source: Source) -> None:
    source.fill("a.jpg", "tables/deep/x.parquet", "tables2/b.jpg", "sub/tables/c.jpg")
    store = open_image_store(source.store.location, exclude=["tables"])
    assert {blob.path for blob in store.list_blobs()} == {"a.jpg", "tables2/b.jpg", "sub/tables/c.jpg"}
    assert set(store.list_directories()) == {"tables2", "sub"}


def test_a_good_source_passes_its_check(source: Source) -> None:
    source.store.check()


def test_a_destination_below_the_organized_root_is_returned() -> None:
    assert require_organized("a_deduplicated/best/..x", "a_deduplicated") == "a_deduplicated/best/..x"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    store = open_image_store(FolderLocation(tmp_path / "missing"))
    with pytest.raises(StoreAccessError, match=f"{tmp_path}/missing does not exist"):
        store.check()
    with pytest.raises(StoreAccessError, match="does not exist"):
        list(store.list_blobs())
    assert not os.path.lexists(tmp_path / "missing")
