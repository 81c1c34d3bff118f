"""`image_features`: everything that needs an image's bytes, from one download and one decode.

Belongs here: which images must be read, reading them in chunks, and turning an unreadable one into a row with its cause.
Does not belong here: decoding and hashing (`kernels/`), reading generation metadata (`generation_metadata/`).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
from pydantic import Field

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription, describe_image
from dedup_assets.kernels.hashing import dct_hashes, wavelet_hashes
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.image_store import BlobChanged, BlobUnavailable, BlobVanished, ImageStore
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.table_store import Commit, TableStore
from dedup_assets.stage import PartitionWork, Policy, Stage, table_asset
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST

FEATURE_VERSION = 1
"""Raised whenever the same bytes give other features: every image is then read again, once."""

SMALL_PART_ROWS = 500
MAX_SMALL_PARTS = 8
"""A partition that grows by a few images a night gathers small parts: the ninth merges them into one."""

TRANSIENT_STATUSES = ("vanished", "timed_out")
"""Causes that may be gone next time: such images are read again by the next run."""

Row = dict[str, Any]


class FeaturePolicy(Policy):
    """Which images count as readable."""

    max_megapixels: float = Field(
        default=250.0,
        gt=0,
        le=2_000,
        description="Pictures that declare more pixels are not decoded (250 take 750 MB as RGB)",
    )
    max_unreadable_share: float = Field(
        default=0.2, ge=0, le=1, description="The check fails above this share of unreadable images"
    )


@table_asset(IMAGE_FEATURES, {"opencv"}, str(FEATURE_VERSION), reads=[IMAGE_MANIFEST])
def image_features(
    context: dg.AssetExecutionContext, collection: Collection, feature_policy: FeaturePolicy, progress: ProgressReporter
) -> None:
    """Read new and changed images, chunk by chunk; each chunk is visible as soon as it is done."""
    stage = Stage(context, IMAGE_FEATURES, collection.tables(), feature_policy)
    images = collection.images()
    for key in stage.keys:
        manifest_digest = stage.tables.commit_of(IMAGE_MANIFEST, key).digest
        with stage.partition(key, stage.fingerprint(manifest_digest)) as work:
            work.counts = {"downloaded_images": 0, "downloaded_bytes": 0}
            if not work.is_current:
                _bring_up_to_date(stage, work, images, collection, progress)


def _bring_up_to_date(
    stage: Stage, work: PartitionWork, images: ImageStore, collection: Collection, progress: ProgressReporter
) -> None:
    policy = stage.policies[0]
    assert isinstance(policy, FeaturePolicy)
    limits = DecodeLimits(max_pixels=int(policy.max_megapixels * 1e6))
    manifest = stage.tables.read(IMAGE_MANIFEST, work.key).sort("path")
    work.commit = _drop_outdated(stage.tables, work, manifest, policy)
    kept = stage.tables.read_parts(IMAGE_FEATURES, work.key, work.commit.parts, ["image_id"])
    missing = manifest.join(kept, on="image_id", how="anti", maintain_order="left")
    with progress.track(stage.log, f"{IMAGE_FEATURES.name} [{work.key}]", missing.height, "images") as tracker:
        for chunk in missing.iter_slices(collection.chunk_images):
            rows = _read_chunk(images, chunk.to_dicts(), limits, collection.workers, tracker.advance)
            work.commit = stage.tables.append(work.commit, IMAGE_FEATURES, IMAGE_FEATURES.frame(rows))
            _count_downloads(work, rows)
    _finish(stage, work)


def _drop_outdated(tables: TableStore, work: PartitionWork, manifest: pl.DataFrame, policy: FeaturePolicy) -> Commit:
    """Drop rows of removed, changed and transiently unreadable images, and all after a change of version or policy."""
    columns = ["image_id", "etag", "feature_version", "decode_status"]
    before = tables.read_parts(IMAGE_FEATURES, work.key, work.commit.parts, columns)
    same_limit = work.commit.details.get("policy", policy.version) == policy.version
    valid = before.filter(
        (pl.col("feature_version") == FEATURE_VERSION)
        & ~pl.col("decode_status").is_in(TRANSIENT_STATUSES)
        & ((pl.col("decode_status") != "too_large") | same_limit)
    ).join(manifest, on=["image_id", "etag"], how="semi")
    commit = Commit(work.commit.table, work.key, work.commit.parts, None, {"policy": policy.version})
    return tables.drop_rows(commit, IMAGE_FEATURES, "image_id", valid["image_id"])


def _read_chunk(
    images: ImageStore, chunk: Sequence[Row], limits: DecodeLimits, workers: int, advance: Any
) -> list[Row]:
    rows: list[Row] = []
    grays: list[tuple[Row, str, np.ndarray]] = []
    with ThreadPoolExecutor(workers) as pool:
        try:
            for row, description in pool.map(lambda blob: _read_one(images, blob, limits), chunk):
                rows.append(row)
                grays += [(row, name, gray) for name, gray in _grays(description)]
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    _add_hashes(grays)
    return rows


def _read_one(images: ImageStore, blob: Row, limits: DecodeLimits) -> tuple[Row, ImageDescription | None]:
    row: Row = {name: blob[name] for name in ("image_id", "path", "etag", "size_bytes")}
    row |= {"feature_version": FEATURE_VERSION, "decode_status": "ok"}
    try:
        data = images.read(blob["path"], blob["etag"])
    except (BlobVanished, BlobChanged) as cause:
        return row | {"decode_status": "vanished", "decode_error": str(cause)}, None
    except BlobUnavailable as cause:
        return row | {"decode_status": "timed_out", "decode_error": str(cause)}, None
    row |= {"file_sha256": hashlib.sha256(data).digest(), "size_bytes": len(data)}
    try:
        description = describe_image(data, limits)
    except UnreadableImage as cause:
        return row | {"decode_status": cause.status, "decode_error": cause.sentence}, None
    except Exception as cause:  # noqa: BLE001 - whatever one image's bytes do to a decoder, it becomes this image's row
        sentence = f"It could not be described: {type(cause).__name__}: {cause}."
        return row | {"decode_status": "corrupt", "decode_error": sentence}, None
    return row | _columns(description) | {"metadata_text": _metadata_text(data)}, description


def _columns(description: ImageDescription) -> Row:
    values = {name: getattr(description, name) for name in type(description).__slots__ if name in IMAGE_FEATURES.schema}
    return values | {"gray_64": description.gray_64.tobytes()}


def _metadata_text(data: bytes) -> str | None:
    carriers = read_carriers(data)
    return json.dumps(carriers, sort_keys=True) if carriers else None


def _grays(description: ImageDescription | None) -> Iterator[tuple[str, np.ndarray]]:
    if description is not None:
        yield "", description.gray_64
        if description.inner_gray_64 is not None:
            yield "inner_", description.inner_gray_64


def _add_hashes(grays: Sequence[tuple[Row, str, np.ndarray]]) -> None:
    if not grays:
        return
    stacked = np.stack([gray for _, _, gray in grays])
    for (row, name, _), wavelet, dct in zip(grays, wavelet_hashes(stacked), dct_hashes(stacked), strict=True):
        row[f"{name}wavelet_hash"], row[f"{name}dct_hash"] = wavelet.tobytes(), dct.tobytes()


def _count_downloads(work: PartitionWork, rows: Sequence[Row]) -> None:
    read = [row["size_bytes"] for row in rows if row.get("file_sha256") is not None]
    work.counts["downloaded_images"] += len(read)
    work.counts["downloaded_bytes"] += sum(read)


def _finish(stage: Stage, work: PartitionWork) -> None:
    work.commit = stage.tables.merge_small_parts(work.commit, IMAGE_FEATURES, SMALL_PART_ROWS, MAX_SMALL_PARTS)
    statuses = stage.tables.read(IMAGE_FEATURES, work.key, ["decode_status"])["decode_status"]
    work.counts["unreadable"] = int((statuses != "ok").sum())
    if not statuses.is_in(TRANSIENT_STATUSES).any():
        stage.finish(work)
    work.preview = stage.tables.read(
        IMAGE_FEATURES, work.key, ["path", "decode_status", "width_px", "height_px", "dct_hash"]
    )


@dg.asset_check(
    asset=image_features, blocking=True, description="Every blob of the manifest has exactly one row of features."
)
def image_features_lose_nothing(collection: Collection) -> dg.AssetCheckResult:
    """Compare the rows of the manifest with the rows of features, partition by partition."""
    tables = collection.tables()
    rows = {
        key: (tables.commit_of(IMAGE_MANIFEST, key).rows, tables.commit_of(IMAGE_FEATURES, key).rows)
        for key in tables.partitions(IMAGE_FEATURES)
    }
    unequal = {key: counts for key, counts in rows.items() if counts[0] != counts[1]}
    return dg.AssetCheckResult(
        passed=not unequal, metadata={"unequal": dg.MetadataValue.json({k: list(v) for k, v in unequal.items()})}
    )


@dg.asset_check(asset=image_features, description="The share of unreadable images is below the policy's limit.")
def few_images_are_unreadable(collection: Collection, feature_policy: FeaturePolicy) -> dg.AssetCheckResult:
    """Compare the share of unreadable images with the policy."""
    statuses = collection.tables().read_many(IMAGE_FEATURES, columns=["decode_status"])["decode_status"]
    share = int((statuses != "ok").sum()) / max(1, len(statuses))
    return dg.AssetCheckResult(
        passed=share <= feature_policy.max_unreadable_share,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unreadable_share": share, "max_unreadable_share": feature_policy.max_unreadable_share},
    )
