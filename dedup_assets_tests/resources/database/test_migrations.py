import runpy
import shutil
import sys
from pathlib import Path

import psycopg
import pytest

from dedup_assets.errors import MigrationError
from dedup_assets.resources.database import migrations
from dedup_assets.resources.database.embedded.postgres import EmbeddedPostgres
from dedup_assets.resources.database.image_rows import stored_images
from dedup_assets.resources.database.migrations import (
    migrate,
    migration_status,
    migrations_directory,
    read_migrations,
)
from dedup_assets.resources.database.models import find_model
from dedup_assets.resources.database.store_entries import enter_store

DATA_OF_BEFORE = """
    INSERT INTO dedup.embedding_model (model, revision, dimension, is_current) VALUES ('rootsift', '1', 2, true);
    INSERT INTO dedup.image VALUES
        (1, 'a.jpg', sha256('a'), NULL, 'g', 1, 1, true), (2, 'b.jpg', sha256('b'), NULL, 'g', 2, 1, false),
        (3, 'c.jpg', sha256('c'), NULL, 'h', 1, 3, true);
    INSERT INTO dedup.image_embedding VALUES (1, sha256('a'), 2, '[1,2]');
    INSERT INTO dedup.prompt_embedding VALUES (1, sha256('p'), 2, '[1,2]')"""
"""What the first version could hold: a group with its vector, and a picture that waits for one."""


LAST_WITH_ONE_STORE = 5


def write(folder: Path, **files: str) -> Path:
    for name, sql in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(sql, encoding="utf-8")
    return folder


def test_an_installed_package_has_its_migrations_inside(tmp_path: Path) -> None:
    module = tmp_path / "dedup_assets" / "resources" / "database" / "migrations.py"
    module.parent.mkdir(parents=True)
    (packaged := tmp_path / "dedup_assets" / "migrations").mkdir()
    shutil.copy(str(sys.modules[migrations_directory.__module__].__file__), module)
    assert runpy.run_path(str(module))["migrations_directory"]() == packaged


def test_an_empty_database_is_brought_to_the_head_and_twice_changes_nothing(empty_database: psycopg.Connection) -> None:
    names = [migration.name for migration in read_migrations(migrations_directory())]
    assert migrate(empty_database) == names
    assert migrate(empty_database) == []
    assert [migration.name for migration in migration_status(empty_database) if migration.applied_at] == names


def test_a_dry_run_names_what_is_missing_and_changes_nothing(empty_database: psycopg.Connection) -> None:
    assert migration_status(empty_database) == read_migrations(migrations_directory())
    assert empty_database.execute("SELECT to_regnamespace('dedup')").fetchone() == (None,)


def test_later_files_are_applied_to_a_database_that_holds_data(
    empty_database: psycopg.Connection, tmp_path: Path
) -> None:
    write(tmp_path, m0001_first="CREATE TABLE dedup.thing (a int); INSERT INTO dedup.thing VALUES (7)")
    assert migrate(empty_database, tmp_path) == ["0001_first.sql"]
    write(tmp_path, m0002_second="ALTER TABLE dedup.thing ADD COLUMN b int DEFAULT 8")
    assert migrate(empty_database, tmp_path) == ["0002_second.sql"]
    assert empty_database.execute("SELECT a, b FROM dedup.thing").fetchall() == [(7, 8)]


