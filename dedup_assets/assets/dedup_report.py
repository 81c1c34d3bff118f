"""`dedup_report`: every image of the source exactly once, as a table, a CSV file and a gallery of pictures.

Belongs here: the final groups, in which copies join the stars of near-duplicates, and the rows of the report. Does not
belong here: how pages look (`report/`), what is written for people beside the table (`stages/publishing.py`).
"""

from collections.abc import Sequence
from functools import partial

import dagster as dg
import numpy as np
import polars as pl

from dedup_assets.contracts import Table
from dedup_assets.kernels.group.stars import find_components
from dedup_assets.policies import KeepPolicy, SimilarityPolicy, VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.decisions import read_decisions
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.companions import name_companions
from dedup_assets.stages.grouping.applied_decisions import Decided
from dedup_assets.stages.grouping.collected_images import read_images
from dedup_assets.stages.grouping.group_colours import with_colours
from dedup_assets.stages.grouping.linked_names import COLUMNS, with_links
from dedup_assets.stages.grouping.verdicts import VERDICT_COLUMNS
from dedup_assets.stages.judged_partitions import judge_partitions
from dedup_assets.stages.publishing import publish_report
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.whole_container import Grouped, WholeContainer
from dedup_assets.tables import (
    COMPANION_FILES,
    DEDUP_REPORT,
    IMAGE_FEATURES,
    IMAGE_MANIFEST,
    REPORT_STATUSES,
    REPRESENTATIVES,
    SIMILAR_GROUPS,
    STAR_PAIRS,
    VERIFIED_GROUPS,
    WAVELET_GROUPS,
)


@table_asset(DEDUP_REPORT, {"csv"}, "5", reads_all=[REPRESENTATIVES, SIMILAR_GROUPS], in_one_run=True)
def dedup_report(
    context: dg.AssetExecutionContext,
    collection: Collection,
    database: DatabaseResource,
    verification_policy: VerificationPolicy,
    keep_policy: KeepPolicy,
    similarity_policy: SimilarityPolicy,
    progress: ProgressReporter,
) -> None:
    """Form the final groups of the whole container, write every partition whose rows changed, and publish the report."""
    stage = Stage(context, DEDUP_REPORT, collection.tables(), verification_policy, keep_policy, source=IMAGE_MANIFEST)
    whole = WholeContainer(
        stage,
        collection,
        verification_policy,
        keep_policy,
        lambda: Decided(read_decisions(database, stage.tables)),
        progress,
    )
    copies = () if similarity_policy.not_looked_for else (SIMILAR_GROUPS,)
    inputs = (IMAGE_MANIFEST, COMPANION_FILES, IMAGE_FEATURES, WAVELET_GROUPS, REPRESENTATIVES, *copies)
    verified = whole.write(inputs, partial(_report_everything, whole, copies), partial(_describe, stage))
    publish_report(stage, collection, verification_policy.version, similarity_policy.not_looked_for, verified)


def _describe(stage: Stage, work: PartitionWork) -> None:
    shown = ["path", "status", "level", "representative_path", "kept_because"]
    work.preview = stage.tables.read(DEDUP_REPORT, work.key, shown)
    statuses = work.preview["status"]
    work.counts |= {name.lower(): int((statuses == name).sum()) for name in REPORT_STATUSES}


