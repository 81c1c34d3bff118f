"""A store of which files are damaged: the next runs end well or with one sentence, and the report is what it was."""

import json
import logging
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dedup_assets.automation.running import refuse_another_source
from dedup_assets.contracts import Table
from dedup_assets.errors import DamagedStoreError
from dedup_assets.resources.database.decisions import DOCUMENT
from dedup_assets.resources.tables.damage import find_damage, mend
from dedup_assets.tables import AUXILIARY_TABLES, IMAGE_FEATURES, LOCAL_FEATURES, ORGANIZED_BLOBS, TABLES
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.line import Line, Outcome, broken_commits

MADE_AGAIN = [table for table in (*TABLES, *AUXILIARY_TABLES) if table is not ORGANIZED_BLOBS]

Damaging = Callable[[Path], object]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """Change bytes here and there, as a failing disk does, and leave the size."""
    data = bytearray(path.read_bytes())
    for at in random.Random(path.parent.name).sample(range(len(data)), max(4, len(data) // 100)):
        data[at] ^= 0xFF
    path.write_bytes(data)


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Line, Outcome]:
    folder = tmp_path_factory.mktemp("damaged")
    write_collection(folder / "photos", small_collection())
    line = Line(str(folder / "photos"), str(folder / "store"))
    return line, line.run()


@pytest.fixture
def line(undamaged: tuple[Line, Outcome], tmp_path: Path) -> Line:
    """The line over a copy of the store that the test may damage."""
    shutil.copytree(undamaged[0].store, tmp_path / "store")
    return Line(undamaged[0].source, str(tmp_path / "store"))


def files_of(line: Line, table: Table, pattern: str) -> list[Path]:
    """The files that count: the newest commit of a partition that has rows, or its parts."""
    commits = [commit for commit in line.tables.commits(table) if commit.parts]
    names = [(each.directory, f"{each.number:06}.json") for each in commits]
    if pattern == "*.parquet":
        names = [(each.directory, part.name) for each in commits for part in each.parts]
    return [Path(line.store) / directory / name for directory, name in names]


def damage_each_table(line: Line, pattern: str, damage: Damaging) -> list[str]:
    """Damage the first such file of every table that has one; the paths that were damaged."""
    damaged = [paths[0] for table in MADE_AGAIN if (paths := files_of(line, table, pattern))]
    for path in damaged:
        damage(path)
    return [path.relative_to(line.store).as_posix() for path in damaged]


def run_until_well(line: Line) -> tuple[Outcome, list[str]]:
    """Run again and again; the report, and the sentences with which runs ended before."""
    told: list[str] = []
    while len(told) <= len(MADE_AGAIN):
        try:
            return line.run(), told
        except DamagedStoreError as error:
            told.append(str(error))
    pytest.fail("\n".join(told))


MORE_EMPTY, MORE_GONE = (pytest.param(damage, marks=pytest.mark.more) for damage in (empty, Path.unlink))


@pytest.mark.parametrize("damage", [cut, MORE_EMPTY, MORE_GONE])
def test_parts_that_are_cut_or_gone_are_made_again_by_one_run_that_names_each(
    line: Line, undamaged: tuple[Line, Outcome], damage: Damaging, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = damage_each_table(line, "*.parquet", damage)
    assert len(damaged) >= 10
    with caplog.at_level(logging.WARNING):
        outcome, told = run_until_well(line)
    warned = "\n".join(record.getMessage() for record in caplog.records)
    assert told == []
    told_here = [path for path in damaged if LOCAL_FEATURES.name not in path]  # of these a process of its own warns
    assert [path for path in told_here if path not in warned] == []
    assert (outcome.csv, outcome.page) == (undamaged[1].csv, undamaged[1].page)
    assert (broken_commits(Path(line.store)), [*find_damage(line.tables)]) == ([], [])
    assert line.run().work == dict.fromkeys(outcome.work, 0)


@pytest.mark.parametrize("damage", [cut, MORE_EMPTY])
def test_commits_that_are_cut_or_empty_are_made_again_by_one_run(
    line: Line, undamaged: tuple[Line, Outcome], damage: Damaging
) -> None:
    assert len(damage_each_table(line, "*.json", damage)) >= 10
    outcome, told = run_until_well(line)
    assert told == []
    assert (outcome.csv, outcome.page) == (undamaged[1].csv, undamaged[1].page)
    assert outcome.work["downloaded_images"] == 0
    assert [*find_damage(line.tables)] == []


def test_bytes_that_changed_within_a_part_are_noticed_when_they_are_read_and_made_again(
    line: Line, undamaged: tuple[Line, Outcome]
) -> None:
    damaged = damage_each_table(line, "*.parquet", flip)
    shutil.rmtree(Path(line.store) / "report")
    outcome, told = run_until_well(line)
    assert told
    assert all(sentence.split()[0] in damaged and "run again" in sentence for sentence in told)
    assert (outcome.csv, outcome.page) == (undamaged[1].csv, undamaged[1].page)


def test_what_a_doctor_finds_it_mends_and_the_next_run_ends_well(line: Line, undamaged: tuple[Line, Outcome]) -> None:
    damaged = damage_each_table(line, "*.parquet", flip)
    found = [*find_damage(line.tables)]
    assert sorted(each.path for each in found) == sorted(damaged)
    assert all(each.path in mend(line.tables, each) for each in found)
    outcome, told = run_until_well(line)
    assert (told, [*find_damage(line.tables)]) == ([], [])
    assert (outcome.csv, outcome.page) == (undamaged[1].csv, undamaged[1].page)


@pytest.mark.parametrize("damage", [cut, MORE_EMPTY, MORE_GONE])
def test_a_damaged_log_of_placements_stops_the_run_until_it_is_restored(
    line: Line, undamaged: tuple[Line, Outcome], damage: Damaging
) -> None:
    first = Path(line.store) / "layout/000001.json"
    (first.parent / "000002.json").write_bytes(first.read_bytes())
    line.run()
    damage(first)
    with pytest.raises(DamagedStoreError, match=r"^layout/000001\.json .*`dedup-assets doctor --repair`"):
        line.run()
    [found] = find_damage(line.tables)
    assert mend(line.tables, found) == "layout/000001.json was taken from its second copy."
    assert line.run().csv == undamaged[1].csv


@pytest.mark.parametrize("damage", [cut, MORE_EMPTY])
def test_damaged_decisions_stop_the_run_until_they_are_restored(
    line: Line, undamaged: tuple[Line, Outcome], damage: Damaging
) -> None:
    line.tables.write_document(DOCUMENT, [])
    damage(Path(line.store) / DOCUMENT)
    (Path(line.store) / DOCUMENT).write_bytes(b"[" if damage is cut else b"")
    with pytest.raises(DamagedStoreError, match=rf"^{DOCUMENT} .*{DOCUMENT}\.$"):
        line.run()
    for found in find_damage(line.tables):
        mend(line.tables, found)
    assert line.run().csv == undamaged[1].csv


@pytest.mark.parametrize("damage", [cut, MORE_EMPTY])
def test_a_damaged_note_of_the_source_stops_the_run_until_it_is_restored(line: Line, damage: Damaging) -> None:
    line.run()
    note = Path(line.store) / "project.json"
    whole = note.read_bytes()
    damage(note)
    with pytest.raises(DamagedStoreError, match=r"^project\.json .*second_copies/project\.json"):
        refuse_another_source(line.settings)
    for found in find_damage(line.tables):
        mend(line.tables, found)
    assert note.read_bytes() == whole
    refuse_another_source(line.settings)


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        ("*.parquet", cut),
        *(pytest.param(*each, marks=pytest.mark.more) for each in [("*.parquet", Path.unlink), ("*.json", cut)]),
    ],
)
def test_a_damaged_journal_of_copies_is_never_taken_for_absent(
    undamaged: tuple[Line, Outcome], tmp_path: Path, pattern: str, damage: Damaging
) -> None:
    shutil.copytree(undamaged[0].source, tmp_path / "photos")
    line = Line(str(tmp_path / "photos"), str(tmp_path / "store"))
    line.run()
    copied = line.organize("apply")
    damage(files_of(line, ORGANIZED_BLOBS, pattern)[0])
    for action in ("plan", "apply", "undo"):
        with pytest.raises(DamagedStoreError, match=r"tables/organized_blobs/.*second_copies/"):
            line.organize(action)
    for found in find_damage(line.tables):
        mend(line.tables, found)
    assert [*find_damage(line.tables)] == []
    assert line.organize("apply") == copied


