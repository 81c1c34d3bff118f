"""Pairs that stand for classes: against all pairs of contents compared one by one."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import classify, hash_records
from dedup_assets.kernels.candidates.near_contents import CandidateLimits, HashedContents, find_candidate_pairs
from dedup_assets.stages.pairs.candidate_index import CandidateIndex
from dedup_assets.stages.pairs.hashed_contents import ClassIndex
from dedup_assets.tables import WAVELET_GROUPS

LIMITS = CandidateLimits(40, 32, 96)


def hashed(count: int, different: int, seed: int) -> HashedContents:
    """Contents that share a few different hashes, of which every third is near the one before."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 256, (2, different, 32), dtype=np.uint8)
    codes[:, 2::3] = codes[:, 1 : different - 1 : 3][:, : len(codes[0, 2::3])]
    codes[:, 2::3, 0] ^= 0b101
    dct, wavelet = codes[:, random.integers(0, different, count)]
    none = np.zeros(count, np.bool_)
    return HashedContents(dct, wavelet, np.zeros_like(dct), np.zeros_like(dct), none, none)


def index_of(hashes: HashedContents) -> CandidateIndex:
    count = len(hashes.dct)
    classes, class_of = classify(hash_records(hashes, np.zeros((count, 3), np.uint8)))
    names = {"image_id": range(1, count + 1), "file_sha256": [row.to_bytes(32, "big") for row in range(count)]}
    contents = pl.DataFrame(names, schema={"image_id": pl.Int64, "file_sha256": pl.Binary})
    return CandidateIndex(ClassIndex(contents, class_of, classes), LIMITS)


def rows_of(pairs: pl.DataFrame) -> set[tuple[int, int]]:
    return {(left - 1, right - 1) for left, right in pairs.select("left_id", "right_id").iter_rows()}


def pairs_one_by_one(hashes: HashedContents, queries: NDArray[np.int64]) -> set[tuple[int, int]]:
    found = find_candidate_pairs(hashes, hashes, LIMITS)
    pairs = zip(found.query.tolist(), found.other.tolist(), strict=True)
    asked = set(queries.tolist())
    return {pair for pair in pairs if pair[0] < pair[1] and asked & set(pair)}


def classes_of(index: CandidateIndex, pairs: set[tuple[int, int]]) -> set[frozenset[int]]:
    names = index.index.classes.names[index.index.class_of]
    return {frozenset((int(names[left]), int(names[right]))) for left, right in pairs}


@pytest.mark.parametrize("different", [1, 7, 40])
@pytest.mark.parametrize("step", [1, 3])
def test_one_pair_stands_for_all_of_two_classes_that_comparing_contents_one_by_one_finds(
    different: int, step: int
) -> None:
    hashes = hashed(50, different, seed=different)
    queries, index = np.arange(0, 50, step), index_of(hashes)
    found, every = index.candidates_of(queries), pairs_one_by_one(hashes, queries)
    assert not found.select(WAVELET_GROUPS.key).is_duplicated().any()
    classes = [frozenset(row) for row in found.select("left_class", "right_class").iter_rows()]
    assert len(set(classes)) == len(classes)
    assert set(classes) == classes_of(index, every)
    assert rows_of(found) <= pairs_one_by_one(hashes, np.arange(50))


def test_two_contents_that_are_near_no_other_are_listed_and_of_more_one_pair_stands_for_all() -> None:
    hashes = hashed(50, 40, seed=40)
    found, every = index_of(hashes).candidates_of(np.arange(50)), pairs_one_by_one(hashes, np.arange(50))
    times = np.bincount(np.array(sorted(every)).ravel(), minlength=50)
    alone = {pair for pair in every if (times[list(pair)] == 1).all()}
    assert len(alone) > 3
    assert rows_of(found.filter(~pl.col("stands_for_more"))) == alone
    assert found["stands_for_more"].any()


def test_the_number_of_pairs_of_ten_thousand_equal_contents_is_one() -> None:
    assert index_of(hashed(10_000, 1, seed=2)).candidates_of(np.arange(10_000)).height == 1
