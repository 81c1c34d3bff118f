"""Finding prefixes in real folders, by one discoverer and by several at once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Barrier

import pytest

from dedup_assets.errors import LayoutError
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.source import Blob
from dedup_assets.resources.locations import FolderLocation
from dedup_assets.stages.discovery import MAX_COUNTED_ONE_BY_ONE, discover, discover_in_time, load_layout
from dedup_assets_tests.conftest import CollectionOf, write_files

FILES = dict.fromkeys(["1.jpg", "shoes/1.jpg", "shoes/red/2.jpg", "hats/1.png", "notes/read me.txt"], b"picture")


class InterruptedImages(LocalImages):
    """A folder in which something else happens during the first listing."""

    def __init__(self, folder: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(FolderLocation(folder))
        self._meanwhile = [meanwhile]

    def list_blobs(self, prefix: str = "", recursive: bool = True) -> Iterator[Blob]:
        listed = list(super().list_blobs(prefix, recursive))
        if self._meanwhile:
            self._meanwhile.pop()()
        yield from listed


class SlowImages(LocalImages):
    """A folder that hands out one file after the other, as a far container does its pages, and notes what was listed."""

    def __init__(self, folder: Path, seconds_a_file: float) -> None:
        super().__init__(FolderLocation(folder))
        self._seconds, self.listed = seconds_a_file, list[str]()

    def list_blobs(self, prefix: str = "", recursive: bool = True) -> Iterator[Blob]:
        self.listed.append(prefix)
        for blob in super().list_blobs(prefix, recursive):
            time.sleep(self._seconds)
            yield blob


def discovered(collection: Collection) -> dict[str, str]:
    layout = discover(collection.images(), collection.tables(), collection.prefix_depth)
    return {where: placement.key for where, placement in layout.placements.items()}


def test_directories_with_images_are_placed_and_others_are_not(collection_of: CollectionOf) -> None:
    assert discovered(collection_of(FILES)) == {"": "/", "hats": "hats", "shoes": "shoes"}


def test_blobs_above_the_full_depth_form_a_directory_of_their_own(collection_of: CollectionOf) -> None:
    collection = collection_of(FILES, prefix_depth=2)
    assert set(discovered(collection)) == {"", "hats", "shoes", "shoes/red"}
    layout = load_layout(collection.tables(), 2)
    assert [layout.key_of(path) for path in ("shoes/1.jpg", "shoes/red/2.jpg")] == ["shoes", "shoes/red"]


def test_at_depth_zero_there_is_one_partition(collection_of: CollectionOf) -> None:
    assert discovered(collection_of(FILES, prefix_depth=0)) == {"": "/"}


def test_an_empty_source_has_no_prefixes_and_writes_nothing_down(collection_of: CollectionOf) -> None:
    collection = collection_of({})
    assert discovered(collection) == {}
    assert not (Path(collection.store) / "layout").exists()


def test_a_second_discovery_finds_nothing_new_and_writes_nothing(collection_of: CollectionOf) -> None:
    collection = collection_of(FILES)
    first = discovered(collection)
    entries = sorted((Path(collection.store) / "layout").iterdir())
    assert discovered(collection) == first
    assert sorted((Path(collection.store) / "layout").iterdir()) == entries


def test_new_directories_come_after_the_old_ones_and_vanished_ones_stay(collection_of: CollectionOf) -> None:
    collection = collection_of(FILES)
    discovered(collection)
    (Path(collection.source) / "hats/1.png").unlink()
    write_files(Path(collection.source), {"a new one/1.jpg": b""})
    layout = discover(collection.images(), collection.tables(), 1)
    assert layout.keys == ["/", "hats", "shoes", "a new one"]
    assert load_layout(collection.tables(), 1) == layout


def test_a_store_of_another_depth_is_refused_in_one_sentence_that_says_what_to_do(collection_of: CollectionOf) -> None:
    collection = collection_of(FILES)
    discovered(collection)
    with pytest.raises(LayoutError, match=r"begun with prefix depth 1, not 2.* Use prefix depth 1, or another --store"):
        discover(collection.images(), collection.tables(), 2)


def test_many_new_directories_are_counted_in_one_listing_as_one_by_one(collection_of: CollectionOf) -> None:
    names = [f"{number:03d}" for number in range(MAX_COUNTED_ONE_BY_ONE + 10)]
    files = {f"{name}/{number}.jpg": b"" for name in names for number in range(2)}
    assert list(discovered(collection_of(files | {"none/read me.txt": b""}))) == names


def test_odd_names_are_placed_and_found_again(collection_of: CollectionOf) -> None:
    names = ["#1", "50% off", "a  b", " leading", "Überblick & Co", "🙂", "+001", "a...b", "~", "*", "a,b", "[x]"]
    collection = collection_of({f"{name}/1.jpg": b"" for name in names})
    layout = discover(collection.images(), collection.tables(), 1)
    assert sorted(layout.placements) == sorted(names)
    assert len(set(layout.keys)) == len(names)
    assert all(layout.directories_of([layout.key_of(f"{name}/1.jpg") or ""]) == [name] for name in names)


def test_what_another_discoverer_wrote_down_meanwhile_stays_where_it_put_it(collection_of: CollectionOf) -> None:
    collection = collection_of({f"{number:03d}/1.jpg": b"" for number in range(20)})
    source, tables = Path(collection.source), collection.tables()
    small = {f"{number:03d}/1.jpg": b"" for number in range(20, 600)}

    def meanwhile() -> None:
        write_files(source, small)
        discovered(collection)

    layout = discover(InterruptedImages(source, meanwhile), tables, 1)
    assert {placement.key for placement in layout.placements.values()} == {"+001"}
    assert load_layout(tables, 1) == layout
    assert [path.name for path in (Path(collection.store) / "layout").iterdir()] == ["000001.json"]


def test_discoverers_that_start_together_agree(collection_of: CollectionOf) -> None:
    collection = collection_of({f"{number:03d}/{image}.jpg": b"" for number in range(40) for image in range(2)})
    barrier = Barrier(6)

    def run(_: int) -> dict[str, str]:
        barrier.wait()
        return discovered(collection)

    with ThreadPoolExecutor(6) as pool:
        layouts = list(pool.map(run, range(6)))
    assert all(layout == layouts[0] for layout in layouts)
    assert [path.name for path in (Path(collection.store) / "layout").iterdir()] == ["000001.json"]


def test_what_takes_longer_than_there_is_time_is_found_in_several_looks_each_from_where_the_last_one_ended(
    collection_of: CollectionOf,
) -> None:
    files = {f"{brand}/{kind}/{number}.jpg": b"" for brand in "cab" for kind in ("x", "y-z") for number in range(5)}
    collection = collection_of(files | {"b.1/x/1.jpg": b"", "1.jpg": b""}, prefix_depth=2)
    images, tables = SlowImages(Path(collection.source), 0.02), collection.tables()
    looks = list[list[str]]()
    left_at: str | None = ""
    while left_at is not None:
        before = left_at
        layout, left_at = discover_in_time(images, tables, 2, before, within_s=0.4)
        looks.append(images.listed.copy())
        images.listed.clear()
        assert len(looks) < 60
        assert left_at is None or left_at >= before or left_at.split("/") > before.split("/")
    assert len(looks) > 1
    assert set(layout.placements) == {"", "a/x", "a/y-z", "b/x", "b/y-z", "b.1/x", "c/x", "c/y-z"}
    assert layout == load_layout(tables, 2)
    for one, next_one in pairwise(looks):
        assert set(one) & set(next_one) <= {one[-1]}
    assert set(discovered(collection)) == set(layout.placements)


def test_a_directory_that_takes_longer_than_any_look_is_where_the_next_one_begins(collection_of: CollectionOf) -> None:
    collection = collection_of({f"large/{number}.jpg": b"" for number in range(20)} | {"a/1.jpg": b""})
    images, tables = SlowImages(Path(collection.source), 0.05), collection.tables()
    layout, left_at = discover_in_time(images, tables, 1, "", within_s=0.5)
    assert (layout.keys, left_at) == (["a"], "large")
    assert discover_in_time(images, tables, 1, "large", within_s=0.5) == (layout, "large")
    layout, left_at = discover_in_time(images, tables, 1, "large", within_s=60)
    assert (layout.keys, left_at) == (["a", "large"], None)


def test_what_another_discoverer_wrote_down_while_there_was_time_is_looked_at_again(
    collection_of: CollectionOf,
) -> None:
    collection = collection_of({f"{number}/1.jpg": b"" for number in range(3)})
    images = InterruptedImages(Path(collection.source), lambda: discovered(collection).clear())
    layout, left_at = discover_in_time(images, collection.tables(), 1, "", within_s=60)
    assert (layout.keys, left_at) == (["0", "1", "2"], "")
