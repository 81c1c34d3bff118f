"""Pairs listed from classes: against all pairs of contents compared one by one, and few where a crowd has many."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import classify, hash_records
from dedup_assets.kernels.candidates.near_contents import CandidateLimits, HashedContents, find_candidate_pairs
from dedup_assets.stages.pairs import candidate_index
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


@pytest.mark.parametrize("different", [1, 7, 40])
@pytest.mark.parametrize("step", [1, 3])
def test_listed_pairs_are_those_of_comparing_contents_one_by_one(different: int, step: int) -> None:
    hashes = hashed(50, different, seed=different)
    queries = np.arange(0, 50, step)
    found = index_of(hashes).candidates_of(queries)
    assert rows_of(found.pairs) == pairs_one_by_one(hashes, queries)
    assert not found.pairs["stands_for_more"].any()
    assert not found.pairs.select(WAVELET_GROUPS.key).is_duplicated().any()
    assert found.crowded == 0


def test_a_crowd_has_one_pair_for_each_two_classes_and_the_others_keep_all_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(candidate_index, "MAX_LISTED", 10)
    hashes = hashed(400, 30, seed=1)
    found = index_of(hashes).candidates_of(np.arange(400))
    standing = found.pairs.filter("stands_for_more")
    assert found.pairs.height <= 30 + 20 + 400 * 10
    classes = standing.select("left_class", "right_class")
    assert not classes.is_duplicated().any()
    assert classes["left_class"].append(classes["right_class"]).n_unique() > 20
    assert rows_of(found.pairs) <= pairs_one_by_one(hashes, np.arange(400))


def test_the_number_of_pairs_of_ten_thousand_equal_contents_is_one() -> None:
    found = index_of(hashed(10_000, 1, seed=2)).candidates_of(np.arange(10_000))
    assert (found.pairs.height, found.crowded) == (1, 10_000)
