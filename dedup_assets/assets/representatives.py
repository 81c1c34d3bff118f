"""`representatives`: the groups of exact, same-generation and near-duplicates, and the image that each keeps.

Belongs here: reading all partitions, and writing those whose rows changed. Does not belong here: the order of keeping
(`kernels/keep/ranking.py`), the shape of groups (`kernels/group/stars.py`).

Groups are a property of the whole container, so one run computes all of them, whichever partitions it was asked for.
"""

from functools import partial

import dagster as dg
import polars as pl

from dedup_assets.policies import KeepPolicy, VerificationPolicy
from dedup_assets.report.contact_sheet import contact_sheet
from dedup_assets.report.plain_words import counted
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.decisions import read_decisions
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.grouping.applied_decisions import Decided
from dedup_assets.stages.grouping.collected_images import read_images, read_thumbnails
from dedup_assets.stages.grouping.verdicts import VERDICT_COLUMNS
from dedup_assets.stages.judged_partitions import judge_partitions
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.whole_container import Grouped, WholeContainer
from dedup_assets.tables import (
    IMAGE_FEATURES,
    IMAGE_MANIFEST,
    METADATA_HASHES,
    REPRESENTATIVES,
    VERIFIED_GROUPS,
    WAVELET_GROUPS,
)

SHEET_GROUPS, SHEET_IMAGES = 8, 6


@table_asset(REPRESENTATIVES, {"polars"}, "5", reads_all=[VERIFIED_GROUPS], in_one_run=True)
def representatives(
    context: dg.AssetExecutionContext,
    collection: Collection,
    database: DatabaseResource,
    verification_policy: VerificationPolicy,
    keep_policy: KeepPolicy,
    progress: ProgressReporter,
) -> None:
    """Group all images of the container, and write every partition whose rows changed."""
    stage = Stage(
        context, REPRESENTATIVES, collection.tables(), verification_policy, keep_policy, source=IMAGE_FEATURES
    )
    whole = WholeContainer(
        stage,
        collection,
        verification_policy,
        keep_policy,
        lambda: Decided(read_decisions(database, stage.tables)),
        progress,
    )
    inputs = (IMAGE_MANIFEST, IMAGE_FEATURES, METADATA_HASHES, WAVELET_GROUPS, VERIFIED_GROUPS)
    whole.write(inputs, partial(_group_everything, whole), partial(_describe, stage))


def _group_everything(whole: WholeContainer) -> Grouped:
    stage = whole.stage
    images = read_images(stage.tables)
    stage.log(f"{REPRESENTATIVES.name}: grouping {counted(images.height, 'readable image')} of all partitions")
    return whole.group(images, stage.tables.read_many(VERIFIED_GROUPS, columns=VERDICT_COLUMNS))


def _describe(stage: Stage, work: PartitionWork) -> None:
    written = stage.tables.read(REPRESENTATIVES, work.key)
    work.counts |= {"kept": int(written["is_representative"].sum()), "groups": _groups_in(written)}
    work.preview = written.filter(pl.col("group_size") > 1).select(
        "group_id", "group_size", "level", "decided_by", "kept_because"
    )
    work.picture = partial(_picture, stage, written) if work.key == stage.keys[0] else None


def _groups_in(rows: pl.DataFrame) -> int:
    return rows.filter(pl.col("group_size") > 1)["group_id"].n_unique()


def _picture(stage: Stage, rows: pl.DataFrame) -> bytes | None:
    largest = rows.filter(pl.col("group_size") > 1).sort(
        "group_size", "group_id", "keep_rank", descending=[True, False, False]
    )
    groups = [group.head(SHEET_IMAGES)["image_id"] for _, group in largest.group_by("group_id", maintain_order=True)][
        :SHEET_GROUPS
    ]
    if not groups:
        return None
    thumbnails = read_thumbnails(stage.tables, pl.concat(groups))
    return contact_sheet([[thumbnails[image_id] for image_id in group if image_id in thumbnails] for group in groups])


@dg.asset_check(
    asset=representatives,
    blocking=True,
    description="Every readable image is in one group, and every group keeps one.",
)
def every_readable_image_is_grouped(collection: Collection) -> dg.AssetCheckResult:
    """Compare readable images with rows, in the partitions that are up to date; in all of them, groups with kept images."""
    tables = collection.tables().as_of_now()
    judged = judge_partitions(tables, REPRESENTATIVES, IMAGE_FEATURES)
    readable = int((tables.read_many(IMAGE_FEATURES, judged.keys, ["decode_status"])["decode_status"] == "ok").sum())
    rows = tables.read_many(REPRESENTATIVES, judged.keys, ["group_id", "is_representative"])
    kept_twice = rows.filter("is_representative")["group_id"].is_duplicated().sum()
    groups, kept = rows["group_id"].n_unique(), int(rows["is_representative"].sum())
    complete = set(judged.keys) == set(tables.partitions(IMAGE_FEATURES))
    views = {tables.commit_of(REPRESENTATIVES, key).fingerprint for key in judged.keys}
    is_grouped_right = not kept_twice and (kept == groups or not complete)
    passed = readable == rows.height and (is_grouped_right or len(views) > 1)  # another run is writing its view
    return judged.result(passed, readable_images=readable, rows=rows.height, groups=groups, kept_images=kept)
