import gzip
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    ContainerClient,
    ContentSettings,
    ResourceTypes,
    generate_account_sas,
)

from dedup_assets.errors import BlobChanged, BlobUnavailable, BlobVanished, StoreAccessError
from dedup_assets.resources.azure import access
from dedup_assets.resources.images.container import AzureImages, decoded, within
from dedup_assets.resources.locations import ContainerLocation
from dedup_assets_tests.azurite import Azurite
from dedup_assets_tests.resources.images.flaky_proxy import Fault, FlakyProxy, flaky_proxy

LONG = timedelta(seconds=30)
SLASHES = ["a//b.jpg", "a///c.jpg", "/lead.jpg", "//deep/lead.jpg", "trailing/", "a/trailing//"]


@pytest.fixture
def container(azurite_credentials: Azurite) -> ContainerClient:
    return azurite_credentials.container()


@pytest.fixture
def proxy(azurite_credentials: Azurite) -> Iterator[FlakyProxy]:
    with flaky_proxy(azurite_credentials.port) as running:
        yield running


def open_images(container: ContainerClient, port: int, prefix: str = "", page_size: int = 5_000) -> AzureImages:
    account = str(container.account_name)
    account_url = f"http://127.0.0.1:{port}/{account}"
    location = ContainerLocation(account, container.container_name, prefix, account_url)
    return AzureImages(location, page_size=page_size)


def test_a_listing_goes_on_over_all_pages(container: ContainerClient, proxy: FlakyProxy) -> None:
    names = {f"p/{number:02d}.jpg" for number in range(10)} | {"q.jpg"}
    for name in names:
        container.upload_blob(name, b"x")
    images = open_images(container, proxy.server_port, page_size=3)
    assert {blob.path for blob in images.list_blobs()} == names
    assert proxy.requests[container.container_name] == 4
    assert {blob.path for blob in images.list_blobs("p", recursive=False)} == names - {"q.jpg"}


@pytest.mark.parametrize("prefix", ["", "photos"])
def test_stores_and_organized_copies_are_left_out_and_what_only_looks_like_them_is_not(
    container: ContainerClient, azurite: Azurite, prefix: str
) -> None:
    left_out = [
        "a/store/layout/000001.json",
        "a/store/report/1.jpg",
        "a/store/tables/x",
        "shots_deduplicated/best/1.jpg",
    ]
    others = ["shots/1.jpg", "layout/1.jpg", "gone_deduplicated/best/1.jpg", "b/layout/000001.json", "b/1.jpg"]
    for name in [*left_out, *others]:
        container.upload_blob(f"{prefix}/{name}" if prefix else name, b"x")
    assert {blob.path for blob in open_images(container, azurite.port, prefix).list_blobs()} == set(others)
    below = open_images(container, azurite.port, prefix)
    assert list(below.list_blobs("a/store/report")) == []
    assert list(below.list_directories("shots_deduplicated")) == []


def test_the_listing_tells_what_the_service_knows(container: ContainerClient, azurite: Azurite) -> None:
    container.upload_blob("a.jpg", b"12345")
    (blob,) = open_images(container, azurite.port).list_blobs()
    known = container.get_blob_client("a.jpg").get_blob_properties()
    assert blob.etag == known.etag.strip('"')
    assert (blob.created_at, blob.modified_at) == (known.creation_time, known.last_modified)


@pytest.mark.parametrize("prefix", ["", "photos"])
def test_names_with_empty_parts_are_listed_read_and_copied(
    container: ContainerClient, azurite: Azurite, prefix: str
) -> None:
    for name in SLASHES:
        container.upload_blob(f"{prefix}/{name}" if prefix else name, name.encode())
    images = open_images(container, azurite.port, prefix)
    listed = {blob.path: blob for blob in images.list_blobs()}
    assert set(listed) == set(SLASHES)
    assert all(images.read(path, blob.etag) == path.encode() for path, blob in listed.items())
    assert images.copy("a//b.jpg", f"{images.organized_root}/best/b.jpg")


def test_walking_the_directories_meets_every_blob_once(container: ContainerClient, azurite: Azurite) -> None:
    names = [*SLASHES, "top.jpg", "a/x.jpg"]
    for name in names:
        container.upload_blob(name, b"x")
    images = open_images(container, azurite.port)

    def walk(directory: str) -> Iterator[str]:
        yield from (blob.path for blob in images.list_blobs(directory, recursive=False))
        for child in images.list_directories(directory):
            assert child != directory
            yield from walk(child)

    assert sorted(walk("")) == sorted(names)


def test_reads_of_names_with_empty_parts_are_conditional_too(container: ContainerClient, azurite: Azurite) -> None:
    container.upload_blob("a//b.jpg", b"old")
    images = open_images(container, azurite.port)
    (blob,) = images.list_blobs()
    container.upload_blob("a//b.jpg", b"new", overwrite=True)
    with pytest.raises(BlobChanged):
        images.read("a//b.jpg", blob.etag)
    container.delete_blob("a//b.jpg")
    with pytest.raises(BlobVanished):
        images.read("a//b.jpg", blob.etag)


