"""The colours of images and how well those of a group agree, laid as the image lies that its group keeps.

Belongs here: reading colour summaries and maps, and correlating some groups at a time. Does not belong here: what a summary is and
how it is laid (`kernels/describe/palette.py`).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.describe.palette import SUMMARY_BYTES, lay_summaries, mean_colour_correlations
from dedup_assets.kernels.keep.within import whole_components
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.verdicts import PERSON
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.pairs.hashed_contents import binary_matrix
from dedup_assets.tables import IMAGE_FEATURES, SIMILAR_GROUPS, STAR_PAIRS, VERIFIED_GROUPS

SUMMARIES_AT_ONCE = 20_000
"""Colour summaries that are correlated at once: 100 MB in double precision."""

MAP = ("a", "b", "c", "d", "e", "f")


def with_colours(tables: TableStore, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of groups with dominant_colors and avg_color_correlation."""
    colours = tables.read_many(IMAGE_FEATURES, columns=["image_id", "dominant_colors"])
    groups = rows["group_id"].rank("dense").to_numpy().astype(np.int64) - 1
    summaries, correlations = _read_summaries(tables, rows["image_id"]), np.full(rows.height, np.nan)
    maps = _maps_from_kept(tables, rows)
    for some in whole_components(groups, SUMMARIES_AT_ONCE):
        which = np.unique(groups[some], return_inverse=True)[1]
        laid = lay_summaries(summaries[some], maps[some])
        correlations[some] = mean_colour_correlations(laid, which)[which]
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


def _maps_from_kept(tables: TableStore, rows: pl.DataFrame) -> NDArray[np.float32]:
    """How the kept image of its group is turned upon each image, (n, 6); NaN where that is not known, or a person decided.

    What a person called the same may have been tested, or not: that depends on what was asked earlier.
    """
    kept = rows.select(representative_id="image_id", kept_sha256="file_sha256")
    ends = rows.select("representative_id", "file_sha256").join(
        kept, on="representative_id", how="left", maintain_order="left"
    )
    found = ends.join(_fitted_maps(tables, ends), on=["kept_sha256", "file_sha256"], how="left", maintain_order="left")
    maps = found.select(MAP).to_numpy().astype(np.float32)
    maps[rows["decided_by"].str.starts_with(PERSON).fill_null(False).to_numpy()] = np.nan
    return maps


def _fitted_maps(tables: TableStore, ends: pl.DataFrame) -> pl.DataFrame:
    """Columns kept_sha256, file_sha256 and MAP: those of `ends` that a pair of any table has, either way round, each once."""
    tested = [
        tables.read_many(table, columns=[*PAIR_KEY, "fitted_map"])
        for table in (VERIFIED_GROUPS, SIMILAR_GROUPS, STAR_PAIRS)
    ]
    pairs = pl.concat(tested).drop_nulls().unique(PAIR_KEY, keep="first", maintain_order=True)
    wanted = ends.select("kept_sha256", "file_sha256").unique()
    forth = pairs.rename({"left_sha256": "kept_sha256", "right_sha256": "file_sha256"}).join(
        wanted, on=wanted.columns, how="semi"
    )
    back = pairs.rename({"right_sha256": "kept_sha256", "left_sha256": "file_sha256"}).join(
        wanted, on=wanted.columns, how="semi"
    )
    both = pl.concat([_spread(forth, back=False), _spread(back, back=True)])
    return both.unique(["kept_sha256", "file_sha256"], keep="first", maintain_order=True)


def _spread(pairs: pl.DataFrame, back: bool) -> pl.DataFrame:
    """The same with a column for each number of the map, the other way round where `back`."""
    turns = pairs["fitted_map"].explode().to_numpy().astype(np.float64).reshape(-1, 2, 3)[:, :, :2]
    maps = _nearest_turns(turns.transpose(0, 2, 1) if back else turns)
    numbers = {name: pl.Series(maps[:, at], dtype=pl.Float32) for at, name in enumerate(MAP)}
    return pairs.select("kept_sha256", "file_sha256").with_columns(**numbers)


def _nearest_turns(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upright, mirrored or turned map, (n, 6), that is nearest to each linear part, (n, 2, 2), of fractions.

    A crop or a tilt moves colours little, and what each test finds of it differs in the last bits.
    """
    signs = np.where(turns < 0, -1.0, 1.0)
    sizes = np.abs(turns)
    crossed = sizes[:, 0, 1] + sizes[:, 1, 0] > sizes[:, 0, 0] + sizes[:, 1, 1]
    kept = np.where(crossed[:, None, None], [[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]) * signs
    return np.concatenate([kept, (kept.sum(axis=2) < 0)[..., None]], axis=2).reshape(-1, 6)
