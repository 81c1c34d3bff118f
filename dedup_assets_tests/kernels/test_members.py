import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.kernels.members import Members, concatenate_ranges


def test_rows_stand_together_by_their_label() -> None:
    members = Members(np.array([2, 0, 2, 0, 1]), 4)
    assert members.rows.tolist() == [1, 3, 4, 0, 2]
    assert members.sizes.tolist() == [2, 1, 2, 0]
    assert [members[label].tolist() for label in range(4)] == [[1, 3], [4], [0, 2], []]


@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=6))
def test_rows_of_some_labels_are_those_found_one_by_one(label_of: list[int], labels: list[int]) -> None:
    which, rows = Members(np.array(label_of, np.int64), 5).of(np.array(labels, np.int64))
    wanted = [
        (place, row) for place, label in enumerate(labels) for row, other in enumerate(label_of) if other == label
    ]
    assert list(zip(which.tolist(), rows.tolist(), strict=True)) == wanted


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=8))
def test_ranges_follow_each_other(ranges: list[tuple[int, int]]) -> None:
    starts, sizes = np.array(ranges, np.int64).reshape(-1, 2).T
    wanted = [number for start, size in ranges for number in range(start, start + size)]
    assert concatenate_ranges(starts, sizes).tolist() == wanted