def _report_everything(whole: WholeContainer, copies: Sequence[Table]) -> Grouped:
    stage = whole.stage
    images = read_images(stage.tables)
    columns = [*VERDICT_COLUMNS, "cosine_similarity"]
    similar = stage.tables.read_many(SIMILAR_GROUPS, None if copies else (), columns)
    near = stage.tables.read_many(VERIFIED_GROUPS, columns=VERDICT_COLUMNS)
    kept = stage.tables.read_many(REPRESENTATIVES, columns=["representative_sha256"])["representative_sha256"].unique()
    rows, verified = whole.group(images, near, similar, first=kept)
    described = pl.concat([rows, images.drop("image_id", "file_sha256", "partition")], how="horizontal")
    readable = with_colours(stage.tables, described, VERIFIED_GROUPS, *copies, STAR_PAIRS).join(
        _look_alikes(rows, similar), on="group_id", how="left", maintain_order="left"
    )
    paths = images.select(representative_id="image_id", representative_path="path")
    readable = readable.join(paths, on="representative_id", how="left", maintain_order="left").with_columns(
        status=pl.when("is_representative").then(pl.lit("Best")).otherwise(pl.lit("Duplicate")),
        representative_path=pl.when("is_representative").then(None).otherwise(pl.col("representative_path")),
    )
    manifest = stage.tables.read_many(IMAGE_MANIFEST, columns=COLUMNS)
    known = readable.select(pl.selectors.by_name(*DEDUP_REPORT.column_names, "partition", require_all=False))
    reported = with_links(known, _unreadable(stage), manifest)
    companions = name_companions(stage.tables.read_many(COMPANION_FILES))
    return reported.join(companions, on="image_id", how="left", maintain_order="left"), verified


def _look_alikes(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Columns group_id and similar_group_id: groups whose kept pictures look alike, named after the first of them."""
    alike = pairs.filter(pl.col("level") == "similar")
    kept = rows.filter("is_representative").select("file_sha256", "group_id").with_row_index("node")
    ends = [
        alike.select("left_sha256", "right_sha256").join(
            kept, left_on=side, right_on="file_sha256", how="left", maintain_order="left"
        )["node"]
        for side in ("left_sha256", "right_sha256")
    ]
    edges = pl.DataFrame({"left": ends[0], "right": ends[1]}).drop_nulls().to_numpy().astype(np.int64).reshape(-1, 2)
    linked = kept.with_columns(component=pl.Series(find_components(kept.height, edges))).with_columns(
        together=pl.len().over("component")
    )
    return linked.filter(pl.col("together") > 1).select(
        "group_id", similar_group_id=pl.col("group_id").min().over("component").str.replace("g", "s")
    )


def _unreadable(stage: Stage) -> pl.DataFrame:
    frames = [
        stage.tables.read(
            IMAGE_FEATURES, key, ["image_id", "path", "size_bytes", "file_sha256", "decode_status", "decode_error"]
        ).with_columns(partition=pl.lit(key))
        for key in stage.tables.partitions(IMAGE_FEATURES)
    ]
    rows = pl.concat(frames).filter(~pl.col("decode_status").is_in(("ok", "no_image")))
    return rows.drop("decode_status").rename({"decode_error": "cause"}).with_columns(status=pl.lit("Unreadable"))


@dg.asset_check(
    asset=dedup_report, blocking=True, description="Every blob of the manifest stands in the report exactly once."
)
def no_image_is_lost(collection: Collection) -> dg.AssetCheckResult:
    """Compare the ids of the manifest with those of the report, in the partitions that are up to date all the way."""
    tables = collection.tables().as_of_now()
    judged = judge_partitions(tables, DEDUP_REPORT, IMAGE_FEATURES, IMAGE_MANIFEST)
    statuses = tables.read_many(IMAGE_FEATURES, judged.keys, ["image_id", "decode_status"])
    others = statuses.filter(pl.col("decode_status") == "no_image")
    listed = tables.read_many(IMAGE_MANIFEST, judged.keys, ["image_id"]).join(others, on="image_id", how="anti")
    reported = tables.read_many(DEDUP_REPORT, judged.keys, ["image_id"])
    lost = listed.join(reported, on="image_id", how="anti").height
    surplus = reported.height - reported.join(listed, on="image_id", how="semi").n_unique()
    passed = lost == 0 and surplus == 0
    return judged.result(passed, listed=listed.height, reported=reported.height, lost=lost, surplus=surplus)
