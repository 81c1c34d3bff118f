"""`image_manifest`: what is in the source now, from its listing alone.

Belongs here: turning a listing into a table by partition. Does not belong here: reading any blob.
"""

import hashlib
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from dedup_assets.errors import UndiscoveredPrefixError
from dedup_assets.instance.records import forget_runs
from dedup_assets.policies import ListingPolicy
from dedup_assets.report.plain_words import counted
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.companions import find_companions
from dedup_assets.stages.departed import forget
from dedup_assets.stages.discovery import load_layout
from dedup_assets.stages.listing import Listing
from dedup_assets.stages.losses import require_believable
from dedup_assets.stages.spilled_listing import SpilledListing
from dedup_assets.stages.stage import Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import COMPANION_FILES, IMAGE_MANIFEST

UNTOLD = ("changed_at", "device", "inode")
"""Columns that change without the bytes: later stages do not go by them, and `image_features` finds out what is behind."""

RECORDS_WITHIN_S = 60
"""What of Dagster's records is not removed in this time is left to the next run."""


class ListingConfig(dg.Config):
    """What a person says of this listing."""

    accept_loss: str = Field(
        default="", description="Digest of the loss that this run takes as meant, as the run that stopped for it told"
    )


@table_asset(IMAGE_MANIFEST, {"azure"}, "1", in_one_run=True)
def image_manifest(
    context: dg.AssetExecutionContext,
    config: ListingConfig,
    collection: Collection,
    listing_policy: ListingPolicy,
    progress: ProgressReporter,
) -> None:
    """List the source and, where what it lacks is believed, write what is there, partition by partition."""
    stage = Stage(context, IMAGE_MANIFEST, collection.tables())
    forget(stage.tables, timedelta(days=listing_policy.forget_after_days))
    _forget_runs(stage, listing_policy.keep_runs_days)
    images, layout = collection.images(), load_layout(stage.tables, collection.prefix_depth)
    families = layout.families(stage.keys)
    if unknown := set(stage.keys).difference(*families):
        raise UndiscoveredPrefixError(
            f"{sorted(unknown)} were never discovered in {collection.source}: run the job discover_prefixes, then try again."
        )
    with tempfile.TemporaryDirectory(prefix="dedup-listing-") as folder:
        listing = SpilledListing(images, layout, Path(folder))
        with progress.track(stage.log, IMAGE_MANIFEST.name, len(stage.keys), "prefixes") as tracker:
            for keys in families:
                listing.add(keys)
                tracker.advance(len(keys))
        lost = require_believable(stage.tables, listing, listing_policy, config.accept_loss)
        for keys in families:
            others = listing.others_beside(keys[0])
            for key in keys:
                _write_companions(stage, key, _write(stage, key, listing, lost.get(key, 0)), others)


def _forget_runs(stage: Stage, days: int) -> None:
    before = datetime.now(UTC) - timedelta(days=days)
    if forgotten := forget_runs(stage.context.instance, before, RECORDS_WITHIN_S):
        stage.log(f"{counted(forgotten, 'run')} of more than {days} days ago left Dagster's records")


def _write(stage: Stage, key: str, listing: SpilledListing, lost: int) -> pl.DataFrame:
    listed, left_out = listing.rows(key), listing.left_out(key)
    rows = listed.filter(pl.col("other_kind").is_null()).select(IMAGE_MANIFEST.column_names)
    others = dict(listed["other_kind"].drop_nulls().value_counts().iter_rows())
    told = Listing(others, left_out, sum(listed["number"]))._asdict()
    with stage.partition(key, stage.fingerprint(_digest(rows), told)) as work:
        before = stage.tables.read(IMAGE_MANIFEST, key, ["image_id", "etag", "path"])
        if not work.is_current:
            details: dict[str, Any] = {"digest": _digest(rows.drop(UNTOLD)), "listing": told}
            if rows.is_empty():
                details["emptied_at"] = datetime.now(UTC).isoformat() if lost else work.commit.details.get("emptied_at")
            work.commit = stage.tables.rewrite(IMAGE_MANIFEST, key, rows, work.fingerprint, details)
        work.counts = _count_changes(rows, before) | {
            "removed": lost,
            "newly_left_out": before.join(rows, on="image_id", how="anti").height - lost,
            "other_files": listed.height - rows.height,
            "left_out_files": sum(left_out.values()),
            "unlisted_directories": len(listing.images.unlisted),
        }
        work.preview = rows
    return rows


def _count_changes(rows: pl.DataFrame, before: pl.DataFrame) -> dict[str, int | float]:
    return {
        "bytes": int(rows["size_bytes"].sum()),
        "new": rows.join(before, on="image_id", how="anti").height,
        "changed": rows.join(before, on="image_id").filter(pl.col("etag") != pl.col("etag_right")).height,
    }


def _write_companions(stage: Stage, key: str, rows: pl.DataFrame, others: pl.DataFrame) -> None:
    """Note what goes along with those images, of the other files in all partitions that share the directory."""
    companions = find_companions(rows, others)
    fingerprint = _digest(companions)
    if stage.tables.begin(COMPANION_FILES, key).fingerprint != fingerprint:
        stage.tables.rewrite(COMPANION_FILES, key, companions, fingerprint)


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(rows.write_ipc(None).getvalue()).hexdigest()


@dg.asset_check(asset=image_manifest, description="No prefix has lost all of its images lately.")
def no_prefix_was_emptied(collection: Collection, listing_policy: ListingPolicy) -> dg.AssetCheckResult:
    """Warn of prefixes that were emptied, as long as what is known of their images is kept."""
    tables, days = collection.tables().as_of_now(), timedelta(days=listing_policy.forget_after_days)
    emptied = {each.partition: each.details.get("emptied_at") for each in tables.commits(IMAGE_MANIFEST)}
    lately = sorted(
        key for key, when in emptied.items() if when and datetime.fromisoformat(when) > datetime.now(UTC) - days
    )
    return dg.AssetCheckResult(
        passed=not lately,
        severity=dg.AssetCheckSeverity.WARN,
        description="A disk or share may be away" if lately else None,
        metadata={"emptied_prefixes": len(lately), "examples": dg.MetadataValue.json(lately[:10])},
    )