def test_files_that_systems_put_everywhere_change_nothing(line: Line, undamaged: tuple[Line, Outcome]) -> None:
    for folder in [Path(line.store), *(path for path in Path(line.store).rglob("*") if path.is_dir())]:
        (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    outcome = line.run()
    assert (outcome.csv, outcome.work) == (undamaged[1].csv, dict.fromkeys(outcome.work, 0))


@pytest.mark.parametrize("damage", [cut, MORE_GONE])
def test_vectors_that_may_have_been_paid_for_are_made_again_only_where_somebody_says_so(
    line: Line, undamaged: tuple[Line, Outcome], damage: Damaging
) -> None:
    from dedup_assets.tables import EMBEDDINGS

    note = line.tables.read_document("embedding_model.json")
    assert note is not None
    line.tables.write_document("embedding_model.json", note | {"provider": "http"})
    damage(files_of(line, EMBEDDINGS, "*.parquet")[0])
    [found] = find_damage(line.tables)
    with pytest.raises(DamagedStoreError, match="paid for"):
        line.tables.begin(EMBEDDINGS, found.partition)
    mend(line.tables, found)
    line.tables.write_document("embedding_model.json", note)
    assert line.run().csv == undamaged[1].csv


def test_a_store_of_0_2_0_without_checksums_and_numbers_goes_on(line: Line, undamaged: tuple[Line, Outcome]) -> None:
    tables = line.tables
    for table in (*TABLES, *AUXILIARY_TABLES):
        for commit in tables.commits(table):
            stored = {name: value for name, value in commit.document().items() if name != "sha256"}
            folder = Path(line.store) / commit.directory
            for path in folder.glob("*.json"):
                path.unlink()
            (folder / "commit.json").write_text(json.dumps(stored))
    shutil.rmtree(Path(line.store) / "second_copies")
    (Path(line.store) / "layout/.0123.staged").write_bytes(b"killed while it was written")
    outcome = line.run()
    assert outcome.csv == undamaged[1].csv
    assert {name: count for name, count in outcome.work.items() if name != "embedded_images"} == {
        "downloaded_images": 0, "downloaded_bytes": 0, "verified_pairs": 0,
    }  # fmt: skip
    assert [path.name for path in (Path(line.store) / "second_copies/layout").iterdir()] == ["000001.json"]
    assert line.tables.commits(IMAGE_FEATURES)[0].rows
