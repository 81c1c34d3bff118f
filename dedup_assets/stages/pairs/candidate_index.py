"""Candidate pairs of some contents with all others, by their hashes: one stands for all pairs of two classes, or of one.

Belongs here: turning near classes of equal hashes into pairs of contents. Does not belong here: the search itself
(`kernels/candidates/near_contents.py`), pairs by recipe and who owns a pair (`candidate_search.py`), which of the others are
asked about (`stages/grouping/crowd_verdicts.py`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import count_within_reach
from dedup_assets.kernels.candidates.near_contents import CandidateLimits, CandidatePairs, find_candidate_pairs
from dedup_assets.kernels.candidates.plain_links import find_plain_links
from dedup_assets.kernels.describe.hashes import hamming_distances
from dedup_assets.kernels.members import Members
from dedup_assets.kernels.transforms import TRANSFORMS
from dedup_assets.stages.pairs.contents import PAIR_KEY, order_pair_ends, pair_up
from dedup_assets.stages.pairs.hashed_contents import ClassIndex


@dataclass(frozen=True)
class Links:
    """m links of a class to another class near it, as `CandidatePairs` has them; `query` and `other` are class numbers."""

    query: NDArray[np.int64]
    other: NDArray[np.int64]
    dct_distance: NDArray[np.int32]
    wavelet_distance: NDArray[np.int32]
    transform: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Links":
        """The links in some rows."""
        return Links(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


class CandidateIndex:
    """All contents by the class of their hashes, and who is near whom."""

    def __init__(self, index: ClassIndex, limits: CandidateLimits, threads: int = 1) -> None:
        self.index, self.limits, self._threads = index, limits, threads
        self.members = Members(index.class_of, len(index.classes))

    def candidates_of(self, contents: NDArray[np.int64]) -> pl.DataFrame:
        """One pair for each class of some contents, by row of the index, with each near it, and for each of several contents.

        left_id, right_id, their SHA-256 and classes, distances, transform, and stands_for_more: false for two contents that
        are near no other. Other pairs are asked about when groups are formed.
        """
        queries = np.unique(self.index.class_of[contents])
        links = self._links_of(queries)
        reach = count_within_reach(
            self.members.sizes, np.unique(np.sort(np.stack([links.query, links.other]).T), axis=0)
        )
        pairs = pl.concat([self._one_pair(links, reach, 0), self._one_pair(_itself(queries), reach, 1)])
        return pairs.unique(PAIR_KEY, keep="first", maintain_order=True)

    def _links_of(self, queries: NDArray[np.int64]) -> Links:
        low = self.index.classes.hashes.low_information
        asking, others = queries[~low[queries]], np.flatnonzero(~low)
        hashes = self.index.classes.hashes.take(others)
        asked = hashes if len(asking) == len(others) else self.index.classes.hashes.take(asking)
        near = find_candidate_pairs(asked, hashes, self.limits, self._threads)
        found = self._plain_links_of(queries), _numbered(near, asking, others)
        columns = zip(*([getattr(each, name) for name in Links.__dataclass_fields__] for each in found), strict=True)
        return Links(*(np.concatenate(column) for column in columns))

    def _plain_links_of(self, queries: NDArray[np.int64]) -> Links:
        """Links of classes of low information, both ways round."""
        links, hashes = find_plain_links(self.index.classes, queries), self.index.classes.hashes
        left, right = np.concatenate([links, links[:, ::-1]]).T
        dct, wavelet = (hamming_distances(codes[left], codes[right]) for codes in (hashes.dct, hashes.wavelet))
        return Links(left, right, dct, wavelet, np.zeros(len(left), np.int64))

    def _one_pair(self, links: Links, reach: NDArray[np.int64], place: int) -> pl.DataFrame:
        """The first content of the one class, and that at `place` of the other; none where there is none."""
        members, links = self.members, links.take(self.members.sizes[links.other] > place)
        left, right = (members.rows[members.starts[ends] + at] for ends, at in ((links.query, 0), (links.other, place)))
        names = self.index.classes.names
        pairs = pair_up(self.index.contents, left, right).with_columns(
            left_class=pl.Series(names[links.query], dtype=pl.Int64),
            right_class=pl.Series(names[links.other], dtype=pl.Int64),
            dct_distance=pl.Series(links.dct_distance, dtype=pl.Int32),
            wavelet_distance=pl.Series(links.wavelet_distance, dtype=pl.Int32),
            transform=pl.Series(np.array(TRANSFORMS)[links.transform], dtype=pl.String),
            stands_for_more=pl.Series(reach[links.query] > 2),
        )
        return order_pair_ends(pairs)


def _numbered(near: CandidatePairs, queries: NDArray[np.int64], others: NDArray[np.int64]) -> Links:
    """Links by class number, without those of a class with itself."""
    query, other = queries[near.query], others[near.other]
    apart = query != other
    return Links(query, other, near.dct_distance, near.wavelet_distance, near.transform).take(apart)


def _itself(classes: NDArray[np.int64]) -> Links:
    """A link of each class with itself."""
    zero = np.zeros(len(classes), np.int32)
    return Links(classes, classes, zero, zero, zero.astype(np.int64))
