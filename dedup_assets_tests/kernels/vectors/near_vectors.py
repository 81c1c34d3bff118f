"""Vectors among which some are near, or equal, to each other, as tests of their search need them."""

import numpy as np
from numpy.typing import NDArray


def near_vectors(count: int, dimension: int, copies: int, noise: float, seed: int = 3) -> NDArray[np.float32]:
    """`count` vectors of length 1 and after them `copies` of each with noise, of length 1 as well."""
    random = np.random.default_rng(seed)
    first = random.normal(size=(count, dimension))
    rows = [first, *(first + noise * random.normal(size=first.shape) for _ in range(copies))]
    vectors = np.concatenate(rows)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
