import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dedup_assets.errors import LostImagesError
from dedup_assets.stages.departed import read_departed
from dedup_assets.tables import DEPARTED, EMBEDDINGS, IMAGE_FEATURES, IMAGE_MANIFEST, LOCAL_FEATURES
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.commands import Said, dedup_assets
from dedup_assets_tests.pipeline.line import Line, Outcome, table_files

NOTHING = {"downloaded_images": 0, "downloaded_bytes": 0, "verified_pairs": 0, "embedded_images": 0}
FILES = small_collection()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Line, Outcome]:
    """A store that was filled once; each test leaves the source as it was, and the report too."""
    folder = tmp_path_factory.mktemp("unmounted")
    write_collection(folder / "photos", FILES)
    line = Line(str(folder / "photos"), str(folder / "store"))
    return line, line.run()


def unmount(line: Line, disk: str = "") -> None:
    """Leave the empty mount point."""
    folder = Path(line.source) / disk
    folder.rename(Path(line.store).with_name("away"))
    folder.mkdir()


def mount(line: Line, disk: str = "") -> None:
    folder = Path(line.source) / disk
    folder.rmdir()
    Path(line.store).with_name("away").rename(folder)


def run_at_a_terminal(line: Line, *options: str) -> Said:
    return dedup_assets("run", line.source, "--store", line.store, *options)


def test_an_empty_mount_point_stops_every_run_before_anything_is_changed(filled: tuple[Line, Outcome]) -> None:
    line, before = filled
    tables = table_files(Path(line.store))
    unmount(line)
    said = run_at_a_terminal(line)
    assert said.code == 1
    assert f"{line.source} lacks 9 of 9 images (100%) of the last run, in the prefixes " in said.err
    assert "catalog (3), scrape (3), uploads (3)" in said.err
    with pytest.raises(LostImagesError, match="lacks 9 of 9 images"):
        line.run_by_night(datetime(2026, 11, 1, 2, tzinfo=UTC))
    with pytest.raises(LostImagesError, match="lacks 9 of 9 images"):
        line.run_partition("scrape")
    assert table_files(Path(line.store)) == tables
    mount(line)
    after = line.run()
    assert after.work == NOTHING
    assert (after.csv, after.page) == (before.csv, before.page)


def test_a_loss_that_was_accepted_costs_nothing_when_the_disk_is_back(filled: tuple[Line, Outcome]) -> None:
    line, before = filled
    unmount(line)
    refused = run_at_a_terminal(line, "--accept-loss", "0123456789ab")
    (digest,) = set(re.findall("[0-9a-f]{12}", refused.err))
    assert line.run(digest).rows == []
    assert len(read_departed(line.tables, "image_id")) == len(FILES)
    mount(line)
    after = line.run()
    assert after.work == NOTHING
    assert (after.csv, after.groups) == (before.csv, before.groups)
    assert read_departed(line.tables, "image_id").is_empty()
    assert run_at_a_terminal(line).code == 0
    unmount(line)
    assert run_at_a_terminal(line).code == 1
    mount(line)


def test_one_disk_of_several_that_is_away_is_a_warning_and_costs_nothing_when_it_is_back(
    filled: tuple[Line, Outcome],
) -> None:
    line, before = filled
    unmount(line, "uploads")
    gone = line.run()
    assert {path.split("/")[0] for path in gone.by_path} == {"catalog", "scrape"}
    assert line.tables.commit_of(IMAGE_MANIFEST, "uploads").details["emptied_at"]
    mount(line, "uploads")
    after = line.run()
    assert after.work == NOTHING
    assert (after.csv, after.groups) == (before.csv, before.groups)


def files_of(store: Path, *names: str) -> set[str]:
    return {path.as_posix() for name in names for path in (store / "tables" / name).rglob("*.parquet")}


def test_what_is_forgotten_is_gone_down_to_its_files_changes_no_row_and_is_read_again(
    filled: tuple[Line, Outcome],
) -> None:
    line, before = filled
    store = Path(line.store)
    unmount(line, "scrape")
    line.run()
    visible = {table: files_of(store, table) for table in ("verified_groups", "dedup_report", "representatives")}
    lately = dedup_assets("forget", "--store", line.store)
    assert lately.out == "0 images forgotten; 3 others left lately and may return (--now forgets them too).\n"
    assert dedup_assets("forget", "--store", line.store, "--now").out == "3 images forgotten.\n"
    assert not files_of(store, *(table.name for table in DEPARTED.values()))
    for table in (IMAGE_FEATURES, EMBEDDINGS, LOCAL_FEATURES):
        named = {name for key in line.tables.partitions(table) for name in line.tables.commit_of(table, key).part_names}
        assert {Path(path).name for path in files_of(store, table.name)} == named
    assert {table: files_of(store, table) for table in visible} == visible
    assert line.run().work == NOTHING
    mount(line, "scrape")
    after = line.run()
    assert after.work["downloaded_images"] == 3
    assert after.csv == before.csv
