"""A person's word through the whole line: noted from the command line, obeyed by the next run, and as long as it counts."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from dedup_assets.automation.running import remember
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.commands import Said, dedup_assets
from dedup_assets_tests.pipeline.line import Line, Outcome, table_files
from dedup_assets_tests.pipeline.test_incremental import NOTHING

ASTRONAUT, AGAIN, CROPPED = "catalog/astronaut.jpg", "scrape/astronaut again.jpg", "uploads/astronaut cropped.jpg"
COFFEE, SMALL = "scrape/coffee.jpg", "catalog/coffee small.jpg"
CHELSEA, FULL, MIRRORED = "scrape/chelsea.jpg", "uploads/chelsea full.png", "uploads/chelsea mirrored.jpg"
WORD = ("--by", "anna", "--why", "seen on paper")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Line, Outcome]:
    """A store over three photographs in nine files, about which nothing is decided: nobody writes to it."""
    folder = tmp_path_factory.mktemp("decisions")
    write_collection(folder / "photos", small_collection())
    line = Line(str(folder / "photos"), str(folder / "store"))
    return line, line.run()


@pytest.fixture
def own_database(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database in which nothing is decided yet; the vectors of the filled store come to it with the first run."""
    name = f"decisions_{uuid4().hex}"
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@/{name}?host={server.socket_directory}")
        yield
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def line(filled: tuple[Line, Outcome], own_database: None, tmp_path: Path) -> Line:
    """The test's own copy of the filled store and its source."""
    folder = Path(filled[0].source).parent
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    own = Line(str(tmp_path / "photos"), str(tmp_path / "store"))
    remember(own.settings)
    return own


def decide(line: Line, *words: str) -> Said:
    said = dedup_assets("decide", *words, "--store", line.store)
    assert said.code == 0, said.err
    return said


def test_decisions_are_obeyed_cost_nothing_twice_outlive_renames_and_policies_and_can_be_taken_back(
    line: Line, filled: tuple[Line, Outcome]
) -> None:
    before = filled[1]
    assert before.groups == {
        frozenset((ASTRONAUT, AGAIN, CROPPED)),
        frozenset((COFFEE, SMALL)),
        frozenset((CHELSEA, FULL, MIRRORED)),
    }
    decide(line, "not-same", SMALL, COFFEE, *WORD)
    decide(line, "same", COFFEE, ASTRONAUT, *WORD)
    decide(line, "keep-this", MIRRORED, *WORD)
    obeyed = line.run()
    assert_obeyed(obeyed)

    files = table_files(Path(line.store))
    again = line.run()
    assert (again.work, again.csv) == (NOTHING, obeyed.csv)
    assert table_files(Path(line.store)) == files

    source = Path(line.source)
    (source / COFFEE).rename(source / "scrape/espresso.jpg")
    renamed = replace(line, policies={"verified_groups": {"min_overlap": 0.85}}).run()
    assert renamed.work["verified_pairs"] > 0
    assert_obeyed(renamed, coffee="scrape/espresso.jpg")

    decide(line, "withdraw", "scrape/espresso.jpg", ASTRONAUT)
    decide(line, "withdraw", SMALL, "scrape/espresso.jpg")
    decide(line, "withdraw", MIRRORED)
    (source / "scrape/espresso.jpg").rename(source / COFFEE)
    assert "Nobody has decided anything." in decide(line, "list").out
    restored = line.run()
    assert restored.csv == before.csv
    assert restored.page.replace(line.source.encode(), b"") == before.page.replace(filled[0].source.encode(), b"")


def assert_obeyed(outcome: Outcome, coffee: str = COFFEE) -> None:
    assert outcome.groups == {frozenset((ASTRONAUT, AGAIN, CROPPED, coffee)), frozenset((CHELSEA, FULL, MIRRORED))}
    rows = outcome.by_path
    assert (rows[MIRRORED]["Status"], rows[SMALL]["Status"]) == ("Best", "Best")
    assert rows[MIRRORED]["Kept Because"].startswith("you said so: anna, 20")
    assert rows[FULL]["Kept Because"].endswith(", seen on paper")
    assert rows[SMALL]["Kept Because"].startswith(f"you said that it is not the same as {coffee}: anna, 20")
    moved = rows[coffee] if rows[coffee]["Status"] == "Duplicate" else rows[ASTRONAUT]
    assert (moved["Status"], moved["Level"]) == ("Duplicate", "copy")
    assert moved["Decided By"].startswith("person: anna, 20")
    assert b"Decided by: you said so: anna, 20" in outcome.page


