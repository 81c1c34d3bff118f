"""Candidate pairs against every pair compared with every transform, on codes that are near each other."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.near_contents import (
    CandidateLimits,
    CandidatePairs,
    HashedContents,
    find_candidate_pairs,
)
from dedup_assets.kernels.describe.hashes import (
    HashKind,
    dct_hashes,
    hamming_distances,
    transform_hashes,
    wavelet_hashes,
)
from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS, transform_image
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph

KINDS: tuple[HashKind, ...] = ("dct", "wavelet")
Codes = NDArray[np.uint8]
Distances = dict[tuple[int, int], tuple[int, int, str]]

MAX_DCT, MAX_WAVELET = 40, 60
LIMITS = CandidateLimits(MAX_DCT, MAX_DCT, MAX_WAVELET)
CERTAIN_BITS = 13
"""The search finds every pair of at most so many differing bits; of those at its radius it may miss 1 in 500."""


def flipped(codes: Codes, most: int, random: np.random.Generator) -> Codes:
    """The codes with 0 to `most` bits of each flipped."""
    bits = np.unpackbits(codes, axis=1)
    flips = random.random(bits.shape) < random.uniform(0, most / 256, (len(bits), 1))
    return np.packbits(bits ^ flips, axis=1)


def contents_of(dct: Codes, wavelet: Codes, low: bool = False) -> HashedContents:
    none = np.zeros(len(dct), np.bool_)
    return HashedContents(dct, wavelet, np.zeros_like(dct), np.zeros_like(dct), none, none | low)


def near_contents(count: int, seed: int, most_bits: int = 45) -> HashedContents:
    """Contents in families of four: an original, and three turned or mirrored copies of it with some bits flipped.

    Every fifth has a border, inside of which it looks like the original of another family.
    """
    random = np.random.default_rng(seed)
    originals = np.packbits(random.integers(0, 2, (2, -(-count // 4), 256), dtype=np.uint8), axis=2)
    family = np.arange(count) // 4
    turns = [TRANSFORMS[number] for number in random.integers(0, len(TRANSFORMS), count)]
    codes = [
        np.concatenate(
            [transform_hashes(originals[kind][family[row : row + 1]], turns[row], name) for row in range(count)]
        )
        for kind, name in enumerate(KINDS)
    ]
    inside = (family + 1) % len(originals[0])
    return HashedContents(
        dct=flipped(codes[0], most_bits, random),
        wavelet=flipped(codes[1], most_bits, random),
        inner_dct=flipped(originals[0][inside], 10, random),
        inner_wavelet=flipped(originals[1][inside], 10, random),
        has_inner=np.arange(count) % 5 == 0,
        low_information=np.zeros(count, np.bool_),
    )


def codes_of(contents: HashedContents, row: int) -> list[tuple[Codes, Codes]]:
    outer = contents.dct[row : row + 1], contents.wavelet[row : row + 1]
    inner = contents.inner_dct[row : row + 1], contents.inner_wavelet[row : row + 1]
    return [outer, inner] if contents.has_inner[row] else [outer]


def pairs_one_by_one(queries: HashedContents, contents: HashedContents) -> Distances:
    """The least distances of every pair within the limits, from all codes of both under all transforms of either side."""
    found: Distances = {}
    for query, other in product(range(len(queries.dct)), range(len(contents.dct))):
        flat = queries.low_information[query] or contents.low_information[other]
        for (dct, wavelet), (other_dct, other_wavelet) in product(codes_of(queries, query), codes_of(contents, other)):
            for number, name in enumerate(TRANSFORMS):
                near = int(hamming_distances(transform_hashes(dct, name, "dct"), other_dct)[0])
                also = int(hamming_distances(transform_hashes(wavelet, name, "wavelet"), other_wavelet)[0])
                equal = near == also == number == 0
                if equal if flat else near <= MAX_DCT and also <= MAX_WAVELET:
                    rank = (near, also, number)
                    known = found.get((query, other))
                    if known is None or rank < (known[0], known[1], TRANSFORMS.index(known[2])):
                        found[query, other] = near, also, name
    return found


def as_dict(pairs: CandidatePairs) -> Distances:
    rows = zip(pairs.query, pairs.other, pairs.dct_distance, pairs.wavelet_distance, pairs.transform, strict=True)
    found = {
        (int(query), int(other)): (int(dct), int(wavelet), TRANSFORMS[turn])
        for query, other, dct, wavelet, turn in rows
    }
    assert len(found) == len(pairs.query)
    assert list(found) == sorted(found)
    return found


def found_in(queries: HashedContents, contents: HashedContents) -> Distances:
    apart = replace(queries)  # another object: of one, each pair is found once
    return as_dict(find_candidate_pairs(apart, contents, LIMITS))


def photographs_turned() -> HashedContents:
    """Hashes of photographs, each in all eight ways, taken of the turned pixels."""
    grays = [np.asarray(load_photograph(name).convert("L").resize((64, 64))) for name in NAMES]
    turned = np.stack([transform_image(gray, name) for gray in grays for name in TRANSFORMS])
    return contents_of(dct_hashes(turned), wavelet_hashes(turned))


def test_pairs_are_those_of_comparing_all_codes_one_by_one() -> None:
    contents = near_contents(60, seed=1)
    queries = contents.take(np.arange(0, 60, 4))
    expected = pairs_one_by_one(queries, contents)
    found = found_in(queries, contents)
    assert len(expected) >= 50
    assert found.items() <= expected.items()
    assert len(found) >= 0.99 * len(expected)
    assert {pair for pair, (dct, _, _) in expected.items() if dct <= CERTAIN_BITS} <= set(found)


def test_a_border_is_seen_through() -> None:
    contents = near_contents(40, seed=2, most_bits=10)
    without = replace(contents, has_inner=np.zeros(40, np.bool_))
    framed, plain = found_in(contents, contents), found_in(without, without)
    assert set(plain) < set(framed)
    assert all(contents.has_inner[one] or contents.has_inner[other] for one, other in set(framed) - set(plain))


@pytest.mark.parametrize("contents", [near_contents(200, seed=3), photographs_turned()], ids=["codes", "photographs"])
def test_a_pair_is_found_by_either_of_its_ends_at_the_same_distance(contents: HashedContents) -> None:
    one, other = np.arange(0, len(contents.dct), 2), np.arange(1, len(contents.dct), 2)
    forth = found_in(contents.take(one), contents.take(other))
    back = found_in(contents.take(other), contents.take(one))
    assert {(left, right): distances[:2] for (left, right), distances in forth.items()} == {
        (left, right): distances[:2] for (right, left), distances in back.items()
    }
    assert forth


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_turned_code_is_found_with_the_transform_that_turned_it_and_the_other_way_with_its_inverse(name: str) -> None:
    random = np.random.default_rng(4)
    codes = np.packbits(random.integers(0, 2, (2, 20, 256), dtype=np.uint8), axis=2)
    upright = contents_of(codes[0], codes[1])
    turned = contents_of(
        flipped(transform_hashes(codes[0], name, "dct"), 20, random),
        flipped(transform_hashes(codes[1], name, "wavelet"), 20, random),
    )
    for left, right, expected in ((upright, turned, name), (turned, upright, INVERSE_TRANSFORMS[name])):
        found = found_in(left, right)
        assert set(found) == {(row, row) for row in range(20)}
        assert {transform for _, _, transform in found.values()} == {expected}


def test_photographs_are_found_however_they_are_turned_and_never_taken_for_each_other() -> None:
    contents = photographs_turned()
    found = found_in(contents, contents)
    ways = len(TRANSFORMS)
    assert {(one // ways, other // ways) for one, other in found} == {(row, row) for row in range(len(NAMES))}
    assert len(found) == len(NAMES) * ways * ways


def test_a_picture_of_little_signal_is_a_candidate_of_its_equals_alone() -> None:
    contents = near_contents(40, seed=5, most_bits=6)
    codes = np.concatenate([np.arange(40), np.arange(40)])
    twice = contents.take(codes)
    flat = replace(twice, has_inner=np.zeros(80, np.bool_), low_information=np.ones(80, np.bool_))
    found = found_in(flat, flat)
    assert set(found.values()) == {(0, 0, "identity")}
    assert all((row, (row + 40) % 80) in found and (row, row) in found for row in range(80))


def test_one_end_of_little_signal_is_enough_to_ask_for_equality() -> None:
    contents = replace(near_contents(40, seed=6, most_bits=6), has_inner=np.zeros(40, np.bool_))
    flat = replace(contents, low_information=np.ones(40, np.bool_))
    assert set(found_in(flat, contents)) == set(found_in(contents, flat)) == {(row, row) for row in range(40)}


def test_a_pair_depends_on_its_own_two_contents_alone() -> None:
    contents = near_contents(120, seed=7)
    order = np.random.default_rng(8).permutation(120)
    every = found_in(contents, contents)
    some = order[:50]
    found = found_in(contents.take(some), contents.take(order))
    named = {(int(some[query]), int(order[other])): distances for (query, other), distances in found.items()}
    assert named == {pair: distances for pair, distances in every.items() if pair[0] in some}


@pytest.mark.parametrize("contents", [near_contents(300, seed=10), photographs_turned()], ids=["codes", "photographs"])
@pytest.mark.parametrize("pairs_a_band", [0, 1 << 20], ids=["bands", "all pairs"])
def test_of_one_set_each_pair_is_found_once_as_its_lower_row_finds_it(
    contents: HashedContents, pairs_a_band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedup_assets.kernels.candidates.hamming_search.EXHAUSTIVE_PAIRS_A_BAND", pairs_a_band)
    once = as_dict(find_candidate_pairs(contents, contents, LIMITS, threads=2))
    assert once == {pair: found for pair, found in found_in(contents, contents).items() if pair[0] < pair[1]}
    assert len(once) > 100


def test_both_limits_are_inclusive() -> None:
    bits = np.zeros((4, 256), np.uint8)
    bits[1, :10], bits[2, :11] = 1, 1
    codes = np.packbits(bits, axis=1)
    zero = codes[[0]]
    queries = contents_of(zero, zero)
    for dct, wavelet in ((codes, np.repeat(zero, 4, axis=0)), (np.repeat(zero, 4, axis=0), codes)):
        pairs = find_candidate_pairs(queries, contents_of(dct, wavelet), CandidateLimits(10, 10, 10))
        assert pairs.other.tolist() == [0, 1, 3]


def test_without_contents_there_are_no_pairs() -> None:
    contents = near_contents(8, seed=9)
    empty = contents.take(np.empty(0, np.int64))
    for queries, others in ((empty, contents), (contents, empty), (empty, empty)):
        assert found_in(queries, others) == {}
