"""What a table promises: its columns, their types and units, its key, and rules that hold for every row.

Belongs here: the classes `tables.py` is written in, and the enforcement that runs before a byte is written.
Does not belong here: any particular table, storage, Dagster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from dedup_assets.errors import TableContractError

DataType = pl.DataType | type[pl.DataType]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `unit` is "" where the value has none; a column that is not `nullable` never holds null.

    `shrinks` says that compression makes its bytes fewer, as it does not those of hashes and JPEG files.
    """

    name: str
    dtype: DataType
    description: str
    unit: str = ""
    nullable: bool = False
    shrinks: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the data dictionary; `rules` maps a sentence to an expression that is true for every good row.

    `rows_at_once` are read at least to get at one of them: few, where they hold pictures.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: Mapping[str, pl.Expr] = field(default_factory=dict)
    rows_at_once: int = 500

    @property
    def schema(self) -> dict[str, DataType]:
        """Column names and polars types, in order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return pl.DataFrame(schema=self.schema)

    def frame(self, rows: list[dict[str, object]]) -> pl.DataFrame:
        """Rows as a frame of this table; columns that a row lacks become null."""
        return pl.DataFrame(rows, schema=self.schema, orient="row")

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with exactly this table's columns and types.

        Raises:
            TableContractError: a column is missing or unknown, a type cannot be cast, a null stands where none may,
                a key stands twice, or a row rule does not hold.
        """
        self._check_columns(frame)
        try:
            conformed = frame.select(pl.col(name).cast(dtype) for name, dtype in self.schema.items())
        except pl.exceptions.PolarsError as error:
            raise TableContractError(f"{self.name}: a column cannot be cast to its type: {error}") from error
        self._check_rows(conformed)
        return conformed

    def _check_columns(self, frame: pl.DataFrame) -> None:
        came, expected = set(frame.columns), set(self.column_names)
        if came != expected:
            raise TableContractError(
                f"{self.name}: missing columns {sorted(expected - came)}, unknown columns {sorted(came - expected)}"
            )

    def _check_rows(self, frame: pl.DataFrame) -> None:
        for column in self.columns:
            if not column.nullable and frame[column.name].null_count():
                raise TableContractError(
                    f"{self.name}: {column.name} is null in {frame[column.name].null_count()} rows"
                )
        if frame.select(self.key).is_duplicated().any():
            raise TableContractError(f"{self.name}: the key {self.key} stands twice")
        for sentence, rule in self.rules.items():
            broken = frame.select(broken=~rule.fill_null(value=False))["broken"]
            if broken.any():
                example = frame.select(self.key).filter(broken).row(0, named=True)
                raise TableContractError(
                    f"{self.name}: {broken.sum()} rows break the rule '{sentence}', e.g. {example}"
                )
