"""Running assets over a small collection as Dagster does, within the test's own process.

Belongs here: an instance with the collection's prefixes, and one run over all of them. Does not belong here: tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import dagster as dg

from dedup_assets.automation.prefixes import PREFIXES, range_tags, sync_prefixes
from dedup_assets.definitions import build_resources
from dedup_assets.resources.collection import Collection
from dedup_assets.settings import Settings

SILENT: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def materialize(
    collection: Collection, *modules: ModuleType, instance: dg.DagsterInstance | None = None
) -> dg.ExecuteInProcessResult:
    """Discover the prefixes of a collection, then materialize the assets of some modules, with their checks, for all of them."""
    with instance_of(instance) as records:
        sync_prefixes(records, collection)
        assets, checks = dg.load_assets_from_modules(modules), dg.load_asset_checks_from_modules(modules)
        return dg.materialize(
            [*(asset for asset in assets if isinstance(asset, dg.AssetsDefinition)), *checks],
            instance=records,
            resources=build_resources(Settings(store=collection.store)) | {"collection": collection},
            tags=range_tags(records.get_dynamic_partitions(PREFIXES)),
            run_config=SILENT,
        )


@contextmanager
def instance_of(instance: dg.DagsterInstance | None) -> Iterator[dg.DagsterInstance]:
    """The given instance, or one that lives as long as the context."""
    if instance is not None:
        yield instance
        return
    with dg.DagsterInstance.ephemeral() as own:
        yield own
