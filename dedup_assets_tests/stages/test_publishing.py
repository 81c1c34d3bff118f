"""What a run leaves in STORE/report, on a line without embeddings."""

import csv
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dedup_assets.assets import (
    dedup_report,
    image_features,
    image_manifest,
    representatives,
    verified_groups,
    wavelet_groups,
)
from dedup_assets.resources.collection import Collection
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.materializing import materialize
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled

LINE = (image_manifest, image_features, wavelet_groups, verified_groups, representatives, dedup_report)
FILES = {
    "shop/red.jpg": jpeg(make_photograph(1)),
    "web/red small.jpg": jpeg(scaled(make_photograph(1), 0.5)),
    "web/blue.jpg": jpeg(make_photograph(2)),
    "web/half.jpg": jpeg(make_photograph(3))[:2_000],
}


class Publisher:
    """Runs the line over a collection and reads what it leaves."""

    def __init__(self, collection: Collection) -> None:
        self.collection, self.report = collection, Path(collection.store) / "report"

    def run(self) -> Mapping[str, Any]:
        with dg.DagsterInstance.ephemeral() as instance:
            assert materialize(self.collection, *LINE, instance=instance).success
        summary: Mapping[str, Any] = self.read_json("summary.json")
        return summary

    def read_json(self, name: str) -> Any:
        return json.loads((self.report / name).read_bytes())

    def pages(self) -> dict[str, bytes]:
        """Everything but what tells of the run itself."""
        files = [path for path in self.report.rglob("*") if path.is_file() and not path.name.startswith("summary.")]
        return {path.relative_to(self.report).as_posix(): path.read_bytes() for path in files}

    def rows_in_csv(self) -> list[dict[str, str]]:
        text = (self.report / "image_report.csv").read_text(encoding="utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def paths_in_csv(self) -> list[str]:
        return sorted(row["Image Path"] for row in self.rows_in_csv())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    """A collection after its first run; nobody runs it again."""
    folder = tmp_path_factory.mktemp("published")
    write_files(folder / "photographs", FILES)
    publisher = Publisher(_collection_in(folder))
    publisher.run()
    return publisher


@pytest.fixture
def publisher(finished: Publisher, tmp_path: Path) -> Publisher:
    """The test's own copy of a collection after its first run."""
    shutil.copytree(Path(finished.collection.store).parent, tmp_path / "copy")
    return Publisher(_collection_in(tmp_path / "copy"))


def _collection_in(folder: Path) -> Collection:
    return Collection(source=str(folder / "photographs"), store=str(folder / "store"), workers=1)


def test_the_summary_counts_what_is_there_and_what_this_run_did(finished: Publisher) -> None:
    summary = finished.read_json("summary.json")
    found = {name: summary[name] for name in ("images", "groups", "duplicates", "unreadable", "bytes_reclaimable")}
    assert found == {
        "images": 4, "groups": 1, "duplicates": 1, "unreadable": 1, "bytes_reclaimable": len(FILES["web/red small.jpg"]),
    }  # fmt: skip
    assert summary["downloaded_images"] == 4
    assert summary["downloaded_bytes"] == sum(map(len, FILES.values()))
    assert summary["verified_pairs"] >= 1
    assert summary["embedded_images"] == 0
    assert set(summary["seconds"]) == {module.__name__.rsplit(".", 1)[-1] for module in LINE}
    assert summary["peak_rss_mb"] > 10


def test_pages_the_table_for_spreadsheets_and_the_text_for_the_terminal_are_there(finished: Publisher) -> None:
    assert finished.paths_in_csv() == sorted(FILES)
    assert b"red small.jpg" in finished.pages()["index.html"]
    assert b"half.jpg" in finished.pages()["index.html"]
    assert "1 duplicate in 1 group" in (finished.report / "summary.txt").read_text()


def test_links_are_told_as_duplicates_that_free_nothing_and_are_never_read(publisher: Publisher) -> None:
    source = Path(publisher.collection.source)
    (source / "a link.jpg").symlink_to("web/blue.jpg")
    (source / "web/hard.jpg").hardlink_to(source / "web/blue.jpg")
    (source / "web/gone.jpg").symlink_to("nowhere.jpg")
    (source / "album").symlink_to("web")
    summary = publisher.run()
    rows = {row["Image Path"]: row for row in publisher.rows_in_csv()}
    assert set(rows) == {*FILES, "a link.jpg", "web/hard.jpg", "web/gone.jpg"}
    group = {path for path, row in rows.items() if row["Group ID"] == rows["web/blue.jpg"]["Group ID"]}
    assert group == {"a link.jpg", "web/blue.jpg", "web/hard.jpg"}
    told = {path: (rows[path]["Status"], rows[path]["Level"], rows[path]["Reclaimable Bytes"]) for path in group}
    assert told["a link.jpg"] == ("Duplicate", "exact", "0")
    assert sorted(told.values()) == [("Best", "", "0"), ("Duplicate", "exact", "0"), ("Duplicate", "exact", "0")]
    assert "'nowhere.jpg', where nothing can be read" in rows["web/gone.jpg"]["Cause"]
    assert summary["bytes_reclaimable"] == len(FILES["web/red small.jpg"])
    assert summary["downloaded_images"] == 1


def test_what_is_in_no_report_is_counted_by_kind_wherever_it_lies(publisher: Publisher) -> None:
    others = {
        "web/notes.txt": b"words", "web/README": b"words", "web/empty": b"", "docs/a.pdf": b"%PDF", "docs/b.pdf": b"%PDF",
        "web/@eaDir/blue.jpg/M.jpg": b"thumb", "$RECYCLE.BIN/S-1/$R1.jpg": b"gone", "docs/._a.pdf": b"apple",
    }  # fmt: skip
    odd = {
        "web/red.jpg:large": FILES["shop/red.jpg"],
        "web/0f3a": FILES["shop/red.jpg"],
        "shop/x.jpg_orig": FILES["shop/red.jpg"],
    }
    write_files(Path(publisher.collection.source), others | odd)
    summary = publisher.run()
    assert publisher.paths_in_csv() == sorted([*FILES, *odd])
    assert (summary["other_files"], summary["left_out_files"], summary["unreadable"]) == (5, 3, 1)
    text = (publisher.report / "summary.txt").read_text()
    assert "\n  5 other files (2 .pdf, 2 no suffix, 1 .txt)\n" in text
    assert "\n  3 files left out by name, which --include takes in (1 $RECYCLE.BIN, 1 ._*, 1 @eaDir)\n" in text
    assert b"5 other files (2 .pdf, 2 no suffix, 1 .txt)" in publisher.pages()["index.html"]
    again = publisher.run()
    assert (again["other_files"], again["left_out_files"], again["downloaded_images"]) == (5, 3, 0)


def test_a_second_run_did_nothing_and_says_so_and_leaves_the_pages_as_they_are(publisher: Publisher) -> None:
    before, written_at = publisher.pages(), (publisher.report / "index.html").stat().st_mtime_ns
    summary = publisher.run()
    names = ("downloaded_images", "downloaded_bytes", "verified_pairs", "embedded_images")
    assert [summary[name] for name in names] == [0, 0, 0, 0]
    assert summary["images"] == 4
    assert publisher.pages() == before
    assert (publisher.report / "index.html").stat().st_mtime_ns == written_at


def test_pages_that_a_killed_run_left_behind_its_rows_are_written_by_the_next(publisher: Publisher) -> None:
    before = publisher.pages()
    write_files(Path(publisher.collection.source), {"web/green.jpg": jpeg(make_photograph(4))})
    publisher.run()
    after = publisher.pages()
    write_files(publisher.report, before)
    publisher.run()
    assert publisher.paths_in_csv() == sorted([*FILES, "web/green.jpg"])
    assert publisher.pages() == after


def test_pages_that_somebody_deleted_are_written_again(publisher: Publisher) -> None:
    before = publisher.pages()
    for path in publisher.report.rglob("*.*"):
        path.unlink()
    publisher.run()
    assert set(publisher.pages()) == set(before)
    assert publisher.pages()["image_report.csv"] == before["image_report.csv"]
