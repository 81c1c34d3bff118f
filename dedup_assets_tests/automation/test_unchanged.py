"""A run is left out where the last one left nothing to do, and only there."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from dedup_assets.assets import image_manifest
from dedup_assets.automation.running import remember
from dedup_assets.automation.unchanged import NOTE, is_at_work, is_unchanged, note_what_is_left
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.settings import Settings
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.materializing import materialize
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.commands import Said, dedup_assets
from dedup_assets_tests.pipeline.line import Line

NEAR = {"similar_groups": {"level": "near"}}
"""No vectors: no server is started for these tests."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A store that was filled once from three images and a link in two folders, without a server of PostgreSQL."""
    folder = tmp_path_factory.mktemp("unchanged")
    files = {f"{prefix}/{number}.jpg": jpeg(make_photograph(number)) for number, prefix in enumerate("aab")}
    passed_over = {"a/0.xmp": b"<x:xmpmeta/>", "papers/notes.txt": b"not an image", "a/@eaDir/0.jpg": b"a thumbnail"}
    write_files(folder / "photos", files | passed_over)
    (folder / "photos/b/link.jpg").symlink_to("../a/0.jpg")
    (folder / "photos/b/.thumbnails").mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        line = Line(str(folder / "photos"), str(folder / "store"), policies=NEAR)
        line.run()
        yield line


@pytest.fixture
def line(filled: Line, tmp_path: Path) -> Line:
    """The test's own copy of it, whose files have been listed as they are."""
    shutil.copytree(Path(filled.source).parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    copy = replace(filled, source=str(tmp_path / "photos"), store=str(tmp_path / "store"))
    materialize(Collection(**copy.settings.collection), image_manifest)
    remember(copy.settings)
    note(copy.settings)
    assert is_unchanged(copy.settings)
    return copy


def note(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        note_what_is_left(settings, instance)


def test_after_a_run_there_is_nothing_to_do(filled: Line) -> None:
    assert is_unchanged(filled.settings)


def test_other_settings_are_a_reason_to_run(line: Line) -> None:
    assert not is_unchanged(replace(line, policies={}).settings)
    assert not is_unchanged(replace(line, source=f"{line.source}/a").settings)
    assert not is_unchanged(line.settings.model_copy(update={"exclude": ["*.png"]}))
    assert not is_unchanged(line.settings.model_copy(update={"include": [".thumbnails"]}))


def touch(path: Path) -> None:
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))


def edit_unnoticed(path: Path) -> None:
    """Write other bytes of the same length, with the old time."""
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def lead_elsewhere(link: Path) -> None:
    link.unlink()
    link.symlink_to("../a/1.jpg")


def replace_unnoticed(path: Path) -> None:
    """Put another file of its length and time in its place, of an older time of change, as restoring from a mirror does."""
    other = path.with_suffix(".new")
    other.write_bytes(bytes(path.stat().st_size))
    shutil.copystat(path, other)
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda photos, _: write_files(photos, {"a/new.jpg": jpeg(make_photograph(9))}),
        lambda photos, _: write_files(photos, {"c/new prefix.jpg": jpeg(make_photograph(8))}),
        lambda photos, _: touch(photos / "a/0.jpg"),
        lambda photos, _: edit_unnoticed(photos / "a/0.jpg"),
        lambda photos, _: replace_unnoticed(photos / "a/0.jpg"),
        lambda photos, _: (photos / "b/2.jpg").unlink(),
        lambda photos, _: lead_elsewhere(photos / "b/link.jpg"),
        lambda photos, _: (photos / "a/3.jpg").hardlink_to(photos / "a/0.jpg"),
        lambda photos, _: write_files(photos, {"a/0.xmp": b"<x:xmpmeta />"}),
        lambda photos, _: write_files(photos, {"papers/more.txt": b"not an image"}),
        lambda photos, _: write_files(photos, {"a/@eaDir/1.jpg": b"a thumbnail"}),
        lambda _, store: (store / "report/index.html").unlink(),
        lambda _, store: (store / "decisions.json").write_text("[]"),
        lambda _, store: next(store.glob("tables/image_features/*/*.parquet")).unlink(),
    ],
    ids=[
        *(
            "new",
            "prefix",
            "changed",
            "edited behind its time",
            "replaced behind its time",
            "removed",
            "link",
            "hard link",
        ),
        *("companion", "other file", "left out", "page", "decision", "part"),
    ],
)
def test_whatever_changes_in_the_source_or_in_the_store_is_a_reason_to_run(
    line: Line, change: Callable[[Path, Path], object]
) -> None:
    change(Path(line.source), Path(line.store))
    assert not is_unchanged(line.settings)


def test_a_note_of_yesterday_counts_no_more(line: Line) -> None:
    document = line.tables.read_document(NOTE)
    assert document is not None
    yesterday = (datetime.now(UTC) - timedelta(days=1, minutes=1)).isoformat()
    line.tables.write_document(NOTE, document | {"noted_at": yesterday})
    assert not is_unchanged(line.settings)


def test_a_server_that_others_use_may_hold_other_decisions(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:9/images")
    assert not is_unchanged(line.settings)


def begin(tables: TableStore) -> None:
    """As a run leaves a partition of which an image could not be read for a cause that may pass."""
    key = tables.partitions(IMAGE_FEATURES)[0]
    tables.publish(replace(tables.commit_of(IMAGE_FEATURES, key), fingerprint=None))


def test_nothing_is_noted_where_a_partition_is_unfinished_or_a_run_at_work(line: Line) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun("nightly_deduplication", status=dg.DagsterRunStatus.STARTED))
        line.tables.delete(NOTE)
        note_what_is_left(line.settings, instance)
    assert not is_unchanged(line.settings)
    begin(line.tables)
    note(line.settings)
    assert not is_unchanged(line.settings)


def test_a_run_is_at_work_however_long_ago_it_began_unless_only_later_ones_are_asked_about() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun("nightly_deduplication", status=dg.DagsterRunStatus.STARTED))
        assert is_at_work(instance)
        assert not is_at_work(instance, datetime.now(UTC) + timedelta(days=1))


def run(line: Line) -> Said:
    return dedup_assets("run", line.source, "--store", line.store, "--level", "near")


def test_the_command_says_so_without_a_run_and_so_do_the_figures_for_scripts(line: Line) -> None:
    first = run(line)
    files = {path: path.stat().st_mtime_ns for path in Path(line.store, "dagster").rglob("*") if path.is_file()}
    second = run(line)
    assert (first.code, second.code) == (0, 0)
    assert "Nothing had changed: 0 bytes downloaded, 0 pairs verified, 0 images embedded" in second.out
    assert second.out.splitlines()[:-2] == first.out.splitlines()[:-2]
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert line.outcome().work == dict.fromkeys(line.outcome().work, 0)
    write_files(Path(line.source), {"a/last.jpg": jpeg(make_photograph(20))})
    assert "Downloaded 1 image" in run(line).out
