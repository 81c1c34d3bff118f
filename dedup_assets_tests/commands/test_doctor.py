"""What is told of a store that is well, and of the same with one thing wrong."""

import os
import re
from pathlib import Path

import psycopg
import pytest

from dedup_assets.health.contents import look_at_decisions
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.migrations import migration_status
from dedup_assets.settings import Settings
from dedup_assets.tables import IMAGE_FEATURES, ORGANIZED_BLOBS
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.collections import Planted
from dedup_assets_tests.pipeline.commands import dedup_assets
from dedup_assets_tests.pipeline.conftest import database_url, line_of, server  # noqa: F401
from dedup_assets_tests.pipeline.line import Line

SECRET = "hunter2"


@pytest.fixture
def line(line_of: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:  # noqa: F811
    """A line over one picture, on a machine without data of other stores, which `--repair` would remove."""
    monkeypatch.setenv("DEDUP_DATABASE_FOLDER", str(tmp_path / "databases"))
    assert callable(line_of)
    made: Line = line_of([Planted("a/one.jpg", jpeg(make_photograph(1)), "one")])
    made.run()
    return made


def lines_of(out: str) -> dict[str, list[str]]:
    """What is told, by how it stands."""
    told: dict[str, list[str]] = {"ok": [], "note": [], "wrong": [], "done": []}
    for each in out.splitlines():
        state, _, rest = each.partition(" ")
        told[state].append(re.sub(r"\s+", " ", rest.strip()))
    return told


def test_what_is_well_is_told_line_by_line_without_any_secret_and_what_is_wrong_with_what_to_do(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDINGS_TOKEN", SECRET)
    before = {path: path.read_bytes() for path in Path(line.store, "tables").rglob("*.parquet")}
    said = dedup_assets("doctor", "--store", line.store)
    told = lines_of(said.out)
    assert (said.code, told["wrong"], told["done"]) == (0, [], [])
    assert any(re.fullmatch(r"credentials set in the environment: .*EMBEDDINGS_TOKEN.*", each) for each in told["ok"])
    for begin in (
        "versions dedup-assets ", "disk ", "memory ", f"settings source {line.source}", f"source {line.source} is readable",
        f"store {line.store} is readable and writable", "clock ", "database PostgreSQL 18", "pgvector 0.8", "migrations ",
        "runs 0 are under way", "layout 1 directories are placed in 1 partitions", "decisions 0, alike",
        "tables image_features: 1 rows, all files are as they were written",
    ):  # fmt: skip
        assert any(each.startswith(begin) for each in told["ok"]), (begin, said.out)
    assert SECRET not in said.out
    assert os.environ["DATABASE_URL"] not in said.out
    assert {path: path.read_bytes() for path in Path(line.store, "tables").rglob("*.parquet")} == before
    assert not list(Path(line.store).glob("doctor-*"))
    tell_what_is_wrong(line)


def tell_what_is_wrong(line: Line) -> None:
    """Damage the same store."""
    part = next(Path(line.store, "tables", "image_features").rglob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 0xFF
    part.write_bytes(data)
    Path(line.store, "layout", ".DS_Store").write_bytes(b"x")
    for name in ("decisions.json", "layout/000001.json"):
        Path(line.store, name).write_text("[{")
    Path(line.source).rename(f"{line.source} elsewhere")
    said = dedup_assets("doctor", "--store", line.store)
    wrong = lines_of(said.out)["wrong"]
    assert said.code == 1
    assert any(each.startswith("tables tables/image_features/a/") for each in wrong)
    for name in ("decisions.json", "layout/000001.json"):
        assert any(each.startswith(f"tables {name} is missing or not as it was written") for each in wrong)
    assert any(each.startswith(f"source {line.source}") for each in wrong)
    assert any("dedup_report: 1 rows" in each for each in lines_of(said.out)["ok"])
    Path(f"{line.source} elsewhere").rename(line.source)


def test_what_is_damaged_is_named_and_mended_and_the_next_run_tells_the_same(line: Line) -> None:
    assert dedup_assets("decide", "keep-this", "a/one.jpg", "--by", "anna", "--store", line.store).code == 0
    before = line.run()
    copied = line.organize("apply")
    newest = [line.tables.look_at(table, "a") for table in (IMAGE_FEATURES, ORGANIZED_BLOBS)]
    names = [
        "decisions.json",
        "layout/000001.json",
        "project.json",
        *(commit.path_of(commit.parts[0]) for commit in newest),
    ]
    paths = [Path(line.store, name) for name in names]
    for path in paths:
        path.write_bytes(path.read_bytes()[:-9])
    Path(line.store, "layout", ".DS_Store").write_bytes(b"x")
    said = dedup_assets("doctor", "--store", line.store)
    wrong = lines_of(said.out)["wrong"]
    assert not any(each.startswith(("layout ", "decisions ")) for each in wrong)
    told = [each.split()[1] for each in wrong if each.startswith("tables ")]
    assert (said.code, sorted(told)) == (1, sorted(names)), said.out
    said = dedup_assets("doctor", "--store", line.store, "--repair")
    assert said.code == 0, said.out
    assert sorted(each.split()[1] for each in lines_of(said.out)["done"]) == sorted(names)
    said = dedup_assets("doctor", "--store", line.store)
    assert (said.code, lines_of(said.out)["wrong"]) == (0, []), said.out
    after = line.run()
    assert (after.csv, after.page) == (before.csv, before.page)
    assert line.organize("apply") == copied


def test_a_store_whose_settings_are_damaged_is_still_looked_at(line: Line) -> None:
    Path(line.store, "project.json").write_text('{"source"')
    said = dedup_assets("doctor", "--store", line.store)
    wrong = lines_of(said.out)["wrong"]
    assert said.code == 1
    assert any(each.startswith("tables project.json is missing or not as it was written") for each in wrong)


def test_a_look_at_decisions_migrates_no_database(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: EmbeddedPostgres,  # noqa: F811
) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as admin:
        admin.execute("CREATE DATABASE doctor_only")
    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@/doctor_only?host={server.socket_directory}")
    settings = Settings(source=str(tmp_path), store=str(tmp_path))
    (told,) = look_at_decisions(settings)
    assert (told.state, told.remedy) == ("note", "`dedup-assets migrate`, or the next run, applies them")
    with DatabaseResource(store=settings.store).connect() as connection:
        assert not any(each.applied_at for each in migration_status(connection))


def test_a_store_that_is_none_is_told(tmp_path: Path) -> None:
    said = dedup_assets("doctor", "--store", tmp_path / "store")
    assert (said.code, said.sentence[:24]) == (1, "Nothing was ever run into"[:24])
    assert not (tmp_path / "store").exists()
