"""The pairs of kept pictures that the gallery shows as kept apart, with the reason: for each reason those that agree most.

Belongs here: choosing them from all evidence, a part of a table at a time. Does not belong here: pages (`report/gallery.py`), the
words (`report/plain_words.py`), the tests (`kernels/verify/cascade.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import polars as pl

from dedup_assets.report.gallery_groups import GalleryGroup, GalleryImage
from dedup_assets.report.plain_words import apart_in_words
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.collected_images import read_shown
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents
from dedup_assets.stages.shown_groups import TOLD, Report
from dedup_assets.tables import SIMILAR_GROUPS, STAR_PAIRS, VERIFIED_GROUPS

REASONS = ("words", "frames", "direction", "changed", "conflict", "color", "blended", "seam", "parallax", "panned")
"""The tests whose rejections tell a person something; the others found no agreement."""

SHOWN_PAIRS = 12
"""Of each reason; 120 pairs at most, with 2 MB of thumbnails."""

EVIDENCE = ("decided_by", "structure_score", "changed_share", "blended_share", "differing_tiles", "tiles")


def kept_apart_pairs(
    tables: TableStore, report: Report, policy_version: str, not_looked_for: Sequence[str]
) -> Iterator[GalleryGroup]:
    """The pairs to be shown, reason by reason, the kept pictures of `dedup_report` as both ends."""
    best = pl.col("status") == "Best"
    kept = pl.concat([frame.filter(best)["file_sha256"] for frame in report.frames("status", "file_sha256")]).sort()
    chosen = choose_apart(read_rejected(tables, policy_version, not_looked_for), kept)
    ends = pl.concat([chosen[side] for side in PAIR_KEY]).unique()
    shown = [frame.filter(best & pl.col("file_sha256").is_in(ends.implode())) for frame in report.frames()]
    images = _read_images(tables, pl.concat(shown))
    yield from map(partial(_pair, images), chosen.iter_rows(named=True))


def choose_apart(parts: Iterable[pl.DataFrame], kept: pl.Series) -> pl.DataFrame:
    """Of rejected pairs, in parts, the SHOWN_PAIRS of each reason that agree most among those with both ends in `kept`.

    `kept`: contents, distinct and ascending. Which pairs these are does not depend on the parts or on their order, as long as a
    pair has one reason in all of them.
    """
    chosen = VERIFIED_GROUPS.empty().select(*PAIR_KEY, *EVIDENCE)
    for rows in parts:
        left, right = (number_contents(kept, rows[side]) >= 0 for side in PAIR_KEY)
        every = pl.concat([chosen, rows.filter(pl.Series(left & right))]).with_columns(
            place=pl.col("decided_by").replace_strict(REASONS, list(range(len(REASONS))))
        )
        ranked = every.sort("place", pl.col("structure_score").fill_null(1).neg(), *PAIR_KEY).drop("place")
        once = ranked.unique(PAIR_KEY, keep="first", maintain_order=True)
        chosen = once.group_by("decided_by", maintain_order=True).head(SHOWN_PAIRS).select(chosen.columns)
    return chosen


def read_rejected(tables: TableStore, policy_version: str, not_looked_for: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The pairs that a test of REASONS rejected under this policy, a part of a table at a time.

    Frames are looked at before pictures are: what hashes proposed is taken for alike, and of what vectors proposed look-alikes.
    """
    told = ~pl.col("verdict") & pl.col("decided_by").is_in(REASONS) & (pl.col("policy_version") == policy_version)
    alike = (pl.col("decided_by") != "frames") | (pl.col("level") == "similar")
    for table in (VERIFIED_GROUPS, STAR_PAIRS, *(() if not_looked_for else (SIMILAR_GROUPS,))):
        counts = told & alike if table is SIMILAR_GROUPS else told
        for key in tables.partitions(table):
            for part in tables.commit_of(table, key).parts:
                columns = [*PAIR_KEY, *EVIDENCE, "verdict", "level", "policy_version"]
                yield tables.read_parts(table, key, [part], columns).filter(counts).select(*PAIR_KEY, *EVIDENCE)


def _read_images(tables: TableStore, rows: pl.DataFrame) -> dict[bytes, dict[str, Any]]:
    """What is shown of some images of the report, by content."""
    shown = read_shown(tables, rows["image_id"], ["image_id", "thumbnail", "frame_count"])
    named = rows.select("image_id", "file_sha256", "group_id", *TOLD).join(shown, on="image_id")
    return {row["file_sha256"]: row for row in named.iter_rows(named=True)}


def _pair(images: dict[bytes, dict[str, Any]], pair: dict[str, Any]) -> GalleryGroup:
    ends = [images[pair[side]] for side in PAIR_KEY]
    shown = [GalleryImage(**{name: row[name] for name in TOLD}, thumbnail=row["thumbnail"]) for row in ends]
    because = apart_in_words(pair["decided_by"], pair, [row["frame_count"] or 1 for row in ends])
    return GalleryGroup("-".join(row["group_id"] for row in ends), shown, len(shown), 0, because=because)
