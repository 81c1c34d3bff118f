"""What a run leaves for people and scripts in `STORE/report`: the gallery, the CSV file and the summary.

Belongs here: gathering it from the tables and from Dagster's record of the run. Does not belong here: which groups are shown
(`shown_groups.py`, `kept_apart.py`), how it looks (`report/`).
"""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import dagster as dg
import polars as pl

from dedup_assets.policies import digest_of
from dedup_assets.report.csv_file import write_image_report
from dedup_assets.report.gallery import write_gallery
from dedup_assets.report.summary import RunSummary, RunWork, ToolCount, summary_json, summary_text
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.kept_apart import kept_apart_pairs
from dedup_assets.stages.listing import count_no_images, read_listing
from dedup_assets.stages.shown_groups import Report, duplicate_groups, look_alike_groups
from dedup_assets.stages.stage import Stage
from dedup_assets.stages.workers.memory import peak_rss_mb
from dedup_assets.tables import DEDUP_REPORT, EMBEDDINGS, METADATA_HASHES

FOLDER = "report"
PUBLISHED = f"{FOLDER}/published.json"
"""Digest of the rows and files that the pages show, written after them."""

SUMMARY = "summary"
"""The text of a run's own summary among the metadata of its report: the file in the store is that of whichever ended last."""

WORK_COUNTS = ("downloaded_images", "downloaded_bytes", "verified_pairs", "embedded_images")


def publish_report(
    stage: Stage, collection: Collection, policy_version: str, not_looked_for: Sequence[str], verified_pairs: int | None
) -> None:
    """Write the summary of this run, also on its materialization, and the pages where they do not show the report's rows yet.

    `verified_pairs` are those of the report itself, None where its rows were current; levels may be `not_looked_for`.
    `policy_version` is that of the verification.
    """
    is_shown = verified_pairs is None and stage.tables.read_bytes(f"{FOLDER}/index.html") is not None
    while True:
        reported = stage.digest_of_all(DEDUP_REPORT)
        report = ReportedRows(stage.tables)
        summary = summarize(stage, collection, report, not_looked_for)
        shown = digest_of(reported, policy_version, not_looked_for, summary.others, summary.left_out)
        if not is_shown or stage.tables.read_document(PUBLISHED) != shown:  # a killed run leaves new rows and old pages
            _write_pages(stage, report, summary, policy_version, not_looked_for)
            stage.tables.write_document(PUBLISHED, shown)
        stage.look_again()
        if stage.digest_of_all(DEDUP_REPORT) == reported:
            break
        is_shown = False  # another run has written rows meanwhile, whose pages these may have replaced
    work = work_of_run(stage, verified_pairs)
    text = summary_text(summary, work)
    stage.tables.write_bytes(f"{FOLDER}/summary.json", summary_json(summary, work).encode())
    stage.tables.write_bytes(f"{FOLDER}/summary.txt", text.encode())
    stage.context.add_asset_metadata({SUMMARY: text}, partition_key=stage.keys[0])
    stage.log(f"The report: {collection.store}/{FOLDER}/index.html")


