"""How far each picture of a component stands from the others: copies are made from the original, so it stands nearest.

Here belongs the measure. Which difference makes a picture an edited one is a tolerance of `rules.py`.
"""

import numpy as np
from numpy.typing import NDArray

MAX_REFERENCES = 256
PICTURES_AT_ONCE = 4_096
NOISE_GRAY_LEVELS = 0.3


def measure_deviation(gray_64: NDArray[np.uint8], component: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each picture the mean log(1 + RMS difference / 0.3 gray levels) to the others of its component; >= 0.

    gray_64: (n, d) uint8, d pixels each. component: (n,) labels. Low is central. Edits of an original differ from each
    other by both their changes, from the original by one: so it has the lowest value, as a medoid has (Kaufman and
    Rousseeuw, 1987). The logarithm keeps pictures that are not aligned (crops, turned ones) from deciding alone.
    Components of fewer than 3 pictures have no majority and get 0. Above 256 pictures, 256 of them, spread evenly over
    the pictures in the order of their pixels, stand for all.
    """
    deviation = np.zeros(len(gray_64))
    order = np.argsort(component, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(component[order])) + 1):
        if len(rows) >= 3:
            deviation[rows] = _mean_log_distance(gray_64[rows])
    return deviation


def _mean_log_distance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    count, references = len(pixels), _spread(pixels)
    parts = [
        _sum_log_distances(pixels[start : start + PICTURES_AT_ONCE], references)
        for start in range(0, count, PICTURES_AT_ONCE)
    ]
    return np.asarray(np.concatenate(parts) / (len(references) - (len(references) == count)), dtype=np.float64)


def _sum_log_distances(pixels: NDArray[np.uint8], references: NDArray[np.uint8]) -> NDArray[np.float32]:
    left, right = pixels.astype(np.float32), references.astype(np.float32)
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)[None, :] - 2 * left @ right.T
    distance = np.sqrt(np.maximum(squares, 0) / pixels.shape[1])
    return np.asarray(np.log1p(distance / NOISE_GRAY_LEVELS).sum(axis=1))


def _spread(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return at most MAX_REFERENCES rows, evenly spread over the rows in the order of their bytes."""
    if len(pixels) <= MAX_REFERENCES:
        return pixels
    by_bytes = np.argsort(np.ascontiguousarray(pixels).view(f"S{pixels.shape[1]}").ravel(), kind="stable")
    return np.asarray(pixels[by_bytes[np.linspace(0, len(pixels) - 1, MAX_REFERENCES).astype(int)]])
