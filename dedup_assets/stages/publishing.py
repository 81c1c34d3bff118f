"""What a run leaves for people and scripts in `STORE/report`: the gallery, the CSV file and the summary.

Belongs here: gathering it from the tables and from Dagster's record of the run. Does not belong here: which groups are shown
(`shown_groups.py`, `kept_apart.py`), how it looks (`report/`).
"""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence

import dagster as dg
import polars as pl

from dedup_assets.policies import digest_of
from dedup_assets.report.csv_file import write_image_report
from dedup_assets.report.gallery import write_gallery
from dedup_assets.report.summary import RunSummary, RunWork, ToolCount, summary_json, summary_text
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.kept_apart import kept_apart_pairs
from dedup_assets.stages.listing import count_no_images, read_listing
from dedup_assets.stages.shown_groups import duplicate_groups, look_alike_groups
from dedup_assets.stages.stage import Stage
from dedup_assets.stages.workers.memory import peak_rss_mb
from dedup_assets.tables import DEDUP_REPORT, EMBEDDINGS, METADATA_HASHES

FOLDER = "report"
PUBLISHED = f"{FOLDER}/published.json"
"""Digest of the rows and files that the pages show, written after them."""

WORK_COUNTS = ("downloaded_images", "downloaded_bytes", "verified_pairs", "embedded_images")


def publish_report(
    stage: Stage, collection: Collection, policy_version: str, not_looked_for: Sequence[str], verified_pairs: int | None
) -> None:
    """Write the summary of this run, and the pages where they do not show the report's rows yet.

    `verified_pairs` are those of the report itself, None where its rows were current; levels may be `not_looked_for`.
    `policy_version` is that of the verification.
    """
    reported = stage.digest_of_all(DEDUP_REPORT)  # before the rows are read: another run may write others meanwhile
    report = stage.tables.read_many(DEDUP_REPORT)
    summary = summarize(stage, collection, report, not_looked_for)
    shown = digest_of(reported, policy_version, not_looked_for, summary.others, summary.left_out)
    is_shown = stage.tables.read_document(PUBLISHED) == shown  # a killed run leaves new rows and old pages
    if verified_pairs is not None or not is_shown or stage.tables.read_bytes(f"{FOLDER}/index.html") is None:
        with tempfile.TemporaryFile() as for_scripts, tempfile.TemporaryFile() as for_people:
            write_image_report([report], for_scripts, for_people)
            for csv, name in ((for_scripts, "image_report"), (for_people, "image_report_spreadsheet")):
                csv.seek(0)
                stage.tables.write_bytes(f"{FOLDER}/{name}.csv", csv.read())
        write_gallery(
            lambda name, data: stage.tables.write_bytes(f"{FOLDER}/{name}", data),
            summary,
            list(duplicate_groups(stage.tables, report)),
            list(look_alike_groups(stage.tables, report)),
            list(kept_apart_pairs(stage.tables, report, policy_version, not_looked_for)),
        )
        stage.tables.write_document(PUBLISHED, shown)
    work = work_of_run(stage, verified_pairs or 0)
    stage.tables.write_bytes(f"{FOLDER}/summary.json", summary_json(summary, work).encode())
    stage.tables.write_bytes(f"{FOLDER}/summary.txt", summary_text(summary, work).encode())
    stage.log(f"The report: {collection.store}/{FOLDER}/index.html")


def summarize(
    stage: Stage, collection: Collection, report: pl.DataFrame, not_looked_for: Sequence[str] = ()
) -> RunSummary:
    """What the source holds now."""
    duplicates = report.filter(pl.col("status") == "Duplicate")
    unreadable = report.filter(pl.col("status") == "Unreadable").sort("path")
    commits = (stage.tables.commit_of(EMBEDDINGS, key).details for key in stage.tables.partitions(EMBEDDINGS))
    provider = {} if not_looked_for else next((details for details in commits if details), {})
    listing = read_listing(stage.tables)
    return RunSummary(
        source=collection.source,
        images=report.height,
        groups=duplicates["group_id"].n_unique(),
        duplicates=duplicates.height,
        unreadable=unreadable.height,
        bytes_reclaimable=int(duplicates["reclaimable_bytes"].sum()),
        by_level=dict(sorted(Counter(duplicates["level"].drop_nulls()).items())),
        not_looked_for=not_looked_for,
        unreadable_causes=list(unreadable.select("path", "cause").iter_rows()),
        tools=_count_tools(stage),
        embedding_provider=provider.get("provider"),
        fallback_reasons=provider.get("fallback_reasons", ()),
        others=Counter(listing.others) + count_no_images(stage.tables),
        left_out=listing.left_out,
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
    peak = peak_rss_mb()
    for log in logs:
        event = log.asset_materialization
        assert event is not None
        metadata = {name: value.value for name, value in event.metadata.items()}
        seconds[event.asset_key.path[-1]] += float(metadata.get("seconds", 0.0))
        peak = max(peak, float(metadata.get("peak_rss_mb", 0.0)))
        for name in WORK_COUNTS:
            counts[name] += int(metadata.get(name, 0))
    seconds[stage.table.name] = stage.seconds_so_far
    counts["verified_pairs"] += verified_pairs
    return RunWork(**{name: counts[name] for name in WORK_COUNTS}, seconds=dict(seconds), peak_rss_mb=peak)
