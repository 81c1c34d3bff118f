"""What runs by itself: the nightly job over all prefixes, and the sensor on new ones.

Belongs here: when and over which prefixes the assets run. Does not belong here: what they do.
"""

import dagster as dg

from dedup_assets.automation.prefixes import PREFIXES, range_tags, sync_prefixes
from dedup_assets.resources.collection import Collection
from dedup_assets.tables import ORGANIZED_BLOBS, TABLES

NIGHTLY_TABLES = [table for table in TABLES if table is not ORGANIZED_BLOBS]

nightly_deduplication = dg.define_asset_job(
    "nightly_deduplication",
    selection=dg.AssetSelection.assets(*(table.name for table in NIGHTLY_TABLES)),
    description="From the listing to the report, for every prefix; what did not change is skipped. Copies nothing.",
)


@dg.schedule(
    job=nightly_deduplication,
    cron_schedule="0 2 * * *",
    description="Every night at two: new prefixes, then everything that is new in all of them",
)
def every_night(context: dg.ScheduleEvaluationContext, collection: Collection) -> dg.RunRequest | dg.SkipReason:
    """Discover prefixes, then ask for one run over all of them."""
    sync_prefixes(context.instance, collection)
    keys = context.instance.get_dynamic_partitions(PREFIXES)
    if not keys:
        return dg.SkipReason(f"There are no images in {collection.source}.")
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), tags=range_tags(keys))


@dg.sensor(
    job=nightly_deduplication,
    minimum_interval_seconds=300,
    description="New blob prefixes are processed as they appear",
)
def new_prefixes(context: dg.SensorEvaluationContext, collection: Collection) -> dg.RunRequest | dg.SkipReason:
    """Discover prefixes, then ask for one run over all that are new: each run groups the whole container."""
    new = sync_prefixes(context.instance, collection)
    if not new:
        return dg.SkipReason("No new prefixes.")
    return dg.RunRequest(run_key=f"new prefixes {new[0]} ... {new[-1]}", tags=range_tags(new))
