"""The columns of images as the keep rules take them.

Belongs here: turning rows of `collected_images` into arrays. Does not belong here: the rules (`kernels/keep_rules.py`), groups
(`groups.py`).
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.collected_images import gray_matrix
from dedup_assets.kernels.consensus import measure_deviation

NUMBERS = (
    "width_px", "height_px", "size_bytes", "jpeg_quality", "prior_jpeg_quality", "bits_per_pixel", "blockiness", "sharpness",
    "upscale_score", "colourfulness",
)  # fmt: skip


def deviations_of(images: pl.DataFrame, component: NDArray[np.int64]) -> NDArray[np.float64]:
    """`measure_deviation` of each image, 0 in components of less than three; only the pictures of others are unpacked."""
    deviation = np.zeros(len(component))
    rows = np.flatnonzero(np.bincount(component, minlength=1)[component] >= 3) if len(component) else component
    deviation[rows] = measure_deviation(gray_matrix(images[rows]), component[rows])
    return deviation


def keep_columns(images: pl.DataFrame) -> dict[str, NDArray[Any]]:
    """The columns of images as the keep rules take them; NaN where a value is not known."""
    box = images["inner_box"]
    numbers = {name: images[name] for name in NUMBERS} | {
        "inner_width": box.list.get(2, null_on_oob=True).fill_null(1.0),
        "inner_height": box.list.get(3, null_on_oob=True).fill_null(1.0),
    }
    return {name: values.cast(pl.Float64).fill_null(np.nan).to_numpy() for name, values in numbers.items()} | {
        "path": images["path"].to_numpy(),
        "image_format": images["image_format"].fill_null("").to_numpy(),
        "has_metadata": images["has_metadata"].to_numpy(),
        "has_recipe": images["has_recipe"].to_numpy(),
        "modified_at": images["created_at"].dt.epoch("us").to_numpy(),
    }
