import re
import shutil
import time
from pathlib import Path

import pytest

from dedup_assets.assets import image_manifest
from dedup_assets.errors import LostImagesError, NoImagesError, StoreAccessError
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.own_output import tell_left_out
from dedup_assets.stages.discovery import load_layout
from dedup_assets.tables import IMAGE_MANIFEST
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.materializing import materialize
from dedup_assets_tests.permissions import closed
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.collections import Planted, small_collection
from dedup_assets_tests.pipeline.commands import dedup_assets
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line

TINY_PREFIXES = 10_000
MOST_SECONDS = 20.0


@pytest.mark.parametrize("files", [{}, {"notes.txt": "text"}, {"below/notes.txt": "text"}], ids=str)
def test_a_source_without_images_is_told_in_one_sentence(tmp_path: Path, files: dict[str, str]) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    for name, text in files.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text)
    said = dedup_assets("run", source, "--store", tmp_path / "store")
    assert said.code == 1
    assert said.sentence.startswith(f"There are no images in {source}.")


def test_a_missing_source_is_told_in_one_sentence(tmp_path: Path) -> None:
    said = dedup_assets("run", tmp_path / "nowhere", "--store", tmp_path / "store")
    assert said.code == 1
    assert said.sentence == f"{tmp_path / 'nowhere'} does not exist."


def test_a_file_as_the_source_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg(make_photograph(1)))
    said = dedup_assets("run", tmp_path / "photo.jpg", "--store", tmp_path / "store")
    assert said.code == 1
    assert said.sentence == f"{tmp_path / 'photo.jpg'} is not a folder."


def test_a_store_that_is_the_source_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    (source / "one.jpg").write_bytes(jpeg(make_photograph(1)))
    said = dedup_assets("run", source, "--store", source)
    assert said.code == 1
    assert "a folder of their own" in said.sentence
    assert [path.name for path in source.iterdir()] == ["one.jpg"]


def test_one_image_is_kept_and_a_second_run_finds_nothing_to_do(line_of: LineOf) -> None:
    line = line_of([Planted("one.jpg", jpeg(make_photograph(1)), "one")])
    outcome = line.run()
    assert [(row["Image Path"], row["Status"], row["Group Size"]) for row in outcome.rows] == [("one.jpg", "Best", "1")]
    assert outcome.summary["duplicates"] == 0
    assert "Nothing had changed" in line.run().text


def test_a_source_of_broken_files_only_is_reported_file_by_file(line_of: LineOf) -> None:
    broken = {"a/empty.jpg": b"", "a/page.png": b"<html></html>", "b/half.jpg": jpeg(make_photograph(1))[:700]}
    outcome = line_of([Planted(path, data, None) for path, data in broken.items()]).run()
    assert {row["Image Path"]: row["Status"] for row in outcome.rows} == dict.fromkeys(broken, "Unreadable")
    assert all(row["Cause"] for row in outcome.rows)
    assert outcome.summary["unreadable"] == len(broken)
    assert outcome.summary["groups"] == 0


def test_a_store_inside_its_source_is_not_read_as_images(line_of: LineOf) -> None:
    line = line_of([Planted("a/one.jpg", jpeg(make_photograph(1)), "one")], store="photos/store")
    line.run()
    assert [row["Image Path"] for row in line.run().rows] == ["a/one.jpg"]


def test_another_store_and_an_organized_copy_inside_the_source_are_not_read_as_images(line_of: LineOf) -> None:
    line = line_of([Planted("a/photos/one.jpg", jpeg(make_photograph(1)), "one")])
    other = Line(f"{line.source}/a/photos", f"{line.source}/b/other store")
    other.run()
    other.organize("apply")
    assert Path(line.source, "a/photos_deduplicated/best/one.jpg").is_file()
    assert [row["Image Path"] for row in line.run().rows] == ["a/photos/one.jpg"]


def test_a_directory_that_may_not_be_listed_is_named_and_hides_no_image_that_was_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_files(tmp_path / "photos", {f"{name}/one.jpg": jpeg(make_photograph(1)) for name in ("a", "b")})
    collection = Collection(source=str(tmp_path / "photos"), store=str(tmp_path / "store"))
    tell_left_out.cache_clear()

    def listed() -> list[str]:
        assert materialize(collection, image_manifest).success
        return collection.tables().read_many(IMAGE_MANIFEST, columns=["path"])["path"].to_list()

    with closed(tmp_path / "photos" / "b"):
        assert listed() == ["a/one.jpg"]
    assert "Left out of the listing: 'b': this user may not list it" in caplog.messages
    assert sorted(listed()) == ["a/one.jpg", "b/one.jpg"]
    with closed(tmp_path / "photos" / "b"), pytest.raises(StoreAccessError, match="'b' may not be listed by this user"):
        listed()


def test_a_prefix_that_vanished_leaves_the_report(line_of: LineOf) -> None:
    line = line_of(small_collection())
    line.run()
    shutil.rmtree(Path(line.source) / "scrape")
    outcome = line.run()
    left = [planted.path for planted in small_collection() if planted.prefix != "scrape"]
    assert sorted(outcome.by_path) == sorted(left)
    assert outcome.work["downloaded_images"] == 0
    kept = [row["Group ID"] for row in outcome.rows if row["Status"] == "Best"]
    assert len(kept) == len(set(kept))
    assert set(kept) == {row["Group ID"] for row in outcome.rows if row["Group ID"]}


def test_a_source_that_was_emptied_leaves_an_empty_report(line_of: LineOf) -> None:
    line = line_of([Planted("a/one.jpg", jpeg(make_photograph(1)), "one")])
    line.run()
    shutil.rmtree(Path(line.source) / "a")
    with pytest.raises(LostImagesError) as refused:
        line.run()
    outcome = line.run(re.findall("--accept-loss ([0-9a-f]+)", str(refused.value))[0])
    assert outcome.rows == []
    assert outcome.summary["images"] == 0


def test_no_images_are_an_error_only_where_there_never_were_any(line_of: LineOf) -> None:
    with pytest.raises(NoImagesError):
        line_of([]).run()


def test_ten_thousand_tiny_prefixes_are_discovered_and_listed(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    for number in range(TINY_PREFIXES):
        folder = source / f"{number % 100:02d}" / f"{number:05d}"
        folder.mkdir(parents=True)
        (folder / "image.jpg").touch()
    collection = Collection(source=str(source), store=str(tmp_path / "store"), prefix_depth=2)
    began = time.process_time()
    assert materialize(collection, image_manifest).success
    assert time.process_time() - began < MOST_SECONDS
    assert collection.tables().read_many(IMAGE_MANIFEST, columns=["image_id"]).height == TINY_PREFIXES
    assert len(load_layout(collection.tables(), 2).keys) <= 500
