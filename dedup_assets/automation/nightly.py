"""What runs by itself: the nightly job over all prefixes, and the sensor on new ones.

Belongs here: when and over which prefixes the assets run. Does not belong here: what they do.
"""

from datetime import UTC, datetime

import dagster as dg

from dedup_assets.automation.prefixes import PREFIXES, TICK_S, discover_prefixes, range_tags, sync_in_time
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
    _, left_at = sync_in_time(context.instance, collection)
    if left_at is not None:
        context.log.warning(_tell_left(left_at, "the sensor new_prefixes goes on, or start the job discover_prefixes."))
    keys = context.instance.get_dynamic_partitions(PREFIXES)
    if not keys:
        return dg.SkipReason(f"There are no images in {collection.source}.")
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(), tags=range_tags(keys))


@dg.sensor(
    jobs=[nightly_deduplication, discover_prefixes],
    minimum_interval_seconds=300,
    description="New blob prefixes are processed as they appear",
)
def new_prefixes(context: dg.SensorEvaluationContext, collection: Collection) -> dg.SensorResult:
    """Discover prefixes, then ask for one run over all that are new: each run groups the whole container.

    Each tick goes on where the last one had no more time; a directory that takes more than a tick is left to a run.
    """
    after = context.cursor or ""
    new, left_at = sync_in_time(context.instance, collection, after)
    told = "No new prefixes." if left_at is None else _tell_left(left_at, "the next tick goes on there.")
    asked = []
    if new:
        key, tags = f"new prefixes {new[0]} ... {new[-1]}", range_tags(new)
        asked = [dg.RunRequest(run_key=key, tags=tags, job_name=nightly_deduplication.name)]
    elif left_at == after:
        told = _tell_left(left_at, "the job discover_prefixes is started, which may take its time.")
        key = f"discover {left_at} {datetime.now(UTC):%Y-%m-%d}"
        asked = [dg.RunRequest(run_key=key, job_name=discover_prefixes.name)]
    if left_at is not None:
        context.log.info(told)
    return dg.SensorResult(asked, None if asked else told, cursor=left_at or "")


def _tell_left(directory: str, what_then: str) -> str:
    return (
        f"There was no time in {TICK_S} s for {directory or '/'!r} and what comes after it in the source: {what_then}"
    )
