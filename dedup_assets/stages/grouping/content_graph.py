"""Distinct contents as nodes, verified pairs as edges between them, and images as what stands behind a node.

Belongs here: numbering, and looking pairs up by number. Does not belong here: what is formed of the graph
(`stages/grouping/groups.py`, `kernels/group/stars.py`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.group.stars import find_components
from dedup_assets.stages.pairs.contents import PAIR_KEY, number_contents


@dataclass(frozen=True)
class ContentGraph:
    """Distinct contents as nodes 0..n-1, in the order of their SHA-256, and verified pairs as edges."""

    contents: pl.Series
    node_of_image: NDArray[np.int64]
    edges: NDArray[np.int64]

    @classmethod
    def build(cls, images: pl.DataFrame, passed: pl.DataFrame) -> "ContentGraph":
        """Nodes are the contents of `images`; edges the pairs of which both ends are among them."""
        contents = images["file_sha256"].unique().sort()
        edges = np.stack([number_contents(contents, passed[side]) for side in PAIR_KEY], axis=1)
        return cls(contents, number_contents(contents, images["file_sha256"]), edges[(edges >= 0).all(axis=1)])

    @property
    def components(self) -> NDArray[np.int64]:
        """Label of the connected component of each content; images are ranked against those of their own."""
        return find_components(len(self.contents), self.edges)


def rank_contents(graph: ContentGraph, place: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of contents, each placed by its best image: a permutation of 0..n-1, 0 is kept first."""
    best = np.full(len(graph.contents), len(place), np.int64)
    np.minimum.at(best, graph.node_of_image, place)
    rank = np.empty(len(best), np.int64)
    rank[np.argsort(best, kind="stable")] = np.arange(len(best))
    return rank


def find_pairs(
    graph: ContentGraph, one: NDArray[np.int64], other: NDArray[np.int64], passed: pl.DataFrame
) -> pl.Series:
    """The first row of `passed` with both nodes, where `one` is the left end if there is such a row; null where none is."""
    count = len(graph.contents)
    left, right = (number_contents(graph.contents, passed[side]) for side in PAIR_KEY)
    both_ways = np.concatenate([left * count + right, right * count + left])
    both_ways[np.tile((left < 0) | (right < 0), 2)] = -1
    keys, first = np.unique(both_ways, return_index=True)
    wanted = one * count + other
    at = np.searchsorted(keys, wanted)
    found = np.append(keys, -1)[at] == wanted
    rows = np.append(first, 0)[at] % max(1, passed.height)
    return pl.DataFrame({"row": rows, "found": found}).select(pl.when("found").then("row")).to_series()
