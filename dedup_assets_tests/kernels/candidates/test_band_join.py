"""One band against all pairs compared, on codes of few different bits, so that many share a band."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.candidates import band_join
from dedup_assets.kernels.candidates.band_join import compare_buckets, find_in_band, sort_by_band
from dedup_assets.kernels.candidates.bands import band_masks, share_a_band

RADIUS = 40
MASKS = band_masks(RADIUS)
Words = NDArray[np.uint64]


def near_words(count: int, seed: int) -> Words:
    """Codes in families: those of one differ in up to 30 bits."""
    random = np.random.default_rng(seed)
    bits = np.random.default_rng(9).integers(0, 2, (20, 256), dtype=np.uint8)[random.integers(0, 20, count)]
    flipped = random.random(bits.shape) < random.uniform(0, 0.06, (count, 1))
    return np.packbits(bits ^ flipped, axis=1).view(np.uint64)


def all_pairs(queries: Words, codes: Words, number: int) -> set[tuple[int, int, int]]:
    """Pairs within the radius of whose shared bands this is the first."""
    found = set()
    for row, query in enumerate(queries):
        distances = np.bitwise_count(query ^ codes).sum(axis=1)
        here = share_a_band(np.broadcast_to(query, codes.shape), codes, MASKS[number : number + 1])
        before = share_a_band(np.broadcast_to(query, codes.shape), codes, MASKS[:number])
        found |= {(row, int(other), int(distances[other])) for other in np.flatnonzero(here & ~before)}
    return {pair for pair in found if pair[2] <= RADIUS}


def found_by(queries: Words, codes: Words, number: int) -> set[tuple[int, int, int]]:
    pairs, distances = find_in_band(queries, codes, MASKS, number, RADIUS)
    found = {
        (int(pair >> 32), int(pair & 0xFFFFFFFF), int(apart)) for pair, apart in zip(pairs, distances, strict=True)
    }
    assert len(found) == len(pairs)
    return found


@pytest.mark.parametrize("number", [0, 3, 150])
@pytest.mark.parametrize("counts", [(300, 40), (40, 300), (250, 250)])
@pytest.mark.parametrize("at_once", [1 << 24, 60], ids=["at once", "in ranges"])
def test_a_band_finds_what_comparing_all_pairs_finds(
    number: int, counts: tuple[int, int], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(band_join, "MAX_SORTED", at_once)
    queries, codes = near_words(counts[0], 1), near_words(counts[1], 2)
    assert found_by(queries, codes, number) == all_pairs(queries, codes, number)


def test_within_one_set_each_pair_of_two_rows_is_found_once() -> None:
    codes = near_words(2_000, 3)
    found = found_by(codes, codes, 0)
    assert len(found) > 1024
    assert {(min(a, b), max(a, b), apart) for a, b, apart in found} == {
        pair for pair in all_pairs(codes, codes, 0) if pair[0] < pair[1]
    }


def test_the_loops_do_as_compiled_what_they_say() -> None:
    codes = near_words(60, 4)
    plain, fast = (sort(codes, MASKS[0], 8, 0, 256, band_join.ALL) for sort in (sort_by_band.plain, sort_by_band))
    assert all((plain[place] == fast[place]).all() for place in range(3))
    found, again = (
        compare(codes, fast, codes, fast, True, MASKS, 0, RADIUS)
        for compare in (compare_buckets.plain, compare_buckets)
    )
    assert all((found[place] == again[place]).all() for place in range(2))
