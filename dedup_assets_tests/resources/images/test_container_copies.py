import pytest
from azure.storage.blob import ContainerClient, ContentSettings

from dedup_assets.errors import BlobVanished, DestinationTaken
from dedup_assets.resources.images.container_copies import copy_blob, delete_copied_blob, find_copied_blob
from dedup_assets_tests.azurite import Azurite


@pytest.fixture
def container(azurite: Azurite) -> ContainerClient:
    return azurite.container()


def test_a_copy_keeps_content_type_and_metadata(container: ContainerClient) -> None:
    source, target = container.get_blob_client("a.jpg"), container.get_blob_client("best/a.jpg")
    source.upload_blob(b"x", content_settings=ContentSettings(content_type="image/jpeg"), metadata={"shot": "1"})
    etag = copy_blob(source, target, None)
    copied = target.get_blob_properties()
    assert (copied.content_settings.content_type, copied.metadata) == ("image/jpeg", {"shot": "1"})
    assert copied.etag == f'"{etag}"'


@pytest.mark.parametrize(("there", "same"), [(b"picture", True), (b"PICTURE", False), (b"", False)])
def test_without_checksums_the_bytes_are_compared(container: ContainerClient, there: bytes, same: bool) -> None:
    source, target = container.get_blob_client("a.jpg"), container.get_blob_client("best/a.jpg")
    for blob, content in ((source, b"picture"), (target, there)):
        blob.upload_blob(content)
        blob.set_http_headers(ContentSettings(content_md5=None))
        assert blob.get_blob_properties().content_settings.content_md5 is None
    if same:
        assert copy_blob(source, target, None) == target.get_blob_properties().etag.strip('"')
    else:
        with pytest.raises(DestinationTaken):
            copy_blob(source, target, None)
    assert target.download_blob().readall() == there


def test_deleting_twice_says_that_it_is_gone(container: ContainerClient) -> None:
    blob = container.get_blob_client("a.jpg")
    blob.upload_blob(b"x")
    etag = blob.get_blob_properties().etag.strip('"')
    delete_copied_blob(blob, etag)
    with pytest.raises(BlobVanished):
        delete_copied_blob(blob, etag)


def test_a_copy_is_told_from_a_blob_of_the_same_bytes_and_from_none(container: ContainerClient) -> None:
    source, target = container.get_blob_client("ä b/#1?.jpg"), container.get_blob_client("best/ä b/#1?.jpg")
    source.upload_blob(b"picture")
    assert find_copied_blob(source, target) is None
    etag = copy_blob(source, target, None)
    assert find_copied_blob(source, target) == etag
    target.upload_blob(b"picture", overwrite=True)
    with pytest.raises(DestinationTaken):
        find_copied_blob(source, target)
