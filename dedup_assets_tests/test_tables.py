"""The data dictionary: one name for asset, file, table, test and heading; units, keys and rules that are sane."""

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from dedup_assets import assets
from dedup_assets.contracts import Column, Table
from dedup_assets.errors import TableContractError
from dedup_assets.tables import AUXILIARY_TABLES, TABLES, TIME, VECTOR

PROJECT = Path(__file__).parent.parent
EVERY_TABLE = (*TABLES, *AUXILIARY_TABLES)
EVERY_COLUMN = [(table, column) for table in EVERY_TABLE for column in table.columns]
COLUMN_NAMES = [f"{table.name}.{column.name}" for table, column in EVERY_COLUMN]
NAMES = [table.name for table in TABLES]

UNITS_OF_NAMES = {"_bytes": ("bytes",), "_px": ("pixels",), "_sha256": ("32 bytes", "64 hex digits")}
"""What the end of a column's name says about its unit."""

VALUES: dict[Any, Any] = {
    pl.Int64: 1,
    pl.Int32: 1,
    pl.Int16: 1,
    pl.UInt64: 1,
    pl.Float64: 0.5,
    pl.String: "words",
    pl.Binary: bytes(32),
    pl.Boolean: True,
    TIME: datetime(2026, 11, 1, tzinfo=UTC),
    VECTOR: [0.6, 0.8],
    pl.List(pl.Int32): [1, 0],
}
GOOD: dict[str, Any] = {
    "decode_status": "ok", "right_id": 2, "level": "near", "subject": "image", "status": "Duplicate",
}  # fmt: skip
"""Values that rules ask for, by column; all others are any value of their type."""

BREAKING: dict[tuple[str, str], dict[str, Any]] = {
    ("image_manifest", "image_id is positive"): {"image_id": 0},
    ("image_manifest", "size is not negative"): {"size_bytes": -1},
    ("image_features", "decode_status is known"): {"decode_status": "fine"},
    ("image_features", "a readable image has its features"): {"thumbnail": None},
    ("image_features", "an unreadable image has its cause"): {"decode_status": "corrupt", "decode_error": None},
    ("image_features", "hashes are 32 bytes"): {"inner_dct_hash": bytes(8)},
    ("wavelet_groups", "left_id is lower than right_id"): {"left_id": 2},
    ("verified_groups", "left_id is lower than right_id"): {"left_id": 2},
    ("verified_groups", "a passed pair has a level"): {"level": None},
    ("star_pairs", "left_id is lower than right_id"): {"left_id": 2},
    ("star_pairs", "a passed pair has a level"): {"level": "exact"},
    ("representatives", "the kept image represents itself"): {"representative_id": 2},
    ("embeddings", "subject is image or prompt"): {"subject": "sound"},
    ("similar_groups", "left_id is lower than right_id"): {"left_id": 2},
    ("dedup_report", "status is known"): {"status": "Gone"},
    ("dedup_report", "an unreadable image has its cause"): {"status": "Unreadable", "cause": None},
    ("dedup_report", "a duplicate says whose"): {"representative_path": None},
}
"""A change to a good row that breaks each rule."""

EVERY_RULE = [(table, sentence) for table in EVERY_TABLE for sentence in table.rules]


def good_row(table: Table) -> dict[str, Any]:
    return {column.name: GOOD.get(column.name, VALUES[column.dtype]) for column in table.columns}


def test_asset_and_file_and_table_have_one_name() -> None:
    loaded = {path: dg.load_assets_from_modules([import_module(f"{assets.__name__}.{path}")]) for path in NAMES}
    keys = {
        path: [asset.key.to_user_string() for asset in found if isinstance(asset, dg.AssetsDefinition)]
        for path, found in loaded.items()
    }
    assert keys == {name: [name] for name in NAMES}


def test_there_is_no_other_file_among_the_assets() -> None:
    assert sorted(path.stem for path in (PROJECT / "dedup_assets/assets").glob("[!_]*.py")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_has_a_test_file_of_its_name(name: str) -> None:
    assert (PROJECT / f"dedup_assets_tests/assets/test_{name}.py").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_has_a_heading_in_the_architecture(name: str) -> None:
    text = (PROJECT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    assert re.search(rf"^#+ .*\b{name}\b", text, re.MULTILINE)


@pytest.mark.parametrize("table", EVERY_TABLE, ids=lambda table: table.name)
def test_keys_are_columns_that_are_never_null(table: Table) -> None:
    known = {column.name: column for column in table.columns}
    assert table.key
    assert not [name for name in table.key if known[name].nullable]


@pytest.mark.parametrize("table", EVERY_TABLE, ids=lambda table: table.name)
def test_no_column_stands_twice(table: Table) -> None:
    assert len(set(table.column_names)) == len(table.columns)


@pytest.mark.parametrize("table", EVERY_TABLE, ids=lambda table: table.name)
def test_every_table_says_what_a_row_is(table: Table) -> None:
    assert re.fullmatch(r"[A-Z].{30,}\.", table.description)


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN, ids=COLUMN_NAMES)
def test_every_column_is_described_in_a_phrase(table: Table, column: Column) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
    assert re.fullmatch(r"[\w'][^\n]{7,}[^.\s]", column.description), column.description


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN, ids=COLUMN_NAMES)
def test_the_end_of_a_name_agrees_with_the_unit(table: Table, column: Column) -> None:
    units = [units for end, units in UNITS_OF_NAMES.items() if column.name.endswith(end)]
    assert all(column.unit in allowed for allowed in units)
    assert column.name.endswith("_at") == (column.dtype == TIME)
    if column.dtype == pl.Binary:
        assert column.unit.endswith("bytes")


def test_a_column_has_the_same_type_in_every_table() -> None:
    types: dict[str, set[str]] = {}
    for _, column in EVERY_COLUMN:
        types.setdefault(column.name, set()).add(str(column.dtype))
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


@pytest.mark.parametrize("table", EVERY_TABLE, ids=lambda table: table.name)
def test_a_good_row_keeps_every_rule(table: Table) -> None:
    assert table.conform(table.frame([good_row(table)])).height == 1


@pytest.mark.parametrize(("table", "sentence"), EVERY_RULE, ids=lambda value: getattr(value, "name", value))
def test_every_rule_can_be_broken(table: Table, sentence: str) -> None:
    broken = good_row(table) | BREAKING[table.name, sentence]
    with pytest.raises(TableContractError, match=f"'{sentence}'"):
        table.conform(table.frame([broken]))


def test_no_example_of_a_broken_rule_is_left_over() -> None:
    assert set(BREAKING) == {(table.name, sentence) for table, sentence in EVERY_RULE}
