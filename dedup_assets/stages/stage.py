"""The shape that all stages share: partitions in, one commit each, skipped where nothing changed, described for people.

Belongs here: keys, fingerprints, and the metadata that a materialization carries.
Does not belong here: what any stage computes, and how its asset is declared (`stages/table_assets.py`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.contracts import Table
from dedup_assets.policies import Policy, digest_of
from dedup_assets.report.plain_words import counted
from dedup_assets.report.plots import distance_histogram, markdown_picture
from dedup_assets.resources.progress import ProgressReporter, Tracker
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.workers.memory import follow_memory, give_back_memory, peak_rss_mb

MAX_ILLUSTRATED_PARTITIONS = 20
"""A run over more partitions leaves previews and pictures out: they would swell Dagster's event log."""

PREVIEW_ROWS = 5


@dataclass
class PartitionWork:
    """One partition being worked on: set `commit`, `counts`, `preview` and `picture` before it ends."""

    key: str
    fingerprint: str
    is_current: bool
    commit: Commit
    counts: dict[str, int | float] = field(default_factory=dict)
    preview: pl.DataFrame | None = None
    picture: Callable[[], bytes | None] | None = None

    def show_histogram(self, values: pl.Series, limit: float | None, title: str, unit: str) -> None:
        """Take as the picture how values are spread; none where there are none."""
        known = values.drop_nulls()
        self.picture = partial(distance_histogram, known.to_numpy(), limit, title, unit) if len(known) else None


class Stage:
    """One run of one asset over its partitions."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        table: Table,
        tables: TableStore,
        *policies: Policy,
        source: Table | None = None,
    ) -> None:
        """Work on `table`; the rows of `source` in the same partition are told beside its own.

        Each table is listed once, when it is first asked for: all that stages before this one wrote in this run is there.
        What is damaged of `table` is taken for absent before anything is read.
        """
        self.context, self.table, self.tables, self.policies = context, table, tables.as_of_now(), policies
        self.source = source
        self.keys = list(context.partition_keys)
        self._began = time.monotonic()
        follow_memory()
        self.tables.begin_all(table, self.keys)

    def look_again(self) -> None:
        """List each table anew, when it is next asked for."""
        self.tables = self.tables.as_of_now()

    @property
    def seconds_so_far(self) -> float:
        """Seconds since this run of the asset began."""
        return time.monotonic() - self._began

    def log(self, message: str) -> None:
        """Say something in the run's log."""
        self.context.log.info(message)

    def fingerprint(self, *inputs: object) -> str:
        """What a partition is made from: the inputs given, the policies and the code version of the asset."""
        code = self.context.assets_def.code_versions_by_key[self.context.asset_key]
        return digest_of(code, [policy.version for policy in self.policies], *inputs)

    def digest_of_all(self, *tables: Table) -> str:
        """What all partitions of some tables hold now, for the fingerprint of a stage that looks across them."""
        commits = (commit for table in tables for commit in self.tables.commits(table))
        return digest_of([(commit.table, commit.partition, commit.digest) for commit in commits])

    @contextmanager
    def partition(self, key: str, fingerprint: str) -> Iterator[PartitionWork]:
        """Work on one partition; afterwards its metadata stands on the materialization."""
        began = time.monotonic()
        commit = self.tables.begin(self.table, key)
        work = PartitionWork(key, fingerprint, commit.fingerprint == fingerprint, commit)
        yield work
        self._describe(work, time.monotonic() - began)
        give_back_memory()

    def track(
        self, work: PartitionWork, progress: ProgressReporter, total: int, unit: str
    ) -> AbstractContextManager[Tracker]:
        """Follow the work on one partition, of `total` items."""
        return progress.track(self.log, f"{self.table.name} [{work.key}]", total, unit)

    def leave_out(self, levels: Sequence[str]) -> None:
        """Leave all partitions as they are, since these levels are not looked for."""
        for key in self.keys:
            self.context.add_asset_metadata({"not_looked_for": ", ".join(levels)}, partition_key=key)
        self.log(f"{self.table.name}: left as it is, for the line ends before {levels[0]}")

    def until_settled(self, work: PartitionWork) -> Iterator[None]:
        """Take a step with a partition, and again from the newest commit as long as another run has written meanwhile."""
        yield
        while work.commit.strangers:
            work.commit = self.tables.begin(self.table, work.key)
            yield

    def finish(self, work: PartitionWork) -> None:
        """Mark the partition as done, where no other run has written meanwhile: the next one with equal inputs will skip it."""
        work.commit = self.tables.settle(replace(work.commit, fingerprint=work.fingerprint))

    def _describe(self, work: PartitionWork, seconds: float) -> None:
        rows = work.commit.rows
        metadata: dict[str, Any] = {
            **({"rows_in": self.tables.commit_of(self.source, work.key).rows} if self.source else {}),
            "dagster/partition_row_count": rows,
            "skipped": work.is_current,
            "fingerprint": work.fingerprint,
            "seconds": round(seconds, 3),
            "peak_rss_mb": peak_rss_mb(),
            **work.counts,
            **self._illustrations(work),
        }
        if not work.is_current and seconds > 0:
            metadata["rows_per_second"] = round(rows / seconds, 1)
        metadata |= {f"policy_{type(policy).__name__}": policy.version for policy in self.policies}
        self.context.add_asset_metadata(metadata, partition_key=work.key)
        told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in work.counts.items())
        state = "unchanged, nothing to do" if work.is_current else f"done in {seconds:,.1f} s"
        self.log(f"{self.table.name} [{work.key}]: {state}; {counted(rows, 'row')}" + (f"; {told}" if told else ""))

    def _illustrations(self, work: PartitionWork) -> dict[str, Any]:
        if len(self.keys) > MAX_ILLUSTRATED_PARTITIONS:
            return {}
        shown: dict[str, Any] = {}
        if work.preview is not None and work.preview.height:
            shown["preview"] = preview_of(work.preview)
        picture = self._last_picture(work) or _draw(work, self.table.name)
        return shown | ({"picture": picture} if picture else {})

    def _last_picture(self, work: PartitionWork) -> dg.MetadataValue[Any] | None:
        """What the last materialization shows of a partition that is as it was then: drawing costs more than all the rest."""
        if not (work.is_current and work.picture):
            return None
        of_partition = dg.AssetRecordsFilter(asset_key=self.context.asset_key, asset_partitions=[work.key])
        records = self.context.instance.fetch_materializations(of_partition, limit=1).records
        made = records[0].asset_materialization if records else None
        told = made.metadata if made else {}
        return told.get("picture") if told.get("fingerprint") == dg.MetadataValue.text(work.fingerprint) else None


def _draw(work: PartitionWork, name: str) -> dg.MetadataValue[Any] | None:
    picture = work.picture() if work.picture else None
    return dg.MetadataValue.md(markdown_picture(picture, name)) if picture is not None else None


def made_from(tables: TableStore, key: str, *inputs: Table) -> dict[str, Any]:
    """What a partition is made from, for the details of its commit: the digests of the same partition of its inputs."""
    return {"made_from": {table.name: tables.commit_of(table, key).digest for table in inputs}}


def preview_of(frame: pl.DataFrame) -> dg.TableMetadataValue:
    """The first rows as a table of Dagster's UI; bytes as hex, long values cut."""
    rows = frame.head(PREVIEW_ROWS).iter_rows(named=True)
    records = [dg.TableRecord({name: _cell(value) for name, value in row.items()}) for row in rows]
    columns = [dg.TableColumn(name, str(dtype)) for name, dtype in frame.schema.items()]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def _cell(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
