"""The whole line over one source and one store, in this process, as the command line runs it.

Belongs here: running it, for all partitions or one, and reading what it left. Does not belong here: tests, collections.
"""

import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from dedup_assets.automation.nightly import every_night
from dedup_assets.automation.prefixes import sync_prefixes
from dedup_assets.automation.running import organize, prepare_home, recall, remember, run_everything
from dedup_assets.definitions import build_definitions
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.settings import Settings

JOB = "nightly_deduplication"
SILENT: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

Row = dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What one run said and counted, and the report that it left."""

    text: str
    summary: Mapping[str, Any]
    rows: list[Row]
    csv: bytes
    page: bytes

    @property
    def work(self) -> dict[str, int]:
        """How much this run downloaded, verified and embedded."""
        names = ("downloaded_images", "downloaded_bytes", "verified_pairs", "embedded_images")
        return {name: self.summary[name] for name in names}

    @property
    def by_path(self) -> dict[str, Row]:
        """The rows of the report by path; a path that stands twice fails here."""
        found = {row["Image Path"]: row for row in self.rows}
        assert len(found) == len(self.rows), "a path stands twice in the report"
        return found

    def group_of(self, path: str) -> str:
        """The group of one image; "" for an unreadable one."""
        return self.by_path[path]["Group ID"]

    @property
    def groups(self) -> set[frozenset[str]]:
        """The paths of each group, of those that hold at least two."""
        members: dict[str, set[str]] = {}
        for row in self.rows:
            if row["Group ID"]:
                members.setdefault(row["Group ID"], set()).add(row["Image Path"])
        return {frozenset(paths) for paths in members.values() if len(paths) > 1}


@dataclass(frozen=True)
class Line:
    """One source and one store."""

    source: str
    store: str
    prefix_depth: int = 1
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chunk_images: int = 1_000

    @property
    def settings(self) -> Settings:
        """As the command line makes them of its options."""
        return Settings(
            source=self.source, store=self.store, prefix_depth=self.prefix_depth, workers=2, policies=self.policies
        )

    @property
    def tables(self) -> TableStore:
        """The tables of the store."""
        return Collection(**self.settings.collection).tables()

    def run(self, accept_loss: str = "") -> Outcome:
        """Run everything, as `dedup-assets run` does."""
        with self._environment():
            text = run_everything(self._definitions(), self.settings, accept_loss)
        return self.outcome(text)

    def run_partition(self, key: str) -> Outcome:
        """Materialize the nightly assets of one partition, as a person does in the Dagster UI."""
        with self._environment(), dg.DagsterInstance.get() as instance:
            sync_prefixes(instance, Collection(**self.settings.collection))
            job = self._definitions().resolve_job_def(JOB)
            job.execute_in_process(instance=instance, partition_key=key, run_config=SILENT)
        return self.outcome("")

    def run_by_night(self, night: datetime) -> None:
        """Have the schedule ask for a run, and execute that, as the daemon does."""
        with self._environment(), dg.DagsterInstance.get() as instance:
            context = dg.build_schedule_context(instance=instance, scheduled_execution_time=night)
            asked = every_night(context, collection=Collection(**self.settings.collection))
            assert isinstance(asked, dg.RunRequest)
            job = self._definitions().resolve_job_def(JOB)
            job.execute_in_process(instance=instance, tags=asked.tags, run_config=SILENT)

    def organize(self, action: str) -> dict[str, int]:
        """Plan, apply or undo the organized copy."""
        with self._environment():
            settings = recall(self.store)
            assert settings is not None
            rows = organize(build_definitions(settings), settings, action)
            return dict(rows["state"].value_counts().iter_rows())

    def outcome(self, text: str = "") -> Outcome:
        """Read the report as it is now."""
        data = {name: self.tables.read_bytes(f"report/{name}") for name in ("image_report.csv", "index.html")}
        summary = self.tables.read_bytes("report/summary.json")
        table, page = data.values()
        assert table is not None
        assert page is not None
        assert summary is not None
        rows = list(csv.DictReader(io.StringIO(table.decode(), newline="")))
        return Outcome(text, json.loads(summary), rows, table, page)

    def _definitions(self) -> dg.Definitions:
        definitions = build_definitions(self.settings)
        collection = Collection(**self.settings.collection, chunk_images=self.chunk_images)
        return dg.Definitions(
            assets=definitions.assets,
            asset_checks=definitions.asset_checks,
            jobs=definitions.jobs,
            resources={**(definitions.resources or {}), "collection": collection},
            executor=dg.in_process_executor,
        )

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """What the run sets in the environment is taken back."""
        before = dict(os.environ)
        try:
            prepare_home(self.settings)
            remember(self.settings)
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def broken_commits(store: Path) -> list[str]:
    """Visible partitions of which a part is missing or holds other bytes than was committed."""
    broken = []
    for folder in {path.parent for path in (store / "tables").rglob("*.json")}:
        newest = max(folder.glob("*.json"))
        for part in json.loads(newest.read_text(encoding="utf-8"))["parts"]:
            file = folder / part["name"]
            if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != part["sha256"]:
                broken.append(file.relative_to(store).as_posix())
    return broken


def table_files(store: Path) -> dict[str, tuple[int, bytes]]:
    """All files below the tables of a local store: when each was written, and its bytes."""
    files = sorted(path for path in (store / "tables").rglob("*") if path.is_file())
    return {path.relative_to(store).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


if __name__ == "__main__":
    Line(source=sys.argv[1], store=sys.argv[2], chunk_images=int(sys.argv[3])).run()
