"""What a run leaves for people and scripts in `STORE/report`: the gallery, the CSV file and the summary.

Belongs here: gathering it from the tables and from Dagster's record of the run. Does not belong here: how it looks (`report/`).
"""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from dedup_assets.report.csv_file import write_image_report
from dedup_assets.report.gallery import GalleryGroup, GalleryImage, write_gallery
from dedup_assets.report.summary import RunSummary, RunWork, ToolCount, summary_json, summary_text
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.grouping.collected_images import read_thumbnails
from dedup_assets.stages.stage import Stage, peak_rss_mb
from dedup_assets.tables import DEDUP_REPORT, EMBEDDINGS, METADATA_HASHES, SIMILAR_GROUPS, VERIFIED_GROUPS

FOLDER = "report"
PUBLISHED = f"{FOLDER}/published.json"
"""Digest of the rows that the pages show, written after them."""

SHOWN_GROUPS = 500
SHOWN_IMAGES = 24
WORK_COUNTS = ("downloaded_images", "downloaded_bytes", "verified_pairs", "embedded_images")


def publish_report(stage: Stage, collection: Collection, changed: bool, verified_pairs: int) -> None:
    """Write the summary of this run, and the pages where they do not show the report's rows yet."""
    report = stage.tables.read_many(DEDUP_REPORT)
    summary = summarize(stage, collection, report)
    rows = stage.digest_of_all(DEDUP_REPORT)
    is_shown = stage.tables.read_document(PUBLISHED) == rows  # a killed run leaves new rows and old pages
    if changed or not is_shown or stage.tables.read_bytes(f"{FOLDER}/index.html") is None:
        _write_csv(stage, report)
        _write_pages(stage, report, summary)
        stage.tables.write_document(PUBLISHED, rows)
    work = work_of_run(stage, verified_pairs)
    stage.tables.write_bytes(f"{FOLDER}/summary.json", summary_json(summary, work).encode())
    stage.tables.write_bytes(f"{FOLDER}/summary.txt", summary_text(summary, work).encode())
    stage.log(f"The report: {collection.store}/{FOLDER}/index.html")


def summarize(stage: Stage, collection: Collection, report: pl.DataFrame) -> RunSummary:
    """What the source holds now."""
    duplicates = report.filter(pl.col("status") == "Duplicate")
    unreadable = report.filter(pl.col("status") == "Unreadable").sort("path")
    commits = (stage.tables.commit_of(EMBEDDINGS, key).details for key in stage.tables.partitions(EMBEDDINGS))
    provider = next((details for details in commits if details), {})
    return RunSummary(
        source=collection.source,
        images=report.height,
        groups=duplicates["group_id"].n_unique(),
        duplicates=duplicates.height,
        unreadable=unreadable.height,
        bytes_reclaimable=int(duplicates["size_bytes"].sum()),
        by_level=dict(sorted(Counter(duplicates["level"].drop_nulls()).items())),
        unreadable_causes=list(unreadable.select("path", "cause").iter_rows()),
        tools=_count_tools(stage),
        embedding_provider=provider.get("provider"),
        fallback_reasons=provider.get("fallback_reasons", ()),
        policy={type(policy).__name__: policy.settings() for policy in stage.policies},
    )


def _count_tools(stage: Stage) -> list[ToolCount]:
    rows = stage.tables.read_many(METADATA_HASHES, columns=["tool", "parse_error", "metadata_hash", "missing"])
    return [
        ToolCount(
            tool=str(tool),
            images=images.height,
            parsed=images["parse_error"].null_count(),
            recipes=images["metadata_hash"].count(),
            missing=dict(sorted(Counter(images["missing"].drop_nulls().str.split(",").explode()).items())),
        )
        for (tool,), images in rows.sort("tool").group_by("tool", maintain_order=True)
    ]


def work_of_run(stage: Stage, verified_pairs: int) -> RunWork:
    """What all stages of this Dagster run did, from the metadata of their materializations.

    The report itself is not materialized yet: its seconds so far and its `verified_pairs` are added.
    """
    run_id = stage.context.run.run_id
    logs = stage.context.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    counts: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for log in logs:
        event = log.asset_materialization
        assert event is not None
        metadata = {name: value.value for name, value in event.metadata.items()}
        seconds[event.asset_key.path[-1]] += float(metadata.get("seconds", 0.0))
        for name in WORK_COUNTS:
            counts[name] += int(metadata.get(name, 0))
    seconds[stage.table.name] = stage.seconds_so_far
    counts["verified_pairs"] += verified_pairs
    return RunWork(**{name: counts[name] for name in WORK_COUNTS}, seconds=dict(seconds), peak_rss_mb=peak_rss_mb())


