"""What is stored of local features is little, and enough."""

from dataclasses import fields

import cv2
import numpy as np

from dedup_assets.kernels.describe.sift import MAX_FEATURES, detect_sift, mirror_sift, root_sift
from dedup_assets.kernels.verify.stored_features import (
    CODE_STEP,
    EVEN_BITS,
    find_features,
    load_features,
    load_parameters,
    store_features,
)
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, flat

PHOTOGRAPH: Picture = np.asarray(
    cv2.resize(np.array(load_photograph("astronaut.png")), (256, 256), interpolation=cv2.INTER_AREA)
)


def test_a_picture_takes_at_most_14_kilobytes_before_compression_and_flat_ones_nothing() -> None:
    stored = find_features(PHOTOGRAPH)
    arrays = stored.codes, stored.places, stored.shapes, stored.bits
    assert {len(each) for each in arrays} == {MAX_FEATURES}
    assert sum(each.nbytes for each in arrays) == MAX_FEATURES * 46
    assert len(find_features(flat(90)).bits) == 0
    assert load_features(find_features(flat(90))).descriptors.shape == (0, 128)


def test_what_is_loaded_is_what_was_found_within_a_step() -> None:
    found = detect_sift(PHOTOGRAPH)
    loaded = load_features(store_features(found))
    assert np.abs(loaded.points - found.places[:, :2]).max() <= 0.51 / 128
    assert np.abs(np.log2(loaded.scales / found.places[:, 2])).max() <= 0.51 / 32
    turns = np.abs(loaded.angles - np.deg2rad(found.places[:, 3])) % (2 * np.pi)
    assert np.minimum(turns, 2 * np.pi - turns).max() <= 0.51 * 2 * np.pi / 256


def test_codes_and_bits_agree_with_slow_ones() -> None:
    found, parameters = detect_sift(PHOTOGRAPH), load_parameters()
    stored = store_features(found)
    for row in range(20):
        rooted = root_sift(found.descriptors[row : row + 1])[0]
        code = [float((rooted - parameters.mean) @ parameters.basis[:, each]) / CODE_STEP for each in range(32)]
        assert np.abs(stored.codes[row] - code).max() < 0.51
        above = [float(rooted @ parameters.projection[:, each]) > parameters.medians[each] for each in range(64)]
        assert [bool(int(stored.bits[row]) >> each & 1) for each in range(64)] == above


def test_mirroring_changes_the_odd_bits_and_no_others() -> None:
    parameters = load_parameters()
    rooted = root_sift(detect_sift(PHOTOGRAPH).descriptors)
    values, mirrored = rooted @ parameters.projection, mirror_sift(rooted) @ parameters.projection
    assert np.abs(values[:, :EVEN_BITS] - mirrored[:, :EVEN_BITS]).max() < 2e-3
    assert np.abs(values[:, EVEN_BITS:] + mirrored[:, EVEN_BITS:]).max() < 2e-3
    assert not parameters.medians[EVEN_BITS:].any()


def test_features_are_the_same_every_time() -> None:
    one, other = find_features(PHOTOGRAPH), find_features(PHOTOGRAPH.copy())
    assert all(np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))
