"""Tell Dagster about the blob prefixes of the source, and run over all of them at once.

Belongs here: dynamic partition keys and the tags of range runs. Does not belong here: how prefixes are found
(`stages/discovery.py`).
"""

from collections.abc import Sequence

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from dedup_assets.partitions import blob_prefix
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.discovery import discover

PREFIXES = str(blob_prefix.name)


def sync_prefixes(instance: dg.DagsterInstance, collection: Collection) -> list[str]:
    """Discover the source, make Dagster's partition keys those of the layout, and return the keys that are new to it.

    Dagster lists keys as they came, so the new ones stand at its end, without others between them, whoever added them.
    """
    layout = discover(collection.images(), collection.tables(), collection.prefix_depth)
    known = set(instance.get_dynamic_partitions(PREFIXES))
    instance.add_dynamic_partitions(PREFIXES, [key for key in layout.keys if key not in known])
    return [key for key in instance.get_dynamic_partitions(PREFIXES) if key not in known]


def range_tags(keys: Sequence[str]) -> dict[str, str]:
    """The tags that make one run over all of these keys, which stand in Dagster's order."""
    return {ASSET_PARTITION_RANGE_START_TAG: keys[0], ASSET_PARTITION_RANGE_END_TAG: keys[-1]}


@dg.op(description="Look for new blob prefixes and add them as partitions")
def find_new_prefixes(context: dg.OpExecutionContext, collection: Collection) -> None:
    """List the source's directories and add those that are new."""
    new = sync_prefixes(context.instance, collection)
    context.log.info(f"{len(new)} new prefixes: {', '.join(new[:20])}" if new else "No new prefixes.")


@dg.job(description="Look for new blob prefixes in the source and add them as partitions. Nothing is downloaded.")
def discover_prefixes() -> None:
    """One op, so that a person can start it in the UI."""
    find_new_prefixes()
