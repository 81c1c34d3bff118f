"""Images as the keep rules take them."""

import numpy as np
import polars as pl

from dedup_assets.collected_images import gray_matrix, read_images
from dedup_assets.keep_inputs import deviations_of, keep_columns
from dedup_assets.kernels.consensus import measure_deviation
from dedup_assets.resources.collection import Collection


def test_unknown_numbers_are_nan_and_an_image_without_border_is_all_inside(described: Collection) -> None:
    images = read_images(described.tables())
    columns = keep_columns(images.with_columns(jpeg_quality=pl.lit(None, pl.Int32)))
    assert np.isnan(columns["jpeg_quality"]).all()
    assert (columns["inner_width"] == 1).all()
    assert columns["width_px"].tolist() == images["width_px"].to_list()


def test_deviations_are_those_of_all_pictures_although_small_components_are_not_unpacked(described: Collection) -> None:
    images = read_images(described.tables())
    component = np.minimum(np.arange(images.height), 3)
    expected = measure_deviation(gray_matrix(images), component)
    assert (deviations_of(images, component) == expected).all()
    assert expected.any()
    assert len(deviations_of(images.clear(), component[:0])) == 0
