from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.errors import LocationError
from dedup_assets.resources.locations import (
    ContainerLocation,
    FolderLocation,
    parse_location,
    path_inside,
    split_secret,
)

PUBLIC = "https://photos1.blob.core.windows.net"
SAS = "sv=2024-11-04&sr=c&sp=rl&sig=Zm9yZ2VkLXNpZ25hdHVyZQ%3D%3D"


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_BLOB_ENDPOINT", raising=False)
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("az://photos1/shop", ContainerLocation("photos1", "shop", "", PUBLIC)),
        ("az://photos1/shop/", ContainerLocation("photos1", "shop", "", PUBLIC)),
        ("az://photos1/shop/a/b c#1", ContainerLocation("photos1", "shop", "a/b c#1", PUBLIC)),
        ("az://photos1/shop/50%25", ContainerLocation("photos1", "shop", "50%25", PUBLIC)),
        (f"{PUBLIC}/shop/a%20b/", ContainerLocation("photos1", "shop", "a b", PUBLIC)),
        (f"{PUBLIC}/shop?{SAS}", ContainerLocation("photos1", "shop", "", PUBLIC)),
        (
            "http://127.0.0.1:10000/devstoreaccount1/shop/catalog",
            ContainerLocation("devstoreaccount1", "shop", "catalog", "http://127.0.0.1:10000/devstoreaccount1"),
        ),
        (
            "http://azurite/devstoreaccount1/shop",
            ContainerLocation("devstoreaccount1", "shop", "", "http://azurite/devstoreaccount1"),
        ),
        (
            "https://photos1.blob.core.chinacloudapi.cn/shop",
            ContainerLocation("photos1", "shop", "", "https://photos1.blob.core.chinacloudapi.cn"),
        ),
    ],
)
def test_addresses_of_containers_are_read(text: str, expected: ContainerLocation) -> None:
    assert parse_location(text) == expected
    assert parse_location(str(expected)) == expected


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda text: "sig=" not in text))
def test_any_prefix_survives_being_written_and_read(prefix: str) -> None:
    location = ContainerLocation("photos1", "shop", prefix.strip().strip("/"), PUBLIC)
    assert parse_location(str(location)) == location


def test_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert parse_location("my photos?#%") == FolderLocation(tmp_path / "my photos?#%")
    assert parse_location("x/../y") == FolderLocation(tmp_path / "y")
    assert parse_location("~/photos") == FolderLocation(Path("/home/someone/photos"))
    assert str(parse_location("/data/photos/")) == "/data/photos"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nul\0byte",
        "s3://bucket/prefix",
        "az://photos1",
        "az://Photos/shop",
        "az://photos1/No_Capitals",
        "az://photos1/x",
        "https://example.com/shop/photos",
        "https://photos1.blob.core.windows.net",
        "http://photos1.blob.core.windows.net/shop",
        "https://photos1.blob.core.windows.net/shop?comp=list",
        "http://127.0.0.1:10000/devstoreaccount1",
        "~nobody-of-this-name/photos",
    ],
)
def test_other_forms_are_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(LocationError, match="az://account/container/prefix"):
        parse_location(text)


@pytest.mark.parametrize(
    "text",
    [
        f"photos1.blob.core.windows.net/shop?{SAS}",
        f"az://photos1/Not_A_Container?{SAS}",
        f"s3://bucket?{SAS}",
        "https://someone:Zm9yZ2VkLXNpZ25hdHVyZQ@photos1.blob.core.windows.net/shop",
        "DefaultEndpointsProtocol=https;AccountName=photos1;AccountKey=Zm9yZ2VkLXNpZ25hdHVyZQ==",
        "/photos?&AccountKey=Zm9yZ2VkLXNpZ25hdHVyZQ==",
    ],
)
def test_no_error_shows_the_secret_in_an_address(text: str) -> None:
    with pytest.raises(LocationError) as failure:
        parse_location(text)
    assert "Zm9yZ2VkLXNpZ25hdHVyZQ" not in str(failure.value)


def test_the_signature_is_split_off_addresses_only() -> None:
    assert split_secret(f"{PUBLIC}/shop/a?{SAS}") == (f"{PUBLIC}/shop/a", SAS)
    assert split_secret(f"az://photos1/shop?{SAS}") == ("az://photos1/shop", SAS)
    assert split_secret("/data/what?is=this") == ("/data/what?is=this", None)
    assert split_secret(f"{PUBLIC}/shop") == (f"{PUBLIC}/shop", None)


def test_short_addresses_follow_the_endpoint_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = "http://127.0.0.1:10000/devstoreaccount1"
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING", f"AccountName=devstoreaccount1;AccountKey=a2V5==;BlobEndpoint={emulator};"
    )
    location = ContainerLocation("devstoreaccount1", "shop", "a", emulator)
    assert parse_location("az://devstoreaccount1/shop/a") == location
    assert str(location) == "az://devstoreaccount1/shop/a"
    assert parse_location("az://photos1/shop") == ContainerLocation("photos1", "shop", "", PUBLIC)

    monkeypatch.setenv("AZURE_STORAGE_BLOB_ENDPOINT", "https://blobs.example.com/")
    assert parse_location("az://photos1/shop") == ContainerLocation("photos1", "shop", "", "https://blobs.example.com")
    assert parse_location(str(ContainerLocation("photos1", "shop", "", PUBLIC))).account_url == PUBLIC  # type: ignore[union-attr]


def test_other_clouds_are_found_by_the_suffix_of_the_connection_string(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING", "AccountName=photos1;AccountKey=a2V5;EndpointSuffix=core.usgovcloudapi.net"
    )
    location = parse_location("az://photos1/shop")
    assert isinstance(location, ContainerLocation)
    assert location.account_url == "https://photos1.blob.core.usgovcloudapi.net"


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("/photos/store", "/photos", "store"),
        ("/photos/a/b", "/photos", "a/b"),
        ("/photos", "/photos", ""),
        ("/photos-store", "/photos", None),
        ("/", "/photos", None),
        ("az://photos1/shop/a/store", "az://photos1/shop/a", "store"),
        ("az://photos1/shop/a/b", "az://photos1/shop", "a/b"),
        ("az://photos1/shop/a/", "az://photos1/shop/a", ""),
        ("az://photos1/shop", "az://photos1/shop", ""),
        ("az://photos1/shop/ab", "az://photos1/shop/a", None),
        ("az://photos1/shop", "az://photos1/shop/a", None),
        ("az://photos1/shop-2/a", "az://photos1/shop", None),
        ("az://photos2/shop/a", "az://photos1/shop", None),
        ("/photos/store", "az://photos1/shop", None),
        ("az://photos1/shop", "/", None),
    ],
)
def test_a_place_inside_another_is_told_by_its_relative_path(inner: str, outer: str, inside: str | None) -> None:
    assert path_inside(parse_location(inner), parse_location(outer)) == inside