def account_sas(azurite: Azurite, **rights: bool) -> str:
    return generate_account_sas(
        azurite.account,
        azurite.key,
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(**rights),
        datetime.now(UTC) + timedelta(hours=1),
    )


def put_exactly(container: ContainerClient, azurite: Azurite, name: str) -> None:
    """Upload under a name that the SDK would normalize on its way."""
    connection = HTTPConnection("127.0.0.1", azurite.port)
    path = f"/{azurite.account}/{container.container_name}/{name}?{account_sas(azurite, write=True, create=True)}"
    connection.request("PUT", path, b"x", {"x-ms-blob-type": "BlockBlob"})
    assert connection.getresponse().status == 201
    connection.close()


def test_one_blob_that_is_refused_is_not_taken_for_the_whole_container(
    container: ContainerClient, azurite: Azurite
) -> None:
    put_exactly(container, azurite, "a/../w.jpg")
    images = open_images(container, azurite.port)
    (odd,) = images.list_blobs()
    with pytest.raises(StoreAccessError, match="refuses the credentials"):  # there is no other to tell by
        images.read(odd.path, odd.etag)
    container.upload_blob("b.jpg", b"12345")
    with pytest.raises(BlobUnavailable, match=r"a/\.\./w\.jpg is refused by the service, which hands out others"):
        images.read(odd.path, odd.etag)


def test_who_was_handed_a_blob_asks_for_no_other_where_one_is_refused(
    container: ContainerClient, azurite: Azurite
) -> None:
    put_exactly(container, azurite, "a/../w.jpg")
    container.upload_blob("b.jpg", b"12345")
    images = open_images(container, azurite.port)
    odd, plain = sorted(images.list_blobs(), key=lambda blob: blob.path)
    images.read(plain.path, plain.etag)
    container.delete_blob("b.jpg")
    with pytest.raises(BlobUnavailable, match="hands out others"):
        images.read(odd.path, odd.etag)


