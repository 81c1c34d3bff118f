"""Classes of equal hashes: which contents share one, and that their names last."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hash_classes import (
    classify,
    count_within_reach,
    hash_records,
    name_rows,
)
from dedup_assets.kernels.candidates.near_contents import HashedContents


def hashed(count: int, low: bool = False) -> HashedContents:
    """Contents of random hashes, every fifth with a border."""
    random = np.random.default_rng(count)
    dct, wavelet, inner_dct, inner_wavelet = random.integers(0, 256, (4, count, 32), dtype=np.uint8)
    has_inner, low_information = np.arange(count) % 5 == 0, np.full(count, low)
    return HashedContents(dct, wavelet, inner_dct, inner_wavelet, has_inner, low_information)


def classes_of(hashes: HashedContents, colour: NDArray[np.uint8] | None = None) -> NDArray[np.int64]:
    colours = np.zeros((len(hashes.dct), 3), np.uint8) if colour is None else colour
    return classify(hash_records(hashes, colours))[1]


def test_equal_hashes_are_one_class_and_one_differing_bit_makes_another() -> None:
    hashes = hashed(40).take(np.tile(np.arange(40), 2))
    assert len(set(classes_of(hashes))) == 40
    assert (classes_of(hashes)[:40] == classes_of(hashes)[40:]).all()
    for name in ("dct", "wavelet"):
        codes = getattr(hashes, name).copy()
        codes[40:, 31] ^= 1
        assert len(set(classes_of(replace(hashes, **{name: codes})))) == 80


def test_inner_hashes_count_where_there_is_a_border() -> None:
    hashes = hashed(40).take(np.tile(np.arange(40), 2))
    inner = hashes.inner_dct.copy()
    inner[40:, 0] ^= 1
    assert len(set(classes_of(replace(hashes, inner_dct=inner)))) == 40 + 8


def test_colours_count_where_hashes_mean_little() -> None:
    colours = np.repeat(np.arange(80, dtype=np.uint8)[:, None], 3, axis=1)
    one = np.zeros(80, np.int64)
    assert len(set(classes_of(hashed(1).take(one), colours))) == 1
    assert len(set(classes_of(hashed(1, low=True).take(one), colours))) == 80


def test_names_and_hashes_of_classes_do_not_depend_on_the_order_or_on_who_else_is_there() -> None:
    hashes = hashed(60)
    order = np.random.default_rng(1).permutation(60)
    whole, class_of = classify(hash_records(hashes, np.zeros((60, 3), np.uint8)))
    part, part_of = classify(hash_records(hashes.take(order[:30]), np.zeros((30, 3), np.uint8)))
    assert (part.names[part_of] == whole.names[class_of[order[:30]]]).all()
    assert (whole.hashes.dct[class_of] == hashes.dct).all()
    assert (whole.hashes.has_inner[class_of] == hashes.has_inner).all()


def test_a_hundred_thousand_near_codes_have_names_of_their_own() -> None:
    codes = np.zeros((100_000, 32), np.uint8)
    codes[:, :4] = np.arange(100_000, dtype=np.uint32).view(np.uint8).reshape(-1, 4)
    assert len(np.unique(name_rows(codes))) == 100_000


def test_reach_counts_the_contents_of_linked_classes() -> None:
    assert count_within_reach(np.array([2, 1, 2, 0]), np.array([[0, 2], [1, 2]])).tolist() == [4, 3, 5, 0]
