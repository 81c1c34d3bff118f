"""`organized_blobs`: a copy of the source in two folders, `best/` and `duplicates/`, beside it.

Belongs here: the plan of copies, carrying it out, and undoing it. Does not belong here: who is best (`dedup_report`), how a
blob is copied (`resources/`).

Nothing of the source is moved, changed or deleted. The plan is a table that a person can read before anything is copied;
every copy is noted with its etag, by which it, and nothing else, can be removed again.
"""

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from dedup_assets.errors import BlobError, DestinationTaken
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import COMPANION_FILES, DEDUP_REPORT, IMAGE_MANIFEST, ORGANIZED_BLOBS

COPIES_A_PART = 500
FOLDERS = {"Best": "best", "Duplicate": "duplicates"}

Row = dict[str, Any]
Step = Callable[[Row], Row | None]


class Action(Enum):
    """What to do with the organized copy."""

    PLAN = "plan"
    APPLY = "apply"
    UNDO = "undo"


class OrganizeConfig(dg.Config):
    """What this materialization does."""

    action: Action = Field(
        default=Action.PLAN,
        description="plan: only write down what would be copied; apply: copy; undo: remove the copies",
    )
    companions: bool = Field(
        default=True,
        description="Files of an image's name (raw files, films of live photos, sidecars) go along with it",
    )


@table_asset(ORGANIZED_BLOBS, {"azure"}, "1", reads=[DEDUP_REPORT])
def organized_blobs(
    context: dg.AssetExecutionContext, config: OrganizeConfig, collection: Collection, progress: ProgressReporter
) -> None:
    """Plan, make or remove the organized copy; copies are made inside the store."""
    stage = Stage(context, ORGANIZED_BLOBS, collection.tables(), source=DEDUP_REPORT)
    images = collection.images()
    for key in stage.keys:
        with stage.partition(key, stage.fingerprint(config.action.value)) as work:
            work.is_current = False
            plan = _plan(stage, key, images, config.companions)
            _carry_out(stage, work, plan, partial(STEPS[config.action], images), progress)
            states = stage.tables.read(ORGANIZED_BLOBS, key, ["state", "folder"])
            work.counts = {
                f"{state}": int((states["state"] == state).sum()) for state in ("planned", "copied", "failed")
            }
            work.preview = stage.tables.read(ORGANIZED_BLOBS, key, ["path", "destination", "state"])


def _plan(stage: Stage, key: str, images: ImageStore, with_companions: bool) -> pl.DataFrame:
    """What should be where; earlier copies that are still wanted keep their state, the others are stale."""
    report = stage.tables.read(DEDUP_REPORT, key, ["image_id", "path", "status"]).filter(
        pl.col("status").is_in(list(FOLDERS))
    )
    manifest = stage.tables.read(IMAGE_MANIFEST, key, ["image_id", "etag", "link_target"]).filter(
        pl.col("link_target").is_null()
    )
    folder = pl.col("status").replace_strict(FOLDERS, return_dtype=pl.String)
    destination = pl.concat_str(pl.lit(images.organized_root), "folder", "path", separator="/")
    files = report.join(manifest, on="image_id").select("image_id", "path", "etag", "status")
    if with_companions:
        files = pl.concat([files, _companions(stage, key, files)])
    wanted = files.with_columns(folder=folder).with_columns(destination=destination)
    copies = stage.tables.read(ORGANIZED_BLOBS, key).filter(pl.col("state").is_in(["copied", "stale"]))
    known = copies.select(*ORGANIZED_BLOBS.key, "state", "copy_etag")
    planned = wanted.join(known, on=ORGANIZED_BLOBS.key, how="left").with_columns(
        state=pl.when(pl.col("state").is_null()).then(pl.lit("planned")).otherwise(pl.lit("copied")),
        cause=pl.lit(None, pl.String),
    )
    stale = copies.join(wanted, on=ORGANIZED_BLOBS.key, how="anti").with_columns(state=pl.lit("stale"))
    return pl.concat([stale, planned.select(ORGANIZED_BLOBS.column_names)]).sort(pl.col("state") != "stale", "path")


def _companions(stage: Stage, key: str, files: pl.DataFrame) -> pl.DataFrame:
    """The files that go along with those images; to the best one where they belong to several."""
    statuses = files.select("status", companion_of="image_id")
    found = stage.tables.read(COMPANION_FILES, key).join(statuses, on="companion_of").sort("path", "status")
    return found.unique("image_id", keep="first", maintain_order=True).select(files.columns)


def _carry_out(stage: Stage, work: PartitionWork, plan: pl.DataFrame, step: Step, progress: ProgressReporter) -> None:
    """Note what is done after every few copies, so that an interrupted run knows what is there."""
    done: list[Row] = []
    with progress.track(stage.log, f"{ORGANIZED_BLOBS.name} [{work.key}]", plan.height, "blobs") as tracker:
        for start in range(0, max(1, plan.height), COPIES_A_PART):  # an empty plan is written too
            for row in plan[start : start + COPIES_A_PART].iter_rows(named=True):
                after = step(row)
                done += [] if after is None else [after]
                tracker.advance()
            rows = pl.concat([ORGANIZED_BLOBS.frame(done), plan[start + COPIES_A_PART :]])
            work.commit = stage.tables.rewrite(ORGANIZED_BLOBS, work.key, rows, work.fingerprint)


def _copy(images: ImageStore, row: Row) -> Row | None:
    if row["state"] == "stale":
        return _remove(images, row)
    try:  # a copy that is there already counts as done; one that somebody removed is made again
        return row | {"state": "copied", "copy_etag": images.copy(row["path"], row["destination"])}
    except (BlobError, DestinationTaken) as cause:
        return row | {"state": "failed", "cause": str(cause)}


def _remove(images: ImageStore, row: Row) -> Row | None:
    """Remove a copy; one that somebody has changed since stays, and is no longer ours."""
    if row["copy_etag"] is None:
        return row
    left = None
    try:
        images.delete_copy(row["destination"], row["copy_etag"])
    except BlobError as cause:
        left = f"The copy was left as it is: {cause}"
    return None if row["state"] == "stale" else row | {"state": "planned", "copy_etag": None, "cause": left}


STEPS = {Action.PLAN: lambda _, row: row, Action.APPLY: _copy, Action.UNDO: _remove}


@dg.asset_check(asset=organized_blobs, description="No copy failed.")
def no_copy_failed(collection: Collection) -> dg.AssetCheckResult:
    """Count failed copies and show some with their causes."""
    rows = collection.tables().read_many(ORGANIZED_BLOBS, columns=["path", "state", "cause"])
    failed = rows.filter(pl.col("state") == "failed")
    examples = failed.head(10).to_dicts()
    return dg.AssetCheckResult(
        passed=failed.is_empty(), metadata={"failed": failed.height, "examples": dg.MetadataValue.json(examples)}
    )
