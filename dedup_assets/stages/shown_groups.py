"""The groups that the gallery shows: those that free the most bytes, then look-alikes.

Belongs here: which groups and which images of them, and what is told of each. Does not belong here: pages
(`report/gallery.py`), who is in a group (`assets/dedup_report.py`).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import polars as pl

from dedup_assets.report.gallery_groups import GalleryGroup, GalleryImage
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.collected_images import read_thumbnails
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.tables import SIMILAR_GROUPS, STAR_PAIRS, VERIFIED_GROUPS

SHOWN_GROUPS = 500
SHOWN_IMAGES = 24
SCORES = ("color_score", "structure_score", "local_inliers", "local_coverage")
TOLD = ("path", "status", "level", "kept_because", "decided_by", "width_px", "height_px", "size_bytes")

Scores = dict[frozenset[bytes], dict[str, Any]]


class Report(Protocol):
    """The rows of `dedup_report`, which are gone through more than once and never held."""

    def frames(self, *columns: str) -> Iterable[pl.DataFrame]:
        """The named columns, or all, some rows at a time; at least one frame."""


def duplicate_groups(tables: TableStore, report: Report) -> Iterator[GalleryGroup]:
    """The groups of `dedup_report` to be shown, in their order."""
    chosen = choose_shown(report, pl.col("group_size") > 1, "group_id")
    kept = chosen.filter(pl.col("status") == "Best").select(representative_path="path", kept_sha256="file_sha256")
    shown = chosen.join(kept, on="representative_path", how="left", maintain_order="left")
    scores = _read_scores(tables, pl.concat([shown["file_sha256"], shown["kept_sha256"]]))
    return _groups(tables, shown, "group_id", scores)


def look_alike_groups(tables: TableStore, report: Report) -> Iterator[GalleryGroup]:
    """The groups of kept pictures that look alike, to be shown, in their order."""
    alike = pl.col("similar_group_id").is_not_null() & (pl.col("status") == "Best")
    shown = choose_shown(report, alike, "similar_group_id").with_columns(
        kept_sha256=pl.lit(None, pl.Binary), avg_color_correlation=pl.lit(None, pl.Float64)
    )
    return _groups(tables, shown, "similar_group_id", {})


def choose_shown(report: Report, of: pl.Expr, group: str) -> pl.DataFrame:
    """The rows to be shown, with `saving` and `size` of their group: SHOWN_IMAGES of each group, the kept image first.

    Of the groups that the column `group` names in the rows `of`, SHOWN_GROUPS are shown, those that free the most bytes first.
    """
    told = pl.col("reclaimable_bytes").sum().alias("saving"), pl.len().alias("size")
    columns = {group, "reclaimable_bytes", *of.meta.root_names()}
    sums = pl.concat([frame.filter(of).group_by(group).agg(told) for frame in report.frames(*columns)])
    groups = sums.group_by(group).agg(pl.col("saving", "size").sum()).sort("saving", group, descending=[True, False])
    largest = groups.head(SHOWN_GROUPS)
    return _first(
        pl.concat([_first(frame.filter(of).join(largest, on=group), group) for frame in report.frames()]), group
    )


def _first(rows: pl.DataFrame, group: str) -> pl.DataFrame:
    ordered = rows.sort("saving", group, "keep_rank", "path", descending=[True, False, False, False])
    return ordered.group_by(group, maintain_order=True).head(SHOWN_IMAGES)


def _groups(tables: TableStore, shown: pl.DataFrame, name: str, scores: Scores) -> Iterator[GalleryGroup]:
    thumbnails = read_thumbnails(tables, shown["image_id"])
    for (group_id,), group in shown.group_by(name, maintain_order=True):
        images = [_image(row, thumbnails, scores) for row in group.iter_rows(named=True)]
        told = group.row(0, named=True)
        yield GalleryGroup(str(group_id), images, told["size"], told["saving"], told["avg_color_correlation"])


def _image(row: dict[str, Any], thumbnails: dict[int, bytes], scores: Scores) -> GalleryImage:
    pair = scores.get(frozenset((row["file_sha256"], row["kept_sha256"])), {})
    return GalleryImage(**{name: row[name] for name in TOLD}, thumbnail=thumbnails.get(row["image_id"]), scores=pair)


def _read_scores(tables: TableStore, contents: pl.Series) -> Scores:
    """The evidence on the pairs among some contents."""
    both = pl.all_horizontal(pl.col(PAIR_KEY).is_in(contents.unique().implode()))
    found: Scores = {}
    for table in (STAR_PAIRS, VERIFIED_GROUPS, SIMILAR_GROUPS):
        for key in tables.partitions(table):
            pairs = tables.read(table, key, [*PAIR_KEY, *SCORES]).filter(both)
            found |= {frozenset((row.pop("left_sha256"), row.pop("right_sha256"))): row for row in pairs.to_dicts()}
    return found
