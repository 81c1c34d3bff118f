"""`organized_blobs`: a copy of the source in two folders, `best/` and `duplicates/`, beside it.

Belongs here: the plan of copies, carrying it out, and undoing it. Does not belong here: who is best (`dedup_report`), how a
blob is copied (`resources/`).

Nothing of the source is moved, changed or deleted, and no copy is removed unless that alone is asked for. The plan is a table that
a person can read before anything is copied. Copies are noted before they are begun, and with their etags once they are made, by
which they, and nothing else, can be removed again: after a kill each copy that was begun is looked for.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial

import dagster as dg
import polars as pl
from pydantic import Field

from dedup_assets.errors import StoreChangedError
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.tables.commits import Commit
from dedup_assets.stages.organized_copies import Row, find_begun, make_copy, remove_copy
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import COMPANION_FILES, COPY_STATES, DEDUP_REPORT, IMAGE_MANIFEST, ORGANIZED_BLOBS

COPIES_A_PART = 500
"""Copies that are noted at once before they are begun: so many are looked for after a kill."""

FOLDERS = {"Best": "best", "Duplicate": "duplicates"}
IN_THE_WAY = (
    "An earlier copy that is wanted no more lies there: `organize --remove-stale` takes it away, then apply again."
)


class Action(Enum):
    """What to do with the organized copy."""

    PLAN = "plan"
    APPLY = "apply"
    REMOVE_STALE = "remove_stale"
    UNDO = "undo"


TOUCHED = {
    Action.PLAN: pl.lit(value=False),
    Action.APPLY: ((pl.col("state") == "planned") & pl.col("cause").is_null()) | (pl.col("state") == "changed"),
    Action.REMOVE_STALE: pl.col("state") == "stale",
    Action.UNDO: pl.col("copy_etag").is_not_null(),
}
"""The rows with which something is done: to an apply copies that are noted are done, but one that changed may be gone by now."""

Do = Callable[[Iterable[Row]], Iterable[Row | None]]


class OrganizeConfig(dg.Config):
    """What this materialization does."""

    action: Action = Field(
        default=Action.PLAN,
        description="plan: only write down what would be copied; apply: copy, and remove nothing; remove_stale: remove "
        "copies that are wanted no more; undo: remove the copies",
    )
    companions: bool = Field(
        default=True,
        description="Files of an image's name (raw files, films of live photos, sidecars) go along with it",
    )


@table_asset(ORGANIZED_BLOBS, {"azure"}, "1", reads=[DEDUP_REPORT])
def organized_blobs(
    context: dg.AssetExecutionContext, config: OrganizeConfig, collection: Collection, progress: ProgressReporter
) -> None:
    """Plan, make or remove the organized copy, many at once; copies are made inside the store."""
    stage = Stage(context, ORGANIZED_BLOBS, collection.tables(), source=DEDUP_REPORT)
    images, action = collection.images(), config.action
    step = partial(make_copy if action is Action.APPLY else remove_copy, images)
    with ThreadPoolExecutor(collection.reads_at_once) as threads:
        for key in stage.keys:
            with stage.partition(key, stage.fingerprint(action.value)) as work:
                work.is_current = False
                copies = _read_copies(stage, key, images, threads)
                plan = _plan(_wanted(stage, key, images, config.companions), copies)
                _carry_out(stage, work, plan, TOUCHED[action], partial(threads.map, step), progress)
                states = stage.tables.read(ORGANIZED_BLOBS, key, ["state"])["state"]
                work.counts = {state: int((states == state).sum()) for state in COPY_STATES}
                work.preview = stage.tables.read(ORGANIZED_BLOBS, key, ["path", "destination", "state"])


def _read_copies(stage: Stage, key: str, images: ImageStore, threads: ThreadPoolExecutor) -> pl.DataFrame:
    """The copies that are noted; those that were begun by a run that was killed are looked for."""
    rows, is_begun = stage.tables.read(ORGANIZED_BLOBS, key), pl.col("state") == "begun"
    begun = rows.filter(is_begun).iter_rows(named=True)
    found = ORGANIZED_BLOBS.frame(list(threads.map(partial(find_begun, images), begun)))
    known = pl.concat([rows.filter(~is_begun), found]).filter(pl.col("copy_etag").is_not_null() | is_begun)
    known = known.with_columns(pl.col("state").replace("failed", "changed"))  # its copy was not as it was made
    return known.with_columns(cause=pl.when(pl.col("state").is_in(["changed", "begun"])).then("cause"))


def _plan(wanted: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """What should be where; copies that are wanted no more are stale, those that somebody changed, too."""
    key, state = ORGANIZED_BLOBS.key, pl.col("state")
    stale = copies.join(wanted, on=key, how="anti").with_columns(state.replace(["copied", "changed"], "stale"))
    known = copies.select(*key, "copy_etag", "cause", state.replace("stale", "copied"))
    is_blocked = pl.col("state").is_null() & pl.col("destination").is_in(stale["destination"].implode())
    planned = wanted.join(known, on=key, how="left").with_columns(
        pl.col("state").fill_null("planned"), cause=pl.when(is_blocked).then(pl.lit(IN_THE_WAY)).otherwise("cause")
    )
    return pl.concat([stale, planned.select(ORGANIZED_BLOBS.column_names)])


def _wanted(stage: Stage, key: str, images: ImageStore, with_companions: bool) -> pl.DataFrame:
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
    return files.with_columns(folder=folder).with_columns(destination=destination)


def _companions(stage: Stage, key: str, files: pl.DataFrame) -> pl.DataFrame:
    """The files that go along with those images; to the best one where they belong to several."""
    statuses = files.select("status", companion_of="image_id")
    found = stage.tables.read(COMPANION_FILES, key).join(statuses, on="companion_of").sort("path", "status")
    return found.unique("image_id", keep="first", maintain_order=True).select(files.columns)


def _carry_out(
    stage: Stage, work: PartitionWork, plan: pl.DataFrame, touched: pl.Expr, do: Do, progress: ProgressReporter
) -> None:
    """Note which rows are begun before each batch of them, with what was done until then."""
    others, todo = plan.filter(~touched), plan.filter(touched)
    done = others.clear()
    with stage.track(work, progress, todo.height, "blobs") as tracker:
        for start in range(0, todo.height, COPIES_A_PART):
            batch, later = todo[start : start + COPIES_A_PART], todo[start + COPIES_A_PART :]
            _note(stage, work, done, others, batch.with_columns(state=pl.lit("begun")), later)
            after = [row for row in do(batch.iter_rows(named=True)) if row is not None]
            done = pl.concat([done, ORGANIZED_BLOBS.frame(after)])
            tracker.advance(batch.height)
    _note(stage, work, done, others)


def _note(stage: Stage, work: PartitionWork, done: pl.DataFrame, *others: pl.DataFrame) -> None:
    """Note all rows; where another run has noted others meanwhile, the copies made here beside those, so that none is forgotten.

    Raises:
        StoreChangedError: another run has.
    """
    work.commit = _rewrite(stage, work, done, *others)
    if not work.commit.strangers:
        return
    made = done.filter(pl.col("copy_etag").is_not_null())
    while work.commit.strangers:
        work.commit = stage.tables.begin(ORGANIZED_BLOBS, work.key)
        theirs = stage.tables.read(ORGANIZED_BLOBS, work.key).join(made, on=ORGANIZED_BLOBS.key, how="anti")
        work.commit = _rewrite(stage, work, theirs, made)
    raise StoreChangedError(
        f"Another run has changed what is noted of the copies of {work.key!r}: run again, once no other is at work on them."
    )


def _rewrite(stage: Stage, work: PartitionWork, *rows: pl.DataFrame) -> Commit:
    ordered = pl.concat(rows).sort("path", "folder", "etag")
    return stage.tables.rewrite(ORGANIZED_BLOBS, work.key, ordered, work.fingerprint, made_of=work.commit)


@dg.asset_check(asset=organized_blobs, description="No copy failed.")
def no_copy_failed(collection: Collection) -> dg.AssetCheckResult:
    """Count failed copies and show some with their causes."""
    rows = collection.tables().as_of_now().read_many(ORGANIZED_BLOBS, columns=["path", "state", "cause"])
    failed = rows.filter(pl.col("state") == "failed")
    examples = failed.head(10).to_dicts()
    return dg.AssetCheckResult(
        passed=failed.is_empty(), metadata={"failed": failed.height, "examples": dg.MetadataValue.json(examples)}
    )