class ReportedRows:
    """The rows of `dedup_report`, a partition at a time: all are never held."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables

    def frames(self, *columns: str) -> Iterator[pl.DataFrame]:
        """The named columns, or all, after a frame without rows."""
        names = columns or DEDUP_REPORT.column_names
        yield DEDUP_REPORT.empty().select(names)
        yield from (self._tables.read(DEDUP_REPORT, key, names) for key in self._tables.partitions(DEDUP_REPORT))


def _write_pages(
    stage: Stage, report: ReportedRows, summary: RunSummary, policy_version: str, not_looked_for: Sequence[str]
) -> None:
    with tempfile.TemporaryFile() as for_scripts, tempfile.TemporaryFile() as for_people:
        write_image_report(report.frames(), for_scripts, for_people)
        for csv, name in ((for_scripts, "image_report"), (for_people, "image_report_spreadsheet")):
            csv.seek(0)
            stage.tables.write_bytes(f"{FOLDER}/{name}.csv", csv)
    write_gallery(
        lambda name, data: stage.tables.write_bytes(f"{FOLDER}/{name}", data),
        summary,
        list(duplicate_groups(stage.tables, report)),
        list(look_alike_groups(stage.tables, report)),
        list(kept_apart_pairs(stage.tables, report, policy_version, not_looked_for)),
    )


def summarize(stage: Stage, collection: Collection, report: Report, not_looked_for: Sequence[str] = ()) -> RunSummary:
    """What the source holds now."""
    found = _Found()
    for frame in report.frames(*_Found.COLUMNS):
        found.add(frame)
    commits = (stage.tables.commit_of(EMBEDDINGS, key).details for key in stage.tables.partitions(EMBEDDINGS))
    provider = {} if not_looked_for else next((details for details in commits if details), {})
    listing = read_listing(stage.tables)
    return RunSummary(
        source=collection.source,
        images=found.images,
        groups=pl.concat(found.groups).n_unique(),
        duplicates=found.duplicates,
        unreadable=len(found.causes),
        bytes_reclaimable=found.bytes_reclaimable,
        by_level=dict(sorted(found.levels.items())),
        not_looked_for=not_looked_for,
        unreadable_causes=sorted(found.causes),
        tools=_count_tools(stage),
        embedding_provider=provider.get("provider"),
        fallback_reasons=provider.get("fallback_reasons", ()),
        others=Counter(listing.others) + count_no_images(stage.tables),
        left_out=listing.left_out,
        policy={type(policy).__name__: policy.settings() for policy in stage.policies},
    )


@dataclass
class _Found:
    """What frames of the report add up to."""

    COLUMNS: ClassVar = ("status", "group_id", "level", "reclaimable_bytes", "path", "cause")

    images: int = 0
    duplicates: int = 0
    bytes_reclaimable: int = 0
    groups: list[pl.Series] = field(default_factory=list)
    levels: Counter[str] = field(default_factory=Counter)
    causes: list[tuple[str, str]] = field(default_factory=list)

    def add(self, frame: pl.DataFrame) -> None:
        duplicates = frame.filter(pl.col("status") == "Duplicate")
        self.images += frame.height
        self.duplicates += duplicates.height
        self.bytes_reclaimable += int(duplicates["reclaimable_bytes"].sum())
        self.groups.append(duplicates["group_id"].unique())
        self.levels.update(duplicates["level"].drop_nulls())
        self.causes += frame.filter(pl.col("status") == "Unreadable").select("path", "cause").iter_rows()


def _count_tools(stage: Stage) -> list[ToolCount]:
    columns = ["tool", "parse_error", "metadata_hash", "missing"]
    images, parsed, recipes = Counter[str](), Counter[str](), Counter[str]()
    missing: dict[str, Counter[str]] = defaultdict(Counter)
    for key in stage.tables.partitions(METADATA_HASHES):
        for (name,), rows in stage.tables.read(METADATA_HASHES, key, columns).group_by("tool"):
            tool = str(name)
            images[tool] += rows.height
            parsed[tool] += rows["parse_error"].null_count()
            recipes[tool] += rows["metadata_hash"].count()
            missing[tool].update(rows["missing"].drop_nulls().str.split(",").explode())
    return [
        ToolCount(tool, images[tool], parsed[tool], recipes[tool], dict(sorted(missing[tool].items())))
        for tool in sorted(images)
    ]


def work_of_run(stage: Stage, verified_pairs: int | None) -> RunWork:
    """What all stages of this Dagster run did, from the metadata of their materializations.

    The report itself is not materialized yet: its seconds so far and its `verified_pairs` are added, None where it was current.
    """
    run_id = stage.context.run.run_id
    logs = stage.context.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    counts: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    peak, renewed = peak_rss_mb(), set[str]()
    for log in logs:
        event = log.asset_materialization
        assert event is not None
        metadata = {name: value.value for name, value in event.metadata.items()}
        seconds[event.asset_key.path[-1]] += float(metadata.get("seconds", 0.0))
        peak = max(peak, float(metadata.get("peak_rss_mb", 0.0)))
        renewed |= set() if metadata.get("skipped", True) else {event.asset_key.path[-1]}
        for name in WORK_COUNTS:
            counts[name] += int(metadata.get(name, 0))
    seconds[stage.table.name] = stage.seconds_so_far
    renewed |= set() if verified_pairs is None else {stage.table.name}
    counts["verified_pairs"] += verified_pairs or 0
    return RunWork(
        **{name: counts[name] for name in WORK_COUNTS},
        seconds=dict(seconds),
        peak_rss_mb=peak,
        renewed_tables=sorted(renewed),
    )
