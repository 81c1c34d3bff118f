"""Rows by the label that they carry, of many labels at once.

Here belongs arithmetic on row numbers only; what a label stands for is known where it is used.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Members:
    """Which of n rows carry each label 0..label_count-1, given the label of each row, (n,).

    rows    (n,) int64, in the order of their label, ascending within it
    starts  (label_count + 1,) int64, where each label begins among them
    sizes   (label_count,) int64, how many rows each has
    """

    def __init__(self, label_of: Rows, label_count: int) -> None:
        self.rows = np.argsort(label_of, kind="stable")
        self.starts = np.searchsorted(label_of[self.rows], np.arange(label_count + 1))
        self.sizes = np.diff(self.starts)

    def __getitem__(self, label: int) -> Rows:
        """The rows of one label, ascending."""
        return self.rows[self.starts[label] : self.starts[label + 1]]

    def of(self, labels: Rows) -> tuple[Rows, Rows]:
        """The rows of each of some labels, and beside each the place in `labels` of the one that it carries, before it."""
        sizes = self.sizes[labels]
        which = np.repeat(np.arange(len(labels)), sizes)
        return which, self.rows[concatenate_ranges(self.starts[labels], sizes)]


def concatenate_ranges(starts: Rows, sizes: Rows) -> Rows:
    """starts[0], starts[0] + 1, ... sizes[0] of them, then those from starts[1] on, and so forth: (sizes.sum(),) int64."""
    before = np.cumsum(sizes) - sizes
    return np.asarray(np.arange(sizes.sum()) - np.repeat(before - starts, sizes), dtype=np.int64)
