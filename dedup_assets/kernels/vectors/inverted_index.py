"""The nearest neighbours of more vectors than can all be compared: by an inverted index, and how much of them it finds.

Here belong the index and its recall. The exact search, which says what there is to find, is in `exact_search.py`.
"""

from typing import Any

import numpy as np

from dedup_assets.kernels.vectors.exact_search import Floats, Nearest, Rows, cut_lists, exact_cosines, find_nearest

CELLS_A_ROOT = 4
"""Cells for each of sqrt(n), as the authors of faiss advise for a million vectors."""
PROBED_SHARE = 8
"""One cell of so many is searched."""
TRAINING_A_CELL = 40
TRAINING_ROUNDS = 8
SEED = 120
BLOCK = 4096


def find_nearest_by_index(vectors: Floats, count: int, min_cosine: float, threads: int) -> Nearest:
    """What `find_nearest` says of all vectors, but for neighbours that lie in a cell far from the asked vector's own.

    Inverted file (Sivic & Zisserman, ICCV 2003; Johnson et al. 2019, faiss): vectors are kept by the nearest of about
    4 sqrt(n) centroids, and each asks the eighth part of the cells that are nearest to it. Centroids come from evenly
    spaced rows by k-means with a fixed seed: with rows in the order of a hash of their contents, that sample and so the
    answer are a function of the set of vectors. Cosines are exact, and all lists are of the same limits.

    Args:
        vectors: (n, d) float32, L2-normalised, in an order that says nothing about them.
        count: neighbours a list at most.
        min_cosine: inclusive.
        threads: processors used at most.

    Returns:
        The lists; memory beyond `vectors` is as much again.
    """
    import faiss

    faiss.omp_set_num_threads(threads)
    index = _build_index(vectors)
    parts = []
    for start in range(0, len(vectors), BLOCK):
        found = index.search(vectors[start : start + BLOCK], count + 1)[1]
        rows = np.repeat(np.arange(start, start + len(found)), count + 1)
        other = (found.ravel() >= 0) & (found.ravel() != rows)
        rows, others = rows[other], found.ravel()[other].astype(np.int64)
        cosines = exact_cosines(vectors, rows, others)
        near = cosines >= np.float32(min_cosine)
        parts.append(Nearest(rows[near], others[near], cosines[near]))
    return cut_lists(parts, count)


def _build_index(vectors: Floats) -> Any:
    import faiss

    cells = max(1, int(CELLS_A_ROOT * len(vectors) ** 0.5))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter, index.cp.spherical = SEED, TRAINING_ROUNDS, True
    index.train(np.ascontiguousarray(vectors[spaced_rows(len(vectors), cells * TRAINING_A_CELL)]))
    index.add(vectors)
    index.nprobe = max(1, cells // PROBED_SHARE)
    return index


def measure_recall(vectors: Floats, lists: Nearest, sample: int, count: int, min_cosine: float) -> float:
    """The share of the exact neighbours of `sample` evenly spaced vectors that stand in `lists`; 1 where there is none."""
    asked = spaced_rows(len(vectors), sample)
    wanted = find_nearest(vectors, asked, count, min_cosine)
    keys = wanted.rows * len(vectors) + wanted.others
    return float(np.isin(keys, lists.rows * len(vectors) + lists.others).mean()) if len(keys) else 1.0


def spaced_rows(rows: int, wanted: int) -> Rows:
    """`wanted` evenly spaced row numbers out of 0..rows-1, all of them where there are no more."""
    return np.unique(np.linspace(0, rows - 1, min(rows, wanted)).round().astype(np.int64))
