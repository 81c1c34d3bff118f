"""What is known of contents that left the source, kept apart for when they return.

Belongs here: setting rows apart before a stage drops them, bringing them back, and forgetting them. Does not belong here: when a
content has left, and when it is back (the stages).

A disk that was away for a night costs nothing: its rows come back as they were. What is kept apart is no input of any
fingerprint or check, so that keeping and forgetting change no row of any asset. Rows are copied before they are dropped, and
dropped here only after they are back: after a kill they stand in both, never in none.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from dedup_assets.contracts import Table
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.tables import DEPARTED, IMAGE_FEATURES


def set_apart(tables: TableStore, commit: Commit, table: Table, columns: Sequence[str], stays: pl.Expr) -> Commit:
    """Drop the rows that do not fulfil a condition on the named columns, as `filter_rows` does, and keep copies of them."""
    departed = DEPARTED[table.name]
    apart = tables.begin(departed, commit.partition)
    left_at = pl.lit(datetime.now(UTC), departed.schema["left_at"])
    known: pl.DataFrame | None = None
    for leaving in _matching(tables, commit, table, columns, ~stays):
        if known is None:
            known = tables.read_parts(departed, commit.partition, apart.parts, departed.key)
        new = leaving.join(known, on=departed.key, how="anti", maintain_order="left")
        apart = tables.append(apart, departed, new.with_columns(left_at=left_at))
    return commit if known is None else tables.filter_rows(commit, table, columns, stays)


def bring_back(
    tables: TableStore,
    commit: Commit,
    table: Table,
    columns: Sequence[str],
    is_back: pl.Expr,
    is_of_use: pl.Expr = pl.lit(value=True),  # noqa: B008 (an expression is never changed)
) -> Commit:
    """Keep apart no longer the rows that fulfil a condition on the named columns, and append those that are of use."""
    departed = DEPARTED[table.name]
    apart = tables.begin(departed, commit.partition)
    known: pl.DataFrame | None = None
    for returning in _matching(tables, apart, departed, columns, is_back):
        if known is None:
            known = tables.read_parts(table, commit.partition, commit.parts, table.key)
        wanted = returning.filter(is_of_use).drop("left_at")
        new = wanted.join(known, on=table.key, how="anti", maintain_order="left")
        commit = tables.append(commit, table, new)
    if known is not None:
        tables.filter_rows(apart, departed, columns, ~is_back)
    return commit


def read_departed(tables: TableStore, column: str, partition: str | None = None) -> pl.Series:
    """One column of the features that are kept apart, of one partition or of all."""
    keys = None if partition is None else [partition]
    return tables.read_many(DEPARTED[IMAGE_FEATURES.name], keys, [column])[column]


def forget(tables: TableStore, after: timedelta) -> int:
    """Forget what left so long ago or longer, and return of how many images that was."""
    until, images = datetime.now(UTC) - after, 0
    for name, departed in DEPARTED.items():
        settled = set(tables.settled_partitions(departed))
        for before in tables.begin_all(departed, tables.partitions(departed)):
            left = tables.filter_rows(before, departed, ["left_at"], pl.col("left_at") > until)
            images += (before.rows - left.rows) * (name == IMAGE_FEATURES.name)
            if not before.parts and before.partition in settled:
                tables.remove(departed, before.partition)
    return images


def _matching(
    tables: TableStore, commit: Commit, table: Table, columns: Sequence[str], condition: pl.Expr
) -> Iterator[pl.DataFrame]:
    """The rows that fulfil a condition, a part at a time: of most parts no more than the named columns are read."""
    for part in commit.parts:
        is_meant = tables.read_parts(table, commit.partition, [part], columns).select(condition).to_series()
        if is_meant.any():
            yield tables.read_parts(table, commit.partition, [part]).filter(is_meant)
