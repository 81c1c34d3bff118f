import datetime as dt
import logging
import re
import time
import traceback
from dataclasses import replace
from pathlib import Path

import obstore
import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from dedup_assets.errors import BlobVanished, StoreAccessError
from dedup_assets.resources.azure.access import open_object_store
from dedup_assets.resources.azure.failures import explain_azure_error
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.locations import ContainerLocation, FolderLocation, parse_location
from dedup_assets_tests.azurite import Azurite

WRONG_KEY = "d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgd3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXk="


@pytest.fixture
def container(azurite_credentials: Azurite) -> ContainerClient:
    return azurite_credentials.container()


@pytest.fixture
def location(azurite: Azurite, container: ContainerClient) -> ContainerLocation:
    return ContainerLocation(azurite.account, container.container_name, "", azurite.account_url)


@pytest.fixture
def no_credentials(azurite_credentials: Azurite, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    return monkeypatch


def make_sas(azurite: Azurite, container: ContainerClient, hours: float = 1, permission: str = "rwdcl") -> str:
    return generate_container_sas(
        azurite.account,
        container.container_name,
        azurite.key,
        permission=ContainerSasPermissions.from_string(permission),
        expiry=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours),
    )


def check_failure(location: ContainerLocation) -> str:
    """The one sentence that a source says which cannot be used, within the time that it may take."""
    start = time.monotonic()
    with pytest.raises(StoreAccessError) as failure:
        open_image_store(location).check()
    assert time.monotonic() - start < 20
    sentence = str(failure.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    return sentence


def use_everything(store: ImageStore) -> None:
    (blob,) = store.list_blobs()
    assert store.read(blob.path, blob.etag) == b"picture"
    destination = f"{store.organized_root}/best/a.jpg"
    store.delete_copy(destination, store.copy(blob.path, destination))


@pytest.mark.parametrize("variable", ["CONNECTION_STRING", "KEY", "ACCOUNT_KEY", "SAS_TOKEN"])
def test_each_credential_of_the_environment_opens_images_and_tables(
    variable: str,
    azurite: Azurite,
    container: ContainerClient,
    location: ContainerLocation,
    no_credentials: pytest.MonkeyPatch,
) -> None:
    values = {"CONNECTION_STRING": azurite.connection_string, "SAS_TOKEN": "?" + make_sas(azurite, container)}
    no_credentials.setenv(f"AZURE_STORAGE_{variable}", values.get(variable, azurite.key))
    container.upload_blob("a.jpg", b"picture")
    use_everything(open_image_store(location))
    obstore.put(open_object_store(replace(location, prefix="tables")), "x/1", b"rows")
    assert container.download_blob("tables/x/1").readall() == b"rows"


def test_the_first_credential_wins_for_images_and_tables_alike(
    location: ContainerLocation, container: ContainerClient, azurite: Azurite, no_credentials: pytest.MonkeyPatch
) -> None:
    container.upload_blob("a.jpg", b"picture")
    no_credentials.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=2024-11-04&sig=wrong")
    no_credentials.setenv("AZURE_STORAGE_ACCOUNT_KEY", azurite.key)
    no_credentials.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
    no_credentials.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:1")
    use_everything(open_image_store(location))

    no_credentials.setenv("AZURE_STORAGE_CONNECTION_STRING", f"SharedAccessSignature={make_sas(azurite, container)}")
    no_credentials.setenv("AZURE_STORAGE_ACCOUNT_KEY", WRONG_KEY)
    use_everything(open_image_store(location))


def test_a_wrong_key_is_refused_in_one_sentence(
    location: ContainerLocation, no_credentials: pytest.MonkeyPatch
) -> None:
    no_credentials.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    sentence = check_failure(location)
    assert "refuses the credentials" in sentence
    assert WRONG_KEY not in sentence
    with pytest.raises(StoreAccessError, match="refuses the credentials"):
        open_image_store(location).read("a.jpg", "0x1")


@pytest.mark.parametrize(("hours", "permission"), [(-1, "rl"), (1, "r")])
def test_a_signature_that_expired_or_allows_too_little_is_refused(
    hours: float,
    permission: str,
    location: ContainerLocation,
    container: ContainerClient,
    azurite: Azurite,
    no_credentials: pytest.MonkeyPatch,
) -> None:
    no_credentials.setenv("AZURE_STORAGE_SAS_TOKEN", make_sas(azurite, container, hours, permission))
    assert "refuses the credentials" in check_failure(location)


def test_a_missing_container_is_named(azurite_credentials: Azurite) -> None:
    missing = parse_location(f"az://{azurite_credentials.account}/not-there/photos")
    assert isinstance(missing, ContainerLocation)
    assert "has no container 'not-there'" in check_failure(missing)
    with pytest.raises(StoreAccessError, match="has no container"):
        open_image_store(missing).read("a.jpg", "0x1")
    with pytest.raises(FileNotFoundError) as failure:
        obstore.get(open_object_store(missing), "x")
    assert "has no container 'not-there'" in str(explain_azure_error(failure.value, missing))


def test_an_endpoint_that_nobody_serves_is_named_in_time_without_the_signature(
    azurite: Azurite, no_credentials: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    no_credentials.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=2024-11-04&sig=c2VjcmV0")
    store = open_image_store(ContainerLocation(azurite.account, "shop", "", f"http://127.0.0.1:1/{azurite.account}"))
    start = time.monotonic()
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreAccessError, match="cannot be reached") as failure:
        store.check()
    assert time.monotonic() - start < 20
    assert "c2VjcmV0" not in "".join(traceback.format_exception(failure.value)) + caplog.text


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AZURE_STORAGE_KEY", "not base64!", "AZURE_STORAGE_KEY holds no account key"),
        ("AZURE_STORAGE_SAS_TOKEN", "not a signature", "AZURE_STORAGE_SAS_TOKEN holds no shared access signature"),
        ("AZURE_STORAGE_CONNECTION_STRING", f"AccountName=other;AccountKey={WRONG_KEY}", "is for the account 'other'"),
        ("AZURE_STORAGE_KEY", "", "none is set"),
    ],
)
def test_malformed_and_missing_credentials_are_told_before_anything_is_sent(
    variable: str, value: str, expected: str, location: ContainerLocation, no_credentials: pytest.MonkeyPatch
) -> None:
    no_credentials.setenv(variable, value)
    sentence = check_failure(location)
    assert expected in sentence
    assert not value or value not in sentence
    with pytest.raises(StoreAccessError, match=re.escape(expected)):
        open_object_store(location)


