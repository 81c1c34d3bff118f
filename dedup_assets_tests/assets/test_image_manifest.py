from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

import pytest

from dedup_assets.assets import image_manifest
from dedup_assets.errors import UndiscoveredPrefixError
from dedup_assets.partitions import image_id
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.source import Blob
from dedup_assets.resources.locations import FolderLocation, parse_location
from dedup_assets.stages.discovery import discover
from dedup_assets.tables import IMAGE_MANIFEST
from dedup_assets_tests.assets.conftest import StagesOf
from dedup_assets_tests.assets.stages import Stages

NAME = IMAGE_MANIFEST.name
FILES = {"a/1.jpg": b"one", "a/2.JPEG": b"two", "a/deep/3": b"three", "a/notes.txt": b"text", "b/1.png": b"four"}


class ObservedImages(LocalImages):
    """A folder that counts how often each of its directories is listed."""

    def __init__(self, location: FolderLocation, listed: Counter[str]) -> None:
        super().__init__(location)
        self._listed = listed

    def list_blobs(self, prefix: str = "", recursive: bool = True) -> Iterator[Blob]:
        self._listed[prefix] += 1
        return super().list_blobs(prefix, recursive)

    def list_directories(self, prefix: str = "") -> Iterator[str]:
        self._listed[prefix] += 1
        return super().list_directories(prefix)


class ObservedCollection(Collection):
    """A collection over such a folder."""

    listed: ClassVar[Counter[str]] = Counter()

    def images(self) -> LocalImages:
        location = parse_location(self.source)
        assert isinstance(location, FolderLocation)
        return ObservedImages(location, self.listed)


def test_blobs_that_may_be_images_are_rows_and_the_others_are_counted(stages_of: StagesOf) -> None:
    stages = stages_of(FILES)
    notes = stages.run(image_manifest)[NAME]
    assert set(stages.rows(IMAGE_MANIFEST)) == set(FILES) - {"a/notes.txt"}
    names = ("new", "changed", "removed", "other_files", "bytes")
    assert [notes["a"][name] for name in names] == [3, 0, 0, 1, len(b"onetwothree")]
    assert [notes["b"][name] for name in names] == [1, 0, 0, 0, len(b"four")]


def test_new_changed_and_removed_blobs_are_counted_and_the_table_follows(stages_of: StagesOf) -> None:
    stages = stages_of(FILES)
    stages.run(image_manifest)
    before = stages.rows(IMAGE_MANIFEST)
    stages.write({"a/1.jpg": b"one more", "a/4.jpg": b"four", "a/5.jpg": b"five"})
    stages.remove("a/2.JPEG")
    notes = stages.run(image_manifest)[NAME]
    assert [notes["a"][name] for name in ("new", "changed", "removed")] == [2, 1, 1]
    assert (notes["a"]["skipped"], notes["b"]["skipped"]) == (False, True)
    after = stages.rows(IMAGE_MANIFEST)
    assert set(after) == {"a/1.jpg", "a/4.jpg", "a/5.jpg", "a/deep/3", "b/1.png"}
    assert after["a/1.jpg"]["etag"] != before["a/1.jpg"]["etag"]
    assert after["a/deep/3"] == before["a/deep/3"]


def test_a_directory_that_was_split_is_listed_once_and_each_blob_goes_to_its_own_partition(stages_of: StagesOf) -> None:
    files = {f"a/{number}.jpg": b"" for number in range(20)} | {"b/1.jpg": b""}
    plain = stages_of(files).collection
    placements = {"a": {"key": "a", "shards": 3}, "b": {"key": "b", "shards": 1}}
    plain.tables().create_document("layout/000001.json", {"prefix_depth": 1, "placements": placements})
    stages = Stages(ObservedCollection(source=plain.source, store=plain.store))
    ObservedCollection.listed.clear()
    discover(stages.collection.images(), stages.tables, 1)
    discovery = ObservedCollection.listed.copy()
    ObservedCollection.listed.clear()
    stages.run(image_manifest)
    assert ObservedCollection.listed - discovery == {"a": 1, "b": 1}
    found = {
        path: key
        for key in stages.tables.partitions(IMAGE_MANIFEST)
        for path in stages.tables.read(IMAGE_MANIFEST, key)["path"]
    }
    assert found == {path: f"a/#{image_id(path) % 3:02d}" if path[0] == "a" else "b" for path in files}
    assert len(set(found.values())) == 4


def test_one_shard_alone_holds_its_own_blobs_and_writes_no_other(stages_of: StagesOf) -> None:
    stages = stages_of({f"a/{number}.jpg": b"" for number in range(10)})
    entry = {"prefix_depth": 1, "placements": {"a": {"key": "a", "shards": 2}}}
    stages.tables.create_document("layout/000001.json", entry)
    stages.run(image_manifest, keys=["a/#01"])
    assert stages.tables.partitions(IMAGE_MANIFEST) == ["a/#01"]
    expected = sorted(f"a/{number}.jpg" for number in range(10) if image_id(f"a/{number}.jpg") % 2)
    assert sorted(stages.rows(IMAGE_MANIFEST)) == expected


def test_a_prefix_that_nobody_discovered_is_refused_with_the_job_that_would(stages_of: StagesOf) -> None:
    stages = stages_of(FILES)
    with pytest.raises(UndiscoveredPrefixError, match=r"\['nowhere'\] .* run the job discover_prefixes"):
        stages.run(image_manifest, keys=["a", "nowhere"])
    assert stages.tables.partitions(IMAGE_MANIFEST) == []


def test_what_is_left_out_from_now_on_is_not_told_as_removed(stages_of: StagesOf) -> None:
    stages_of(FILES).run(image_manifest)
    notes = stages_of({}, exclude=["2.*", "b"]).run(image_manifest)[NAME]
    assert [notes["a"][name] for name in ("removed", "newly_left_out", "left_out_files", "other_files")] == [0, 1, 1, 1]
    assert [notes["b"][name] for name in ("removed", "newly_left_out", "left_out_files")] == [0, 1, 0]
