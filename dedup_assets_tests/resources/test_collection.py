"""The collection: where its images and tables are, and what a person is told where they are not."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dedup_assets.contracts import Column, Table
from dedup_assets.errors import LocationError, NoSourceError, StoreAccessError
from dedup_assets.resources.collection import Collection
from dedup_assets.tables import STAR_PAIRS
from dedup_assets_tests.azurite import Azurite
from dedup_assets_tests.conftest import CollectionOf, write_files

NOTES = Table("notes", "Notes.", ("text",), (Column("text", STAR_PAIRS.schema["decided_by"], "A note"),))


def listed(collection: Collection) -> list[str]:
    return sorted(blob.path for blob in collection.images().list_blobs())


def test_images_are_those_of_the_source(collection_of: CollectionOf) -> None:
    assert listed(collection_of({"a/1.jpg": b"1", "2.jpg": b"2"})) == ["2.jpg", "a/1.jpg"]


def test_without_a_source_a_person_is_told_which_variable_to_set() -> None:
    with pytest.raises(NoSourceError, match="set DEDUP_SOURCE to a folder or az://"):
        Collection().images()


def test_a_source_that_does_not_exist_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StoreAccessError, match="does not exist"):
        Collection(source=str(tmp_path / "nowhere")).images()


def test_tables_inside_the_source_are_not_taken_for_images(tmp_path: Path) -> None:
    write_files(tmp_path, {"1.jpg": b"1", "deep/store/tables/x/part.png": b"2", "deep/3.jpg": b"3"})
    assert listed(Collection(source=str(tmp_path), store=str(tmp_path / "deep/store"))) == ["1.jpg", "deep/3.jpg"]


def test_a_store_beside_the_source_whose_name_begins_alike_hides_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"photos/1.jpg": b"1", "photos/photos-store/2.jpg": b"2"})
    collection = Collection(source=str(tmp_path / "photos"), store=str(tmp_path / "photos-store"))
    assert listed(collection) == ["1.jpg", "photos-store/2.jpg"]


def test_images_and_tables_may_not_share_one_folder(tmp_path: Path) -> None:
    with pytest.raises(LocationError, match="give the tables a folder of their own"):
        Collection(source=str(tmp_path), store=str(tmp_path)).images()
    with pytest.raises(LocationError, match="give the tables a folder of their own"):
        Collection(source="az://account/container/photos", store="az://account/container/photos/").images()


def test_tables_lie_in_the_store_and_are_opened_once(tmp_path: Path) -> None:
    collection = Collection(store=str(tmp_path / "new/store"))
    tables = collection.tables()
    tables.rewrite(NOTES, "p", NOTES.frame([{"text": "hello"}]), "f")
    assert (tmp_path / "new/store/tables/notes/p/000001.json").is_file()
    assert Collection(store=str(tmp_path / "new/store")).tables() is tables


@pytest.mark.parametrize(
    ("source", "settings", "reads"),
    [
        ("/photos", {"workers": 3}, 3),
        ("az://account/container", {"workers": 3}, 24),
        ("az://account/container", {"workers": 16}, 64),
        ("az://account/container", {"workers": 16, "reads": 5}, 5),
        ("/photos", {"workers": 2, "reads": 9}, 9),
    ],
)
def test_more_images_are_on_their_way_at_once_from_afar(source: str, settings: dict[str, Any], reads: int) -> None:
    assert Collection(source=source, **settings).reads_at_once == reads


@pytest.mark.parametrize(
    "settings",
    [{"prefix_depth": -1}, {"prefix_depth": 17}, {"workers": 0}, {"chunk_images": 0}, {"chunk_images": 20_001}],
)
def test_numbers_out_of_bounds_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Collection(**settings)


def test_images_and_tables_may_lie_in_a_container(azurite: Azurite, azurite_credentials: Azurite) -> None:
    container = azurite.container()
    address = f"{azurite.account_url}/{container.container_name}"
    container.upload_blob("photos/a/1.jpg", b"1")
    collection = Collection(source=f"{address}/photos", store=f"{address}/store")
    assert listed(collection) == ["a/1.jpg"]
    collection.tables().rewrite(NOTES, "a/#00", NOTES.frame([{"text": "hello"}]), "f")
    assert collection.tables().partitions(NOTES) == ["a/#00"]
    assert collection.tables().read(NOTES, "a/#00")["text"].to_list() == ["hello"]


def test_tables_in_the_container_of_the_images_are_not_taken_for_images(
    azurite: Azurite, azurite_credentials: Azurite
) -> None:
    container = azurite.container()
    address = f"{azurite.account_url}/{container.container_name}"
    container.upload_blob("a/1.jpg", b"1")
    collection = Collection(source=address, store=f"{address}/dedup/store")
    collection.tables().rewrite(NOTES, "p", NOTES.frame([{"text": "hello"}]), "f")
    collection.tables().write_bytes("report/thumbnail.jpg", b"2")
    assert listed(collection) == ["a/1.jpg"]