@pytest.mark.parametrize("version", range(1, len(read_migrations(migrations_directory()))))
def test_a_server_that_holds_data_of_an_earlier_version_keeps_them(
    empty_database: psycopg.Connection, tmp_path: Path, version: int
) -> None:
    for number, path in enumerate(sorted(migrations_directory().glob("*.sql"))[:version], 1):
        shutil.copy(path, tmp_path)
        migrate(empty_database, tmp_path)
        if number == min(version, LAST_WITH_ONE_STORE):
            empty_database.execute(DATA_OF_BEFORE.encode())
    assert len(migrate(empty_database)) == len(read_migrations(migrations_directory())) - version
    model = find_model(empty_database, "rootsift", "1")
    assert model is not None
    entry = enter_store(empty_database, "/photos/store", model[0])
    assert stored_images(empty_database, entry.store_id) == [1, 2, 3]
    assert stored_images(empty_database, enter_store(empty_database, "another", model[0]).store_id) == []
    vectors = "SELECT image_id, store FROM dedup.image_vector ORDER BY image_id"
    assert empty_database.execute(vectors).fetchall() == [(1, "/photos/store"), (2, "/photos/store")]
    assert empty_database.execute("SELECT image_id FROM dedup.orphaned_images").fetchall() == [(3,)]
    empty_database.execute("DELETE FROM dedup.image WHERE image_id = 1")
    orphans = "SELECT image_id FROM dedup.orphaned_images ORDER BY image_id"
    assert empty_database.execute(orphans).fetchall() == [(2,), (3,)]


def test_a_file_that_fails_leaves_what_the_one_before_it_left(
    empty_database: psycopg.Connection, tmp_path: Path
) -> None:
    write(
        tmp_path, m0001_good="CREATE TABLE dedup.good (a int)", m0002_bad="CREATE TABLE dedup.bad (a int); SELECT 1/0"
    )
    with pytest.raises(MigrationError, match=r"0002_bad\.sql could not be applied: division by zero"):
        migrate(empty_database, tmp_path)
    assert [each.name for each in migration_status(empty_database, tmp_path) if not each.applied_at] == ["0002_bad.sql"]
    assert empty_database.execute("SELECT to_regclass('dedup.bad')").fetchone() == (None,)


def test_an_edited_file_is_refused(empty_database: psycopg.Connection, tmp_path: Path) -> None:
    migrate(empty_database, write(tmp_path, m0001_first="CREATE TABLE dedup.thing (a int)"))
    with pytest.raises(MigrationError, match="edited after it was applied"):
        migrate(empty_database, write(tmp_path, m0001_first="CREATE TABLE dedup.thing (a bigint)"))


def test_a_database_ahead_of_the_program_is_refused(empty_database: psycopg.Connection, tmp_path: Path) -> None:
    migrate(empty_database, write(tmp_path, m0001_first="SELECT 1", m0002_later="SELECT 1"))
    (tmp_path / "0002_later.sql").unlink()
    with pytest.raises(MigrationError, match=r"0002_later\.sql, which this version does not know"):
        migrate(empty_database, tmp_path)


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"found numbers \[1, 3\]"):
        read_migrations(write(tmp_path, m0001_first="", m0003_third=""))


def test_two_processes_that_migrate_at_once_apply_each_file_once(
    postgres: EmbeddedPostgres, empty_database: psycopg.Connection
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def migrate_once(_: int) -> list[str]:
        with psycopg.connect(postgres.conninfo, dbname=empty_database.info.dbname) as connection:
            return migrate(connection)

    with ThreadPoolExecutor(3) as pool:
        applied = [name for names in pool.map(migrate_once, range(3)) for name in names]
    assert applied == [migration.name for migration in read_migrations(migrations_directory())]


def test_who_keeps_others_from_migrating_is_told_after_a_time(
    postgres: EmbeddedPostgres, empty_database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_S", 1)
    name = empty_database.info.dbname
    with psycopg.connect(postgres.conninfo, dbname=name) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (migrations.ADVISORY_LOCK,))
        told = (
            f"held up for 1 s by session {other.info.backend_pid} of postgres at this machine, since 20.*: wait for it"
        )
        with pytest.raises(MigrationError, match=told):
            migrate(empty_database)
        other.execute("CREATE ROLE migrates LOGIN")
        other.commit()
        told = "session .* of postgres at an unknown address, since an unknown time: wait for it"
        with (
            psycopg.connect(postgres.conninfo, dbname=name, user="migrates") as unprivileged,
            pytest.raises(MigrationError, match=told),
        ):
            migrate(unprivileged)
        other.execute("DROP ROLE migrates")
    assert migrate(empty_database)
