"""The columns that keep rules read: one array a property, one entry an image.

Here belongs reading them; what they mean stands with the kernels that measure them (`kernels/describe/quality.py`, `consensus.py`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]
Labels = NDArray[np.int64]
Key = NDArray[np.float64]


def read_number(columns: Columns, name: str, missing: float = 0.0) -> Key:
    """Return a column as float64 with `missing` in the place of NaN, and throughout where the column is absent."""
    values = np.asarray(columns.get(name, np.full(len(columns["path"]), missing)), dtype=np.float64)
    return np.where(np.isnan(values), missing, values)