def test_where_blobs_are_listed_and_none_is_handed_out_the_source_cannot_be_used(
    container: ContainerClient, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg"):
        container.upload_blob(name, b"12345")
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", account_sas(azurite, list=True))
    images = open_images(container, azurite.port)
    first, _ = images.list_blobs()
    with pytest.raises(StoreAccessError, match="refuses the credentials"):
        images.read(first.path, first.etag)


@pytest.mark.parametrize("fault", ["busy", "too many", "reset", "cut body"])
def test_a_read_that_failed_in_passing_is_repeated(container: ContainerClient, proxy: FlakyProxy, fault: Fault) -> None:
    container.upload_blob("a.jpg", b"picture" * 1000)
    images = open_images(container, proxy.server_port)
    (blob,) = images.list_blobs()
    proxy.faults["a.jpg"] = [fault]
    assert images.read("a.jpg", blob.etag) == b"picture" * 1000
    assert proxy.requests["a.jpg"] == 2


@pytest.mark.parametrize("name", ["a.jpg", "empty//part.jpg"])
def test_a_body_that_drips_is_given_up_at_the_deadline(
    container: ContainerClient, proxy: FlakyProxy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(access, "REQUEST_DEADLINE", timedelta(seconds=2))
    monkeypatch.setitem(access.RETRIES, "retry_timeout", timedelta(seconds=1))
    container.upload_blob(name, b"picture" * 1000)
    images = open_images(container, proxy.server_port)
    (blob,) = images.list_blobs()
    proxy.faults[name.rpartition("/")[-1]] = ["drip"] * 9
    began = time.monotonic()
    with pytest.raises(BlobUnavailable, match="no complete answer came in time"):
        images.read(name, blob.etag)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("name", ["a.jpg", "empty//part.jpg"])
@pytest.mark.parametrize("fault", ["cut body", None])
def test_a_blob_that_is_overwritten_while_it_is_read_is_never_half_the_one_and_half_the_other(
    container: ContainerClient, proxy: FlakyProxy, name: str, fault: Fault | None
) -> None:
    old, new = b"old" * 10_000, b"new" * 10_000
    container.upload_blob(name, old)
    images = open_images(container, proxy.server_port)
    (blob,) = images.list_blobs()
    part = name.rpartition("/")[-1]
    proxy.faults[part] = [fault] if fault else []
    proxy.meanwhile[part] = lambda: container.upload_blob(name, new, overwrite=True)
    if fault is None:
        assert images.read(name, blob.etag) == old
    else:
        with pytest.raises(BlobChanged):
            images.read(name, blob.etag)


def test_a_listing_that_failed_in_passing_is_repeated(container: ContainerClient, proxy: FlakyProxy) -> None:
    container.upload_blob("a.jpg", b"x")
    proxy.faults[container.container_name] = ["busy"]
    assert [blob.path for blob in open_images(container, proxy.server_port).list_blobs()] == ["a.jpg"]


def test_connections_are_kept(container: ContainerClient, proxy: FlakyProxy) -> None:
    container.upload_blob("a.jpg", b"x")
    images = open_images(container, proxy.server_port)
    (blob,) = images.list_blobs()
    for _ in range(10):
        images.read("a.jpg", blob.etag)
        images.check()
    assert proxy.connections <= 3


def fail() -> None:
    raise KeyError("mine")


def test_what_ends_in_time_gives_its_result() -> None:
    assert within(LONG, lambda: 7) == 7


def test_what_fails_in_time_raises_its_own_error() -> None:
    with pytest.raises(KeyError, match="mine"):
        within(LONG, fail)


def test_what_takes_too_long_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        within(timedelta(seconds=0.1), lambda: time.sleep(2))
    assert time.monotonic() - began < 1


def test_blobs_that_stand_for_directories_are_not_listed(container: ContainerClient, azurite: Azurite) -> None:
    container.upload_blob("album", b"", metadata={"hdi_isfolder": "true"})
    container.upload_blob("other.jpg", b"")
    container.upload_blob("other.jpg-2.jpg", b"picture")
    container.upload_blob("other.jpg/1.jpg", b"picture")
    container.upload_blob("empty.jpg", b"")
    images = open_images(container, azurite.port)
    assert {blob.path for blob in images.list_blobs()} == {"other.jpg-2.jpg", "other.jpg/1.jpg", "empty.jpg"}
    assert {blob.path for blob in images.list_blobs(recursive=False)} == {"other.jpg-2.jpg", "empty.jpg"}
    below = container.get_blob_client("photos/")
    below.upload_blob(b"", metadata={"hdi_isfolder": "true"})
    assert list(open_images(container, azurite.port, "photos").list_blobs()) == []


def test_what_systems_put_beside_images_is_left_out_and_counted(container: ContainerClient, azurite: Azurite) -> None:
    for name in ("a/1.jpg", "a/@eaDir/1.jpg/M.jpg", "a/._1.jpg", "$RECYCLE.BIN/1.jpg", "$RECYCLE.BIN/2.jpg"):
        container.upload_blob(name, b"x")
    images = open_images(container, azurite.port)
    assert {blob.path for blob in images.list_blobs()} == {"a/1.jpg"}
    assert images.left_out.counts == {"@eaDir": 1, "._*": 1, "$RECYCLE.BIN": 2}
    images.left_out.counts.clear()
    assert list(images.list_directories()) == ["a"]
    assert images.left_out.counts == {"$RECYCLE.BIN": 2}
    assert list(images.list_blobs("$RECYCLE.BIN")) == []


@pytest.mark.parametrize("name", ["a.jpg", "a//b.jpg"], ids=["obstore", "SDK"])
@pytest.mark.parametrize(
    ("encoding", "stored"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("gzip", bytes), (None, bytes), (None, gzip.compress)],
    ids=["gzip", "deflate", "said to be", "plain", "an archive"],
)
def test_a_blob_is_read_as_its_content_encoding_says(
    container: ContainerClient, azurite: Azurite, name: str, encoding: str | None, stored: Callable[[bytes], bytes]
) -> None:
    data = bytes(range(256)) * 40
    body = stored(data)  # once: gzip writes the time into it
    container.upload_blob(name, body, content_settings=ContentSettings(content_encoding=encoding))
    images = open_images(container, azurite.port)
    (blob,) = images.list_blobs()
    expected = data if encoding else body
    assert images.read(name, blob.etag) == expected
    first = images.read(name, blob.etag, 512)
    assert first == expected[: len(first)]
    assert 0 < len(first) <= 512


def test_more_than_any_file_may_have_is_not_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup_assets.resources.images.container.MOST_DECODED", 1_000)
    assert len(decoded(gzip.compress(bytes(1_000)), "gzip", None, "a.jpg")) == 1_000
    with pytest.raises(BlobUnavailable, match=r"a\.jpg holds more than 1,000 bytes"):
        decoded(gzip.compress(bytes(1_001)), "gzip", None, "a.jpg")
    with pytest.raises(BlobUnavailable, match=r"a\.jpg is said to be gzip, and is not"):
        decoded(b"\x1f\x8bnothing of the kind", "gzip", None, "a.jpg")
    with pytest.raises(BlobUnavailable, match=r"a\.jpg is said to be gzip, and is cut short"):
        decoded(gzip.compress(bytes(range(256)))[:-9], "gzip", None, "a.jpg")


def test_a_public_container_needs_no_credential_and_one_that_is_none_is_told(
    container: ContainerClient, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    container.upload_blob("a.jpg", b"picture")
    container.upload_blob("b//c.jpg", b"another")
    container.set_container_access_policy({}, public_access="container")
    closed = azurite.container()
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    images = open_images(container, azurite.port)
    images.check()
    assert {blob.path: images.read(blob.path, blob.etag) for blob in images.list_blobs()} == {
        "a.jpg": b"picture", "b//c.jpg": b"another",
    }  # fmt: skip
    with pytest.raises(StoreAccessError, match="none is set"):
        open_images(closed, azurite.port)
