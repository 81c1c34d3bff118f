"""Rows that come a few at a time and are kept a thousand at a time: what a killed run does again is bounded.

Belongs here: gathering rows into parts. Does not belong here: computing them, storing a part (`resources/tables/store.py`).
"""

from collections.abc import Callable, Iterable

import polars as pl

from dedup_assets.stages.stage import PartitionWork, Stage

ROWS_A_PART = 1_000
"""A killed run computes at most this many rows again, and those that were on their way."""


class Parts:
    """Hands rows on to `append` as soon as there are ROWS_A_PART of them."""

    def __init__(self, append: Callable[[pl.DataFrame], None]) -> None:
        self._append, self._waiting, self._rows = append, list[pl.DataFrame](), 0

    def add(self, rows: pl.DataFrame) -> None:
        """Take some more rows."""
        self._waiting.append(rows)
        self._rows += rows.height
        if self._rows >= ROWS_A_PART:
            self.flush()

    def flush(self) -> None:
        """Hand on the rows that wait, however few."""
        if self._rows:
            self._append(pl.concat(self._waiting))
        self._waiting, self._rows = [], 0


def append_in_parts(stage: Stage, work: PartitionWork, found: Iterable[pl.DataFrame]) -> int:
    """Append rows to a partition as they are found, and return how many that were."""

    def append(rows: pl.DataFrame) -> None:
        work.commit = stage.tables.append(work.commit, stage.table, rows)

    count, parts = 0, Parts(append)
    for rows in found:
        parts.add(rows)
        count += rows.height
    parts.flush()
    return count
