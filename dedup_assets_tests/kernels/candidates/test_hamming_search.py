"""The fast search against its slow twin, on codes that lie close to each other."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.bands import CODE_BITS, band_masks
from dedup_assets.kernels.candidates.hamming_search import EXHAUSTIVE_PAIRS_A_BAND, find_pairs_within


def near_codes(count: int, copies: int, max_flips: int, seed: int = 3) -> NDArray[np.uint8]:
    """`count` random codes and after them `copies` of each, with an exact number of bits flipped."""
    random = np.random.default_rng(seed)
    bits = random.integers(0, 2, (count, CODE_BITS), dtype=np.uint8)
    rows = [bits]
    for _ in range(copies):
        flips = random.integers(0, max_flips + 1, count)
        ranks = random.random((count, CODE_BITS)).argsort(axis=1).argsort(axis=1)
        rows.append(bits ^ (ranks < flips[:, None]))
    return np.packbits(np.concatenate(rows), axis=1)


def compare_all(codes: NDArray[np.uint8], radius: int) -> set[tuple[int, int, int]]:
    """Each pair of two rows once."""
    distances = np.bitwise_count(codes[:, None] ^ codes[None]).sum(axis=2)
    near = np.nonzero(np.triu(distances <= radius, 1))
    return {(int(row), int(other), int(distances[row, other])) for row, other in zip(*near, strict=True)}


def as_set(pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]) -> set[tuple[int, int, int]]:
    return set(zip(*(column.tolist() for column in pairs), strict=True))


def test_every_pair_within_11_bits_is_found() -> None:
    codes = near_codes(150, 2, 6)
    assert as_set(find_pairs_within(codes, codes, 11)) == compare_all(codes, 11)


@pytest.mark.parametrize("radius", [24, 40, 56])
def test_at_least_99_of_100_pairs_at_a_wide_radius_are_found_and_no_other(radius: int) -> None:
    codes = near_codes(150, 2, radius)
    found, wanted = as_set(find_pairs_within(codes, codes, radius)), compare_all(codes, radius)
    assert found <= wanted
    assert len(found) >= 0.99 * len(wanted)


def test_a_pair_is_found_from_either_side_and_in_any_company() -> None:
    codes = near_codes(200, 2, 40)
    whole = as_set(find_pairs_within(codes, codes, 40))
    both = whole | {(b, a, d) for a, b, d in whole} | {(row, row, 0) for row in range(600)}
    assert as_set(find_pairs_within(codes.copy(), codes, 40)) == both
    few = as_set(find_pairs_within(codes[300:330], codes, 40))
    assert few == {(a - 300, b, d) for a, b, d in both if 300 <= a < 330}
    backwards = codes[::-1].copy()
    assert as_set(find_pairs_within(backwards, backwards, 40)) == {(599 - b, 599 - a, d) for a, b, d in whole}


@pytest.mark.parametrize("threads", [1, 3])
def test_many_codes_are_searched_in_bands_and_on_several_threads_alike(threads: int) -> None:
    codes = near_codes(1_500, 1, 40)
    assert len(codes) ** 2 > EXHAUSTIVE_PAIRS_A_BAND * len(band_masks(40))
    found, wanted = as_set(find_pairs_within(codes, codes, 40, threads)), compare_all(codes, 40)
    assert found <= wanted
    assert len(found) >= 0.995 * len(wanted)


def test_a_query_set_much_smaller_or_larger_than_the_codes_finds_the_same() -> None:
    codes = near_codes(2000, 1, 30)
    few = codes[2000:2020].copy()
    down = as_set(find_pairs_within(few, codes, 40))
    up = as_set(find_pairs_within(codes, few, 40))
    assert down == {(b, a, d) for a, b, d in up}
    assert {(row, 2000 + row, 0) for row in range(20)} <= down


def test_a_large_family_of_equal_and_nearly_equal_codes_is_found_wholly() -> None:
    family = np.repeat(near_codes(1, 0, 0), 300, axis=0)
    family[100:200, 0] ^= 1
    rows, others, distances = find_pairs_within(family, family, 8)
    assert len(rows) == 300 * 299 / 2
    assert (distances == (np.arange(300) // 100 == 1)[rows] ^ (np.arange(300) // 100 == 1)[others]).all()


def test_pairs_are_sorted_and_nothing_is_found_in_nothing() -> None:
    codes = near_codes(100, 2, 20)
    rows, others, _ = find_pairs_within(codes[::-1].copy(), codes, 30)
    assert (np.lexsort((others, rows)) == np.arange(len(rows))).all()
    assert len(find_pairs_within(codes[:0], codes, 30)[0]) == 0


def test_wrong_codes_and_radii_are_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        find_pairs_within(np.zeros((2, 8), np.uint8), np.zeros((2, 32), np.uint8), 4)
    with pytest.raises(ValueError, match="radius 90"):
        find_pairs_within(np.zeros((2, 32), np.uint8), np.zeros((2, 32), np.uint8), 90)


@pytest.mark.parametrize("radius", [11, 40, 64])
def test_a_small_search_that_compares_all_pairs_finds_what_the_bands_find(
    radius: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = near_codes(200, 2, radius + 4)
    answers = []
    for pairs_a_band in (1 << 20, 0):
        monkeypatch.setattr("dedup_assets.kernels.candidates.hamming_search.EXHAUSTIVE_PAIRS_A_BAND", pairs_a_band)
        answers.append(
            (as_set(find_pairs_within(codes[:120], codes, radius)), as_set(find_pairs_within(codes, codes, radius)))
        )
    assert answers[0] == answers[1]