def _write_csv(stage: Stage, report: pl.DataFrame) -> None:
    with tempfile.TemporaryFile() as out:
        write_image_report([report], out)
        out.seek(0)
        stage.tables.write_bytes(f"{FOLDER}/image_report.csv", out.read())


def _write_pages(stage: Stage, report: pl.DataFrame, summary: RunSummary) -> None:
    savings = report.filter(pl.col("status") == "Duplicate").group_by("group_id").agg(saving=pl.col("size_bytes").sum())
    largest = savings.sort(["saving", "group_id"], descending=[True, False]).head(SHOWN_GROUPS)
    groups = list(_gallery_groups(stage, report.join(largest, on="group_id"), "group_id"))
    alike = report.filter(pl.col("similar_group_id").is_not_null() & (pl.col("status") == "Best")).with_columns(
        saving=pl.lit(0, pl.Int64)
    )
    alike = alike.filter(
        pl.col("similar_group_id").is_in(alike["similar_group_id"].unique().sort().head(SHOWN_GROUPS).implode())
    )
    unreadable = list(summary.unreadable_causes)
    look_alikes = list(_gallery_groups(stage, alike, "similar_group_id"))
    write_gallery(
        lambda name, data: stage.tables.write_bytes(f"{FOLDER}/{name}", data),
        summary,
        groups,
        unreadable,
        look_alikes=look_alikes,
    )


def _gallery_groups(stage: Stage, rows: pl.DataFrame, group_column: str) -> Iterator[GalleryGroup]:
    kept = rows.filter(pl.col("status") == "Best").select(representative_path="path", kept_sha256="file_sha256")
    ordered = rows.join(kept, on="representative_path", how="left").sort(group_column, "keep_rank", "path")
    shown = ordered.group_by(group_column, maintain_order=True).head(SHOWN_IMAGES)
    thumbnails = read_thumbnails(stage.tables, shown["image_id"])
    scores = _scores(stage, shown)
    for (group_id,), group in shown.group_by(group_column, maintain_order=True):
        images = [_gallery_image(row, thumbnails, scores) for row in group.iter_rows(named=True)]
        first = group.row(0, named=True)
        size = rows.filter(pl.col(group_column) == group_id).height
        yield GalleryGroup(
            str(group_id),
            images,
            int(first["saving"]),
            first["avg_color_correlation"] if group_column == "group_id" else None,
            size,
        )


def _gallery_image(
    row: dict[str, Any], thumbnails: dict[int, bytes], scores: dict[frozenset[bytes], dict[str, Any]]
) -> GalleryImage:
    fields = ("path", "status", "level", "kept_because", "decided_by", "width_px", "height_px", "size_bytes")
    pair = scores.get(frozenset((row["file_sha256"], row["kept_sha256"])), {}) if row["status"] == "Duplicate" else {}
    return GalleryImage(**{name: row[name] for name in fields}, thumbnail=thumbnails.get(row["image_id"]), scores=pair)


def _scores(stage: Stage, shown: pl.DataFrame) -> dict[frozenset[bytes], dict[str, Any]]:
    """The evidence of every shown duplicate against the image kept in its place."""
    names = ["color_score", "structure_score", "local_inliers", "local_coverage"]
    wanted = pl.concat([shown["file_sha256"], shown["kept_sha256"]]).unique().implode()
    found: dict[frozenset[bytes], dict[str, Any]] = {}
    for table in (VERIFIED_GROUPS, SIMILAR_GROUPS):
        pairs = stage.tables.read_many(table, columns=["left_sha256", "right_sha256", *names])
        near = pairs.filter(pl.col("left_sha256").is_in(wanted) & pl.col("right_sha256").is_in(wanted))
        found |= {frozenset((row.pop("left_sha256"), row.pop("right_sha256"))): row for row in near.to_dicts()}
    return found