def test_the_order_of_partitions_and_a_store_begun_anew_change_nothing(line: Line, tmp_path: Path) -> None:
    decide(line, "not-same", SMALL, COFFEE, *WORD)
    decide(line, "same", COFFEE, ASTRONAUT, *WORD)
    decide(line, "keep-this", MIRRORED, *WORD)
    obeyed = line.run()
    other = replace(line, store=str(tmp_path / "other"))
    for key in ("uploads", "scrape", "catalog"):
        other.run_partition(key)
    assert other.outcome().csv == obeyed.csv


def test_what_is_decided_is_told_and_listed_for_people_and_scripts(line: Line) -> None:
    said = decide(line, "keep-this", AGAIN, CROPPED, *WORD)
    assert said.out.splitlines() == [
        f"Noted: {AGAIN} + {CROPPED}: keep.",
        *(line for line in said.out.splitlines() if line.startswith("  ")),
        f"The next run applies it: dedup-assets run {line.source} --store {line.store}",
    ]
    assert f"The same bytes lie in {ASTRONAUT}" in said.out
    decide(line, "same", AGAIN, CROPPED, "--by", "ben")
    (entry,) = json.loads(decide(line, "list", "--format", "json").out)
    assert (entry["decided_by"], entry["verdict"], entry["reason"]) == ("ben", "same", "")
    assert sorted((entry["paths"], entry["other_paths"])) == sorted(([ASTRONAUT, AGAIN], [CROPPED]))
    every = decide(line, "list", "--all", "--format", "csv").out.splitlines()
    assert [row.split(",")[1:3] for row in every] == [["decided_by", "verdict"], ["anna", "keep_this"], ["ben", "same"]]
    assert decide(line, "list").out.strip().endswith("the same picture")


def test_a_database_that_was_lost_gets_its_decisions_back_from_the_store(
    line: Line, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(line, "keep-this", MIRRORED, *WORD)
    listed = decide(line, "list", "--format", "json").out
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP SCHEMA dedup CASCADE")
    assert decide(line, "list", "--format", "json").out == listed


def test_what_makes_no_sense_is_one_sentence_and_nothing_is_noted(line: Line, tmp_path: Path) -> None:
    def refused(*words: str, store: str = line.store) -> str:
        said = dedup_assets("decide", *words, "--store", store)
        assert said.code == 1
        return said.sentence

    assert refused("same", ASTRONAUT, "catalog/cofee small.jpg").startswith(
        f"No image of the report is called 'catalog/cofee small.jpg'. The nearest names are: {SMALL}"
    )
    assert "cannot be read, so that nothing can be decided about it: The JPEG" in refused(
        "same", COFFEE, "catalog/half.jpg"
    )
    assert "are the same file, byte for byte" in refused("not-same", ASTRONAUT, AGAIN)
    assert refused("withdraw", COFFEE) == f"Nothing is decided about {COFFEE} alone."
    assert refused("same", COFFEE, SMALL, store=str(tmp_path / "none")).startswith("Nothing was ever run into")
    assert "Nobody has decided anything." in decide(line, "list").out


def test_a_database_that_cannot_be_reached_stops_a_run_before_anything_is_done(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = table_files(Path(line.store))
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:s3cret@127.0.0.1:9/images")
    for words in (("run", line.source), ("decide", "keep-this", COFFEE)):
        said = dedup_assets(*words, "--store", line.store)
        assert said.code == 1
        assert said.sentence == "cannot use the database at 127.0.0.1:9/images (DATABASE_URL): nothing listens there"
    assert table_files(Path(line.store)) == files
