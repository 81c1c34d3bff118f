import struct

import numpy as np
import pytest

from dedup_assets.errors import VectorError
from dedup_assets.resources.database.vector_copy import check_vectors, copy_bytes


def test_rows_are_written_as_the_binary_format_says() -> None:
    written = copy_bytes([b"k" * 32, b"l" * 32], np.array([[1.0, -2.0], [0.5, 0.0]], np.float32))
    head = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
    rows = b"".join(
        struct.pack(">hi32sihhee", 2, 32, key * 32, 8, 2, 0, *values)
        for key, values in ((b"k", (1.0, -2.0)), (b"l", (0.5, 0.0)))
    )
    assert written == head + rows + struct.pack(">h", -1)


def test_shapes_and_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(VectorError, match="2 hashes came with vectors of shape"):
        check_vectors([b"k" * 32] * 2, np.ones((3, 4), np.float32))
    with pytest.raises(VectorError, match="32 bytes"):
        check_vectors([b"short"], np.ones((1, 4), np.float32))


def test_a_vector_that_vanishes_in_half_precision_is_zero() -> None:
    with pytest.raises(VectorError, match=r"1 of 2 vectors cannot be stored; the first, of 6c6c.* is zero"):
        check_vectors([b"k" * 32, b"l" * 32], np.array([[1.0], [1e-9]], np.float32))


def test_nothing_is_a_fine_number_of_vectors() -> None:
    check_vectors([], np.empty((0, 4), np.float32))
