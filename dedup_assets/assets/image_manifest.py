"""`image_manifest`: what is in the source now, from its listing alone.

Belongs here: turning a listing into a table by partition. Does not belong here: reading any blob.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import dagster as dg
import polars as pl

from dedup_assets.errors import StoreAccessError, UndiscoveredPrefixError
from dedup_assets.partitions import PrefixLayout, image_id, is_whole
from dedup_assets.report.plain_words import counted
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.images.image_names import other_kind
from dedup_assets.resources.images.source import Blob, ImageStore
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.companions import find_companions
from dedup_assets.stages.discovery import load_layout
from dedup_assets.stages.listing import Listing, number_of
from dedup_assets.stages.stage import Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.tables import COMPANION_FILES, IMAGE_MANIFEST

LISTED_AT_ONCE = 50_000
"""Rows of a listing held in memory, about 15 MB; the rest waits on disk until its partition is written."""

UNTOLD = ("changed_at", "device", "inode")
"""Columns that change without the bytes: later stages do not go by them, and `image_features` finds out what is behind."""


@table_asset(IMAGE_MANIFEST, {"azure"}, "1", in_one_run=True)
def image_manifest(context: dg.AssetExecutionContext, collection: Collection, progress: ProgressReporter) -> None:
    """List the source and write what is there, partition by partition."""
    stage = Stage(context, IMAGE_MANIFEST, collection.tables())
    images = collection.images()
    layout = load_layout(stage.tables, collection.prefix_depth)
    families = layout.families(stage.keys)
    if unknown := set(stage.keys).difference(*families):
        raise UndiscoveredPrefixError(
            f"{sorted(unknown)} were never discovered in {collection.source}: run the job discover_prefixes, then try again."
        )
    with progress.track(stage.log, IMAGE_MANIFEST.name, len(stage.keys), "prefixes") as tracker:
        for keys in families:
            images.left_out.counts.clear()
            with _spilled_listing(images, layout, keys) as listing:
                others = _rows_of(listing, pl.col("other_kind") != "link")
                for key in keys:
                    rows = _write(stage, key, _rows_of(listing, pl.col("partition") == key), images)
                    _write_companions(stage, key, rows, others)
                    images.left_out.counts.clear()  # they stand with the first partition of those that share a directory
                    tracker.advance()


def _write(stage: Stage, key: str, listed: pl.DataFrame, images: ImageStore) -> pl.DataFrame:
    rows = listed.filter(pl.col("other_kind").is_null()).select(IMAGE_MANIFEST.column_names)
    others, left_out = Counter[str](listed["other_kind"].drop_nulls()), images.left_out.counts
    listing = Listing(dict(others), dict(left_out), sum(listed["number"]))._asdict()
    with stage.partition(key, stage.fingerprint(_digest(rows), listing)) as work:
        before = stage.tables.read(IMAGE_MANIFEST, key, ["image_id", "etag", "path"])
        _require_listed(before["path"], images.unlisted)
        removed = before.join(rows, on="image_id", how="anti")["path"]
        now_left_out = sum(images.left_out.glob_of(path) is not None for path in removed)
        if not work.is_current:
            details = {"digest": _digest(rows.drop(UNTOLD)), "listing": listing}
            work.commit = stage.tables.rewrite(IMAGE_MANIFEST, key, rows, work.fingerprint, details)
        work.counts = {
            "bytes": int(rows["size_bytes"].sum()),
            "new": rows.join(before, on="image_id", how="anti").height,
            "changed": rows.join(before, on="image_id").filter(pl.col("etag") != pl.col("etag_right")).height,
            "removed": len(removed) - now_left_out,
            "newly_left_out": now_left_out,
            "other_files": listed.height - rows.height,
            "left_out_files": left_out.total(),
            "unlisted_directories": len(images.unlisted),
        }
        work.preview = rows
    return rows


def _write_companions(stage: Stage, key: str, rows: pl.DataFrame, others: pl.DataFrame) -> None:
    """Note what goes along with those images, of the other files in all partitions that share the directory."""
    companions = find_companions(rows, others)
    fingerprint = _digest(companions)
    if stage.tables.begin(COMPANION_FILES, key).fingerprint != fingerprint:
        stage.tables.rewrite(COMPANION_FILES, key, companions, fingerprint)


def _require_listed(before: pl.Series, unlisted: Set[str]) -> None:
    """Stop rather than take images that were listed once, and now may not be, for images that are gone."""
    for directory in sorted(unlisted):
        hidden = int(before.str.starts_with(f"{directory}/").sum())
        if hidden:
            raise StoreAccessError(
                f"{directory!r} may not be listed by this user any more, where {counted(hidden, 'image')} of the last run lay: "
                "allow it again, or delete the store to begin anew without them."
            )


@contextmanager
def _spilled_listing(images: ImageStore, layout: PrefixLayout, keys: Sequence[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dedup-listing-") as folder:
        blobs = _blobs_of(images, layout, keys)
        pages = iter(lambda: list(islice(blobs, LISTED_AT_ONCE)), [])
        for number, page in enumerate(pages):
            rows = [_row(blob, layout) for blob in page]
            pl.DataFrame(rows, schema=_LISTED_SCHEMA).write_parquet(Path(folder) / f"{number:06d}.parquet")
        yield Path(folder)


def _blobs_of(images: ImageStore, layout: PrefixLayout, keys: Sequence[str]) -> Iterator[Blob]:
    for directory in layout.directories_of(keys):
        yield from images.list_blobs(directory, recursive=is_whole(directory, layout.prefix_depth))


def _rows_of(listing: Path, condition: pl.Expr) -> pl.DataFrame:
    if not any(listing.iterdir()):
        return pl.DataFrame(schema=_LISTED_SCHEMA)
    return pl.scan_parquet(listing / "*.parquet").filter(condition).sort("path").collect()


def _row(blob: Blob, layout: PrefixLayout) -> dict[str, object]:
    derived = {"partition": layout.key_of(blob.path), "other_kind": other_kind(blob), "number": number_of(blob)}
    return {"image_id": image_id(blob.path), **blob._asdict(), **derived}


_LISTED_SCHEMA = {**IMAGE_MANIFEST.schema, "partition": pl.String, "other_kind": pl.String, "number": pl.UInt64}


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(rows.write_ipc(None).getvalue()).hexdigest()