def test_without_any_identity_the_choices_are_named(
    no_credentials: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    no_credentials.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    location = ContainerLocation("photos1", "shop", "", "https://photos1.blob.core.windows.net")
    with caplog.at_level(logging.WARNING):
        assert "az login" in check_failure(location)
    assert caplog.text == ""


def test_no_key_or_signature_reaches_a_log_or_an_error(
    location: ContainerLocation,
    container: ContainerClient,
    azurite: Azurite,
    no_credentials: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    container.upload_blob("a.jpg", b"picture")
    texts = []
    for name, secret in (("SAS_TOKEN", make_sas(azurite, container)), ("KEY", azurite.key)):
        no_credentials.setenv(f"AZURE_STORAGE_{name}", secret)
        with caplog.at_level(logging.DEBUG):
            store = open_image_store(location)
            use_everything(store)
            texts += [repr(store), repr(vars(store)), repr(open_object_store(location))]
            with pytest.raises(BlobVanished) as gone:
                store.copy("gone.jpg", f"{store.organized_root}/gone.jpg")
            texts += traceback.format_exception(gone.value)
    assert "restype=container" in caplog.text
    for text in [*texts, caplog.text]:
        assert azurite.key not in text
        assert not re.search(r"sig=(?!\*\*\*|REDACTED)", text)


def test_a_folder_for_tables_is_made_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "ta bles #1 %20 ü"
    obstore.put(open_object_store(FolderLocation(folder / "deep" / "er")), "x/1.parquet", b"rows")
    assert (folder / "deep" / "er" / "x" / "1.parquet").read_bytes() == b"rows"


def test_a_folder_that_nothing_is_left_in_goes_with_its_last_file(tmp_path: Path) -> None:
    store = open_object_store(FolderLocation(tmp_path / "tables"))
    for path in ("x/y/1.parquet", "x/2.parquet"):
        obstore.put(store, path, b"rows")
    obstore.delete(store, "x/y/1.parquet")
    assert [path.name for path in sorted((tmp_path / "tables").rglob("*"))] == ["x", "2.parquet"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreAccessError, match="file/tables cannot be made: Not a directory"):
        open_object_store(FolderLocation(tmp_path / "file" / "tables"))
