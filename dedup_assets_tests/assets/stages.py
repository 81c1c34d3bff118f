"""Running some stages over a small collection, and what Dagster noted of each partition.

Belongs here: one run with the policies of a test, or with another one meanwhile, its notes, and reading tables by path. Does
not belong here: tests.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.assets import (
    image_features,
    image_manifest,
    metadata_hashes,
    representatives,
    verified_groups,
    wavelet_groups,
)
from dedup_assets.automation.prefixes import PREFIXES, range_tags, sync_prefixes
from dedup_assets.contracts import Table
from dedup_assets.definitions import build_resources
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.settings import Settings
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.materializing import SILENT

Notes = Mapping[str, Mapping[str, Any]]

READING = (image_manifest, image_features)
GROUPING = (*READING, metadata_hashes, wavelet_groups, verified_groups, representatives)
LATER_S = 1_900_000_000


class Stages:
    """Some assets over one collection: each run is a Dagster run of its own over all its partitions, or those named."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    @property
    def tables(self) -> TableStore:
        """The tables of the collection."""
        return self.collection.tables()

    @property
    def source(self) -> Path:
        """The folder of the images."""
        return Path(self.collection.source)

    def run(
        self,
        *modules: ModuleType,
        keys: Sequence[str] | None = None,
        config: Mapping[str, Any] | None = None,
        **resources: Any,
    ) -> dict[str, Notes]:
        """Materialize the assets of some modules, and return what was noted: asset, partition, metadata."""
        given = build_resources(Settings(store=self.collection.store)) | {"collection": self.collection, **resources}
        with dg.DagsterInstance.ephemeral() as instance:
            sync_prefixes(instance, self.collection)
            known = instance.get_dynamic_partitions(PREFIXES)
            instance.add_dynamic_partitions(PREFIXES, [key for key in keys or () if key not in known])
            result = dg.materialize(
                [asset for asset in dg.load_assets_from_modules(modules) if isinstance(asset, dg.AssetsDefinition)],
                instance=instance,
                resources=given,
                tags=range_tags(keys or known),
                run_config=SILENT | {"ops": config or {}},
            )
        return _notes_of(result)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write new files, or others in the place of known ones, with a time at which nothing was written before."""
        write_files(self.source, files)
        for path in files:
            os.utime(self.source / path, (LATER_S, LATER_S))

    def remove(self, path: str) -> None:
        """Take one file out of the source."""
        (self.source / path).unlink()

    def forget(self, table: Table) -> None:
        """Remove a table as if its stage had never run."""
        shutil.rmtree(Path(self.collection.store) / "tables" / table.name)

    def rows(self, table: Table) -> dict[str, dict[str, Any]]:
        """The rows of a table that has one an image, by path."""
        paths = dict(self.tables.read_many(IMAGE_MANIFEST, columns=["image_id", "path"]).iter_rows())
        return {paths[row["image_id"]]: row for row in self.tables.read_many(table).iter_rows(named=True)}

    def pairs(self, table: Table) -> dict[frozenset[str], dict[str, Any]]:
        """The rows of a table of pairs, by the paths of their ends; of equal files the first path counts."""
        names = self.tables.read_many(IMAGE_FEATURES, columns=["path", "file_sha256"]).drop_nulls().sort("path")
        path_of = dict(names.unique("file_sha256", keep="first").select("file_sha256", "path").iter_rows())
        rows = self.tables.read_many(table).iter_rows(named=True)
        return {frozenset((path_of[row["left_sha256"]], path_of[row["right_sha256"]])): row for row in rows}

    def drop(self, table: Table, key: str, column: str, values: Sequence[object]) -> int:
        """Lose the rows of one partition with these values, its commit being the same otherwise; returns how many."""
        commit, held = self.tables.commit_of(table, key), self.tables.read(table, key, [column])[column]
        kept = held.filter(~held.is_in(pl.Series(values, dtype=held.dtype).implode()))
        return commit.rows - self.tables.drop_rows(commit, table, column, kept).rows


def interrupted(stages: Stages, table: Table, meanwhile: Callable[[], object]) -> Stages:
    """The same stages, in which something else happens, once, as soon as rows of a table are read."""
    waiting = [meanwhile]

    class Interrupted(TableStore):
        """Their tables."""

        def as_of_now(self) -> TableStore:
            return Interrupted(self.store, keeps=True)

        def _read(self, table_read: Table, *args: Any) -> pl.DataFrame:
            if table_read is table and waiting:
                waiting.pop()()
            return super()._read(table_read, *args)

    class InterruptedCollection(Collection):
        """Their collection."""

        def tables(self) -> TableStore:
            return Interrupted(super().tables().store)

    return Stages(InterruptedCollection(**stages.collection.model_dump()))


def total(notes: Notes, name: str) -> int:
    """The sum of one count over all partitions."""
    return sum(int(note[name]) for note in notes.values())


def copy_of(folder: Path, place: Path) -> Stages:
    """The test's own copy of a collection: the source with its times, and the store."""
    shutil.copytree(folder, place)
    return stages_in(place)


def stages_in(folder: Path, **settings: Any) -> Stages:
    """The stages over `photographs`, with their tables in `store` beside it."""
    return Stages(Collection(source=str(folder / "photographs"), store=str(folder / "store"), workers=1, **settings))


def _notes_of(result: dg.ExecuteInProcessResult) -> dict[str, Notes]:
    notes: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for event in result.get_asset_materialization_events():
        made = event.step_materialization_data.materialization
        metadata = {name: getattr(value, "value", value) for name, value in made.metadata.items()}
        notes[made.asset_key.path[-1]][str(made.partition)] = metadata
    return dict(notes)
