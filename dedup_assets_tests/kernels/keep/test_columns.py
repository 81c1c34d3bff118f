"""Columns that are absent or hold nothing read as missing."""

import numpy as np

from dedup_assets.kernels.keep.columns import read_number


def test_nan_and_absent_columns_read_as_missing() -> None:
    columns = {"path": np.array(["a", "b"]), "sharpness": np.array([2, np.nan]), "width_px": np.array([7, 8])}
    assert read_number(columns, "sharpness", 1).tolist() == [2, 1]
    assert read_number(columns, "width_px").tolist() == [7, 8]
    assert read_number(columns, "height_px", 5).tolist() == [5, 5]
