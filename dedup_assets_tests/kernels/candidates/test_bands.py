"""Bands are disjoint, and pairs share one exactly where they agree in its bits."""

import numpy as np

from dedup_assets.kernels.candidates.bands import BAND_BITS, CODE_BITS, MAX_MISS, band_masks, share_a_band


def test_bands_of_a_round_are_disjoint_and_of_one_size() -> None:
    bits = np.unpackbits(band_masks(40).view(np.uint8), axis=1)
    assert (bits.sum(axis=1) == BAND_BITS).all()
    assert bits[: CODE_BITS // BAND_BITS].sum(axis=0).max() == 1


def test_a_wider_radius_takes_more_bands_so_that_as_few_pairs_are_missed() -> None:
    counts = [len(band_masks(radius)) for radius in (10, 24, 40, 56)]
    assert counts == sorted(set(counts))
    for radius, count in zip((24, 40, 56), counts[1:], strict=True):
        shared = np.prod([(CODE_BITS - radius - bit) / (CODE_BITS - bit) for bit in range(BAND_BITS)])
        assert (1 - shared) ** count <= MAX_MISS


def test_codes_share_a_band_exactly_where_they_agree_in_all_its_bits() -> None:
    random = np.random.default_rng(4)
    left, right = random.integers(0, 4, (2, 400, 4)).astype(np.uint64)
    masks = np.array([[3, 1, 3, 0], [0, 0, 2, 1]], np.uint64)
    agree = (((left ^ right)[:, None] & masks) == 0).all(axis=2)
    assert (share_a_band(left, right, masks) == agree.any(axis=1)).all()
    assert 0 < agree.any(axis=1).sum() < 400
