"""Tell Dagster about the blob prefixes of the source, and run over all of them at once.

Belongs here: dynamic partition keys and the tags of range runs. Does not belong here: how prefixes are found
(`stages/discovery.py`).
"""

from collections.abc import Sequence

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from dedup_assets.partitions import PrefixLayout, blob_prefix
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.discovery import discover, discover_in_time

PREFIXES = str(blob_prefix.name)

TICK_S = 40
"""So long the tick of a schedule or sensor looks for prefixes: after 60 s Dagster ends it, and all that it did fails."""


def sync_prefixes(instance: dg.DagsterInstance, collection: Collection) -> list[str]:
    """Discover the source, make Dagster's partition keys those of the layout, and return the keys that are new to it.

    Dagster lists keys as they came, so the new ones stand at its end, without others between them, whoever added them.
    """
    return _tell(instance, discover(collection.images(), collection.tables(), collection.prefix_depth))


def sync_in_time(instance: dg.DagsterInstance, collection: Collection, after: str = "") -> tuple[list[str], str | None]:
    """As `sync_prefixes`, within the time of a tick and from a directory on; also where to go on, None at the end."""
    source, tables = collection.images(), collection.tables()
    layout, left_at = discover_in_time(source, tables, collection.prefix_depth, after, TICK_S)
    return _tell(instance, layout), left_at


def _tell(instance: dg.DagsterInstance, layout: PrefixLayout) -> list[str]:
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
