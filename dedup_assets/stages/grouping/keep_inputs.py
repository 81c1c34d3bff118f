"""Ranking millions of images by the keep rules, some components at a time, and telling why each group keeps its own.

Belongs here: turning rows of `collected_images.py` into what rules and sentences take. Does not belong here: the rules
(`kernels/keep/rules.py`), their order and words (`kernels/keep/ranking.py`), groups (`stages/grouping/groups.py`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.keep.consensus import measure_deviation
from dedup_assets.kernels.keep.ranking import Ranking, explain_choice, measure_rules, rank_by_keys, with_plain_names
from dedup_assets.kernels.keep.real_pixels import LAYOUT, measure_layout
from dedup_assets.kernels.keep.within import count_within, least_within, whole_components
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.grouping.collected_images import CollectedImages, read_gray_cells

NUMBERS = (
    "width_px", "height_px", "size_bytes", "jpeg_quality", "prior_jpeg_quality", "bits_per_pixel", "blockiness", "sharpness",
    "upscale_score", "colourfulness", "contrast", "lossy_percent", "sample_bits", "frame_count", "resolved_share", "picture_share",
    "ground_level",
)  # fmt: skip

IMAGES_AT_ONCE = 50_000
"""Their columns as arrays, with Python strings for the paths, are 20 MB; a larger component is ranked in one piece."""


def rank_collected(
    images: CollectedImages,
    component: NDArray[np.int64],
    rules: Sequence[str],
    prefer_prefixes: Sequence[str],
    tables: TableStore,
) -> Ranking:
    """`keeping.rank_images` of all images at once, in bounded memory; component: (n,) labels."""
    rules = with_plain_names(rules)
    pictures = measure_pictures(images, component, tables)
    keys = np.empty((images.height, len(rules)))
    for rows in whole_components(component, IMAGES_AT_ONCE):
        columns = keep_columns(CollectedImages(images[rows])) | {name: each[rows] for name, each in pictures.items()}
        keys[rows] = measure_rules(columns, component[rows], rules, prefer_prefixes)
    return rank_by_keys(keys, path_places(images), rules)


def path_places(images: pl.DataFrame) -> NDArray[np.int64]:
    """The place of each image in the order of paths, (n,)."""
    places = np.empty(images.height, np.int64)
    places[images["path"].arg_sort().to_numpy()] = np.arange(images.height)
    return places


def explain_kept(
    images: CollectedImages, ranking: Ranking, kept_row: NDArray[np.int64], keep_rank: NDArray[np.int64]
) -> pl.Series:
    """Why the group of each image keeps what it keeps, in words; kept_row, keep_rank: (n,) of each image."""
    beaten = np.flatnonzero(keep_rank == 1)
    words = pl.concat(
        [
            pl.Series([explain_choice({}, ranking, 0, None)]),
            *(
                _explain_rivals(images, ranking, kept_row[rivals], rivals)
                for rivals in np.split(beaten, range(IMAGES_AT_ONCE, len(beaten), IMAGES_AT_ONCE))
            ),
        ]
    )
    sentence = np.zeros(images.height, np.int64)
    sentence[kept_row[beaten]] = np.arange(1, len(words))
    return words[sentence[kept_row]]


def _explain_rivals(
    images: CollectedImages, ranking: Ranking, kept: NDArray[np.int64], beaten: NDArray[np.int64]
) -> pl.Series:
    rows = np.concatenate([kept, beaten])
    columns, among = keep_columns(CollectedImages(images[rows])), ranking.of(rows)
    words = [explain_choice(columns, among, row, row + len(kept)) for row in range(len(kept))]
    return pl.Series(words, dtype=pl.String)


def measure_pictures(
    images: CollectedImages, component: NDArray[np.int64], tables: TableStore
) -> dict[str, NDArray[np.float64]]:
    """What the rules ask of the pictures themselves: `deviation` and, NaN where nobody asks, the columns of LAYOUT.

    Only pictures in components of three and more are read, and those in one where an image may be a sharpened enlargement.
    """
    resolved = images["resolved_share"].cast(pl.Float64).fill_null(1.0).to_numpy()
    members = count_within(component)
    rows = np.flatnonzero((members >= 3) | (members == 2) & (least_within(resolved, component) < 1))
    cells = read_gray_cells(tables, CollectedImages(images[rows]))
    deviation, layout = np.zeros(len(component)), np.full((len(component), len(LAYOUT)), np.nan)
    deviation[rows], layout[rows] = measure_deviation(cells, component[rows]), measure_layout(cells)
    return {"deviation": deviation, **dict(zip(LAYOUT, layout.T, strict=True))}


def keep_columns(images: CollectedImages) -> dict[str, NDArray[Any]]:
    """The columns of images as the keep rules take them; NaN where a value is not known."""
    box = images["inner_box"]
    numbers = {name: images[name] for name in NUMBERS} | {
        "inner_width": box.list.get(2, null_on_oob=True).fill_null(1.0),
        "inner_height": box.list.get(3, null_on_oob=True).fill_null(1.0),
    }
    return {name: values.cast(pl.Float64).fill_null(np.nan).to_numpy() for name, values in numbers.items()} | {
        "path": images["path"].to_numpy(),
        "image_format": images["image_format"].fill_null("").to_numpy(),
        "origin_facts": images["origin_facts"].fill_null("").to_numpy(),
        "has_metadata": images["has_metadata"].to_numpy(),
        "has_recipe": images["recipe"].is_not_null().to_numpy(),
        "content": images["file_sha256"].rank("dense").cast(pl.Int64).to_numpy(),
        "modified_at": images["created_at"].dt.epoch("us").to_numpy(),
    }
