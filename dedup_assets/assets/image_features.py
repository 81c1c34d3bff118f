"""`image_features`: everything that needs an image's bytes, from one download and one decode.

Belongs here: which images must be read, reading them in chunks, and turning an unreadable one into a row with its cause.
Does not belong here: decoding and hashing (`kernels/`), reading generation metadata (`generation_metadata/`).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.policies import FeaturePolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.throttle import Throttle
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.departed import bring_back, read_departed, set_apart
from dedup_assets.stages.judged_partitions import judge_partitions
from dedup_assets.stages.reading.carried_rows import find_drawn, must_be_read_again
from dedup_assets.stages.reading.reader import ImageReader, ReadingOrder
from dedup_assets.stages.reading.rows import FEATURE_VERSION
from dedup_assets.stages.reading.unnoticed_edits import find_doubtful, find_edited
from dedup_assets.stages.stage import PartitionWork, Stage, made_from
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST, NO_PICTURES, SEEN_FILES

SMALL_PART_ROWS = 500
MAX_SMALL_PARTS = 8
"""A partition that grows by a few images a night gathers small parts: the ninth merges them into one."""

TRANSIENT_STATUSES = ("vanished", "timed_out")
"""Causes that may be gone next time: such images are read again by the next run."""


@table_asset(IMAGE_FEATURES, {"opencv"}, str(FEATURE_VERSION), reads=[IMAGE_MANIFEST])
def image_features(
    context: dg.AssetExecutionContext, collection: Collection, feature_policy: FeaturePolicy, progress: ProgressReporter
) -> None:
    """Read new and changed images, chunk by chunk; each chunk is visible as soon as it is done."""
    stage = Stage(context, IMAGE_FEATURES, collection.tables(), feature_policy, source=IMAGE_MANIFEST)
    images, limits, timeout_s = collection.images(), feature_policy.limits(), collection.decode_timeout_s
    order = ReadingOrder(images.location, limits, timeout_s, collection.rates, collection.reads_at_once)
    look_behind = partial(find_edited, images, Throttle(order.rates), order.reads)
    with ImageReader(images, order, collection.workers) as reader:
        for key in stage.keys:
            source = made_from(stage.tables, key, IMAGE_MANIFEST)
            listed = stage.tables.commit_of(IMAGE_MANIFEST, key)
            with stage.partition(key, stage.fingerprint(source, [part.sha256 for part in listed.parts])) as work:
                work.counts = {"downloaded_images": 0, "downloaded_bytes": 0, "hashed_images": 0, "hashed_bytes": 0}
                if not work.is_current:
                    for _ in stage.until_settled(work):
                        _follow_manifest(stage, work, feature_policy)
                        _drop_edited(stage, work, look_behind)
                        _drop_outdated(stage.tables, work, feature_policy)
                    for _ in stage.until_settled(work):
                        _read_missing(stage, work, reader, collection.chunk_images, progress)
                        _finish(stage, work, source)


def _follow_manifest(stage: Stage, work: PartitionWork, policy: FeaturePolicy) -> None:
    """Bring back the rows of images that returned as they were, and set those apart that left."""
    manifest = stage.tables.read(IMAGE_MANIFEST, work.key, ["image_id", "etag"])
    is_listed = pl.col("image_id").is_in(manifest["image_id"].implode())
    is_back = pl.struct("image_id", "etag").is_in(manifest.to_struct().implode())
    commit = replace(work.commit, fingerprint=None)
    columns, is_of_use = ["image_id", "etag"], ~_is_decided_by_limit(policy)
    commit = bring_back(stage.tables, commit, IMAGE_FEATURES, columns, is_back, is_of_use)
    work.commit = set_apart(stage.tables, commit, IMAGE_FEATURES, ["image_id"], is_listed)


def _drop_edited(stage: Stage, work: PartitionWork, look_behind: Callable[[pl.DataFrame], pl.Series]) -> None:
    """Drop rows of files that were edited behind their etag, and note how all files were when their bytes were looked at."""
    manifest = stage.tables.read(IMAGE_MANIFEST, work.key)
    features = stage.tables.read(IMAGE_FEATURES, work.key, ["image_id", "file_sha256"])
    seen_before = stage.tables.read(SEEN_FILES, work.key)
    doubtful = find_doubtful(manifest, seen_before).join(features.drop_nulls(), on="image_id")
    work.counts |= {"hashed_images": doubtful.height, "hashed_bytes": int(doubtful["size_bytes"].sum())}
    kept = features["image_id"].filter(~features["image_id"].is_in(look_behind(doubtful).implode()))
    work.commit = stage.tables.drop_rows(work.commit, IMAGE_FEATURES, "image_id", kept)
    seen = manifest.filter(pl.col("changed_at").is_not_null()).select(SEEN_FILES.column_names)
    away = seen_before.filter(pl.col("image_id").is_in(read_departed(stage.tables, "image_id", work.key).implode()))
    seen = pl.concat([seen, away.join(seen, on="image_id", how="anti")])
    stage.tables.rewrite(SEEN_FILES, work.key, seen, work.fingerprint)


def _read_missing(
    stage: Stage, work: PartitionWork, reader: ImageReader, chunk_images: int, progress: ProgressReporter
) -> None:
    manifest = stage.tables.read(IMAGE_MANIFEST, work.key).sort("path")
    kept = stage.tables.read_parts(IMAGE_FEATURES, work.key, work.commit.parts, ["image_id"])
    missing = manifest.join(kept, on="image_id", how="anti", maintain_order="left")
    is_link = pl.any_horizontal(pl.col("link_target", "link_error").is_not_null())
    work.commit = stage.tables.append(work.commit, IMAGE_FEATURES, _describe_links(missing.filter(is_link)))
    files = missing.filter(~is_link)
    with stage.track(work, progress, files.height, "images") as tracker:
        for part in reader.read(files, chunk_images, tracker.advance):
            _add_part(stage.tables, work, part)
            del part  # before the next one is collected


def _describe_links(links: pl.DataFrame) -> pl.DataFrame:
    """Rows of symbolic links, which are not read."""
    target = pl.format("It is a link to {}, which is no readable image of the source.", "link_target")
    told = links.select(
        *("image_id", "path", "etag", "size_bytes"),
        feature_version=pl.lit(FEATURE_VERSION, pl.Int32),
        decode_status=pl.lit("link"),
        decode_error=pl.coalesce("link_error", target),
    )
    return pl.concat([IMAGE_FEATURES.empty(), told], how="diagonal")


def _add_part(tables: TableStore, work: PartitionWork, features: pl.DataFrame) -> None:
    work.commit = tables.append(work.commit, IMAGE_FEATURES, features)
    read_bytes = features["size_bytes"].filter(features["file_sha256"].is_not_null())
    work.counts["downloaded_images"] += len(read_bytes)
    work.counts["downloaded_bytes"] += int(read_bytes.sum())


def _drop_outdated(tables: TableStore, work: PartitionWork, policy: FeaturePolicy) -> None:
    """Drop rows of removed, changed and transiently unreadable images, of other versions, or that another limit decided."""
    columns = ["image_id", "etag", "feature_version", "decode_status", "image_format", "width_px", "height_px"]
    before = tables.read_parts(IMAGE_FEATURES, work.key, work.commit.parts, columns)
    same_limit = work.commit.details.get("policy", policy.version) == policy.version
    manifest = tables.read(IMAGE_MANIFEST, work.key, ["image_id", "etag"])
    stands = ~_is_decided_by_limit(policy) | same_limit
    valid = before.filter(~must_be_read_again() & ~pl.col("decode_status").is_in(TRANSIENT_STATUSES) & stands).join(
        manifest, on=["image_id", "etag"], how="semi"
    )
    if work.commit.details.get("records") != FEATURE_VERSION:
        carried = valid.filter(pl.col("feature_version") != FEATURE_VERSION)["image_id"]
        valid = valid.filter(~pl.col("image_id").is_in(find_drawn(tables, work.key, carried).implode()))
    commit = replace(work.commit, fingerprint=None, details={"policy": policy.version, "records": FEATURE_VERSION})
    work.commit = tables.drop_rows(commit, IMAGE_FEATURES, "image_id", valid["image_id"])


def _is_decided_by_limit(policy: FeaturePolicy) -> pl.Expr:
    megapixels = pl.col("width_px").cast(pl.Float64) * pl.col("height_px") / 1e6
    return (pl.col("decode_status") == "too_large") | (megapixels > policy.max_megapixels).fill_null(False)


def _finish(stage: Stage, work: PartitionWork, source: dict[str, Any]) -> None:
    work.commit = stage.tables.merge_small_parts(work.commit, IMAGE_FEATURES, SMALL_PART_ROWS, MAX_SMALL_PARTS)
    statuses = stage.tables.read(IMAGE_FEATURES, work.key, ["decode_status"])["decode_status"]
    work.counts["unreadable"] = int((~statuses.is_in(("ok", *NO_PICTURES))).sum())
    fingerprint = None if statuses.is_in(TRANSIENT_STATUSES).any() else work.fingerprint
    details = {**work.commit.details, **source}
    work.commit = stage.tables.settle(replace(work.commit, details=details, fingerprint=fingerprint))
    work.preview = stage.tables.read(
        IMAGE_FEATURES, work.key, ["path", "decode_status", "width_px", "height_px", "dct_hash"]
    )


@dg.asset_check(
    asset=image_features, blocking=True, description="Every blob of the manifest has exactly one row of features."
)
def image_features_lose_nothing(collection: Collection) -> dg.AssetCheckResult:
    """Compare the rows of the manifest with the rows of features, partition by partition."""
    tables = collection.tables().as_of_now()
    judged = judge_partitions(tables, IMAGE_FEATURES, IMAGE_MANIFEST)
    rows = {key: [tables.commit_of(each, key).rows for each in (IMAGE_MANIFEST, IMAGE_FEATURES)] for key in judged.keys}
    unequal = {key: counts for key, counts in rows.items() if counts[0] != counts[1]}
    return judged.result(not unequal, unequal=dg.MetadataValue.json(unequal))


@dg.asset_check(asset=image_features, description="The share of unreadable images is below the policy's limit.")
def few_images_are_unreadable(collection: Collection, feature_policy: FeaturePolicy) -> dg.AssetCheckResult:
    """Compare the share of unreadable images with the policy."""
    statuses = collection.tables().as_of_now().read_many(IMAGE_FEATURES, columns=["decode_status"])["decode_status"]
    statuses = statuses.filter(~statuses.is_in(NO_PICTURES))
    share = int((statuses != "ok").sum()) / max(1, len(statuses))
    return dg.AssetCheckResult(
        passed=share <= feature_policy.max_unreadable_share,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unreadable_share": share, "max_unreadable_share": feature_policy.max_unreadable_share},
    )
