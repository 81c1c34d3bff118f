"""The colours of images and how well those of a group agree, turned as the image is that its group keeps.

Belongs here: reading colour summaries and how pictures are turned, and correlating some groups at a time. Does not belong here:
what a summary is and how it is turned (`kernels/describe/palette.py`).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.contracts import Table
from dedup_assets.kernels.describe.palette import SUMMARY_BYTES, mean_colour_correlations, turn_summaries
from dedup_assets.kernels.keep.within import whole_components
from dedup_assets.kernels.transforms import INVERSE_NUMBERS, TRANSFORMS
from dedup_assets.kernels.verify.maps import unit_map
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.verdicts import PERSON
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.pairs.hashed_contents import binary_matrix
from dedup_assets.tables import IMAGE_FEATURES

SUMMARIES_AT_ONCE = 20_000
"""Colour summaries that are correlated at once: 100 MB in double precision."""

END_KEY = ("kept_sha256", "file_sha256")
UNTURNED = TRANSFORMS.index("identity")
UNIT_TURNS = np.stack([unit_map(name)[:2, :2] for name in TRANSFORMS])


def with_colours(tables: TableStore, rows: pl.DataFrame, *tested: Table) -> pl.DataFrame:
    """The rows of groups with dominant_colors and avg_color_correlation; `tested` are the tables of pairs that count."""
    colours = tables.read_many(IMAGE_FEATURES, columns=["image_id", "dominant_colors"])
    groups = rows["group_id"].rank("dense").to_numpy().astype(np.int64) - 1
    summaries, correlations = _read_summaries(tables, rows["image_id"]), np.full(rows.height, np.nan)
    turns = _turns_from_kept(tables, rows, tested)
    for some in whole_components(groups, SUMMARIES_AT_ONCE):
        which = np.unique(groups[some], return_inverse=True)[1]
        upright = turn_summaries(summaries[some], turns[some])
        correlations[some] = mean_colour_correlations(upright, which)[which]
    return rows.join(colours, on="image_id", how="left", maintain_order="left").with_columns(
        avg_color_correlation=pl.Series(correlations).fill_nan(None).round(6)
    )


def _read_summaries(tables: TableStore, image_ids: pl.Series) -> NDArray[np.uint8]:
    """The colour summaries of images, in their order: (n, SUMMARY_BYTES)."""
    summaries = np.zeros((len(image_ids), SUMMARY_BYTES), np.uint8)
    rows = pl.DataFrame({"image_id": image_ids}).with_row_index("row")
    for key in tables.partitions(IMAGE_FEATURES):
        own = tables.read(IMAGE_FEATURES, key, ["image_id", "color_8"]).join(rows, on="image_id")
        summaries[own["row"].to_numpy()] = binary_matrix(own["color_8"], SUMMARY_BYTES)
    return summaries


def _turns_from_kept(tables: TableStore, rows: pl.DataFrame, tested: Sequence[Table]) -> NDArray[np.int64]:
    """How the kept image of its group is turned to be each image, (n,) indexes into TRANSFORMS; as it is where that is not known.

    What a person called the same may have been tested, or not: that depends on what was asked earlier.
    """
    kept = rows.select(representative_id="image_id", kept_sha256="file_sha256")
    ends = rows.select("representative_id", "file_sha256", "decided_by").join(
        kept, on="representative_id", how="left", maintain_order="left"
    )
    turns = _fitted_turns(tables, ends, tested)
    found = ends.join(turns, on=END_KEY, how="left", maintain_order="left")
    is_tested = ~pl.col("decided_by").str.starts_with(PERSON).fill_null(False)
    return found.select(pl.when(is_tested).then("turn").fill_null(UNTURNED)).to_series().to_numpy()


def _fitted_turns(tables: TableStore, ends: pl.DataFrame, tested: Sequence[Table]) -> pl.DataFrame:
    """Columns kept_sha256, file_sha256 and turn: those of `ends` that a pair of any table has, either way round, each once.

    The nearest of the eight turns counts: a crop or a tilt moves colours little, and what tests find of it differs in its last
    bits.
    """
    found = []
    for table in tested:
        pairs = tables.read_many(table, columns=[*PAIR_KEY, "fitted_map"]).drop_nulls()
        for kept, own, numbers in ((*PAIR_KEY, None), (*PAIR_KEY[::-1], INVERSE_NUMBERS)):
            wanted = pairs.rename({kept: "kept_sha256", own: "file_sha256"}).join(ends, on=END_KEY, how="semi")
            found.append(_with_turn(wanted, numbers))
    return pl.concat(found).unique(END_KEY, keep="first", maintain_order=True)


def _with_turn(pairs: pl.DataFrame, numbers: NDArray[np.int64] | None) -> pl.DataFrame:
    """The nearest turn of each fitted map, or what `numbers` says of it."""
    linear = pairs["fitted_map"].explode().to_numpy().astype(np.float64).reshape(-1, 2, 3)[:, :, :2]
    turns = np.einsum("nij,tij->nt", linear, UNIT_TURNS).argmax(axis=1)
    turns = turns if numbers is None else numbers[turns]
    return pairs.select(*END_KEY, turn=pl.Series(turns, dtype=pl.Int64))
