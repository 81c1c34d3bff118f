from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.contracts import Table
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore, open_tables
from dedup_assets.stages.departed import bring_back, forget, set_apart
from dedup_assets.tables import DEPARTED, EMBEDDINGS

COLUMNS = ["content_key"]
APART = DEPARTED[EMBEDDINGS.name]


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    """Vectors of six contents, in two parts."""
    tables = open_tables(str(tmp_path))
    commit = tables.commit_of(EMBEDDINGS, "a")
    for keys in ("abc", "def"):
        model = {"subject": "image", "provider": "p", "model": "m", "revision": "1"}
        rows = [EMBEDDINGS.frame([{**model, "content_key": key, "vector": [float(ord(key))]}]) for key in keys]
        commit = tables.append(commit, EMBEDDINGS, pl.concat(rows))
    return tables


def keys_of(tables: TableStore, table: Table) -> str:
    return "".join(tables.read(table, "a", COLUMNS)["content_key"].sort())


def are(keys: str) -> pl.Expr:
    return pl.col("content_key").is_in(list(keys))


def leave_only(tables: TableStore, keys: str) -> None:
    set_apart(tables, tables.commit_of(EMBEDDINGS, "a"), EMBEDDINGS, COLUMNS, are(keys))


def return_of(tables: TableStore, keys: str, is_of_use: pl.Expr = pl.lit(value=True)) -> None:  # noqa: B008
    bring_back(tables, tables.commit_of(EMBEDDINGS, "a"), EMBEDDINGS, COLUMNS, are(keys), is_of_use)


def test_what_left_comes_back_as_it_was(tables: TableStore) -> None:
    before = tables.read(EMBEDDINGS, "a").sort("content_key")
    leave_only(tables, "ab")
    assert (keys_of(tables, EMBEDDINGS), keys_of(tables, APART)) == ("ab", "cdef")
    return_of(tables, "abcf")
    assert (keys_of(tables, EMBEDDINGS), keys_of(tables, APART)) == ("abcf", "de")
    return_of(tables, "de")
    assert tables.read(EMBEDDINGS, "a").sort("content_key").equals(before)


def test_what_is_of_no_use_any_more_is_not_brought_back_nor_kept(tables: TableStore) -> None:
    leave_only(tables, "a")
    return_of(tables, "bc", is_of_use=pl.col("vector").list.first() > ord("b"))
    assert (keys_of(tables, EMBEDDINGS), keys_of(tables, APART)) == ("ac", "def")


def publish_anew(tables: TableStore, commit: Commit) -> None:
    newest = tables.commit_of(APART if commit.table == APART.name else EMBEDDINGS, commit.partition)
    tables.publish(replace(commit, number=newest.number))


def test_rows_that_a_kill_left_in_both_are_doubled_in_none(tables: TableStore) -> None:
    whole = tables.commit_of(EMBEDDINGS, "a")
    leave_only(tables, "ab")
    publish_anew(tables, whole)  # killed before the rows were dropped
    leave_only(tables, "ab")
    assert (keys_of(tables, EMBEDDINGS), keys_of(tables, APART)) == ("ab", "cdef")
    apart = tables.commit_of(APART, "a")
    return_of(tables, "cdef")
    publish_anew(tables, apart)  # killed before they were dropped from those apart
    return_of(tables, "cdef")
    assert (keys_of(tables, EMBEDDINGS), keys_of(tables, APART)) == ("abcdef", "")


def test_what_left_long_ago_is_forgotten(tables: TableStore) -> None:
    leave_only(tables, "abc")
    forget(tables, timedelta(days=30))
    assert keys_of(tables, APART) == "def"
    forget(tables, timedelta(0))
    assert (keys_of(tables, EMBEDDINGS), keys_of(tables, APART)) == ("abc", "")
