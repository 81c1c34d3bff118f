import numpy as np

from dedup_assets.embedders.protocol import normalized


def test_rows_get_length_one_and_rows_without_direction_become_nan() -> None:
    rows = normalized(np.array([[3.0, 4.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]]))
    np.testing.assert_allclose(rows[0], [0.6, 0.8], rtol=1e-6)
    assert np.isnan(rows[1:]).all()
    assert rows.dtype == np.float32
