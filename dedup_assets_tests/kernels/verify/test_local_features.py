"""Features come in one order, on one canvas, and can be mirrored by algebra."""

import cv2
import numpy as np

from dedup_assets.kernels.describe.sift import CANVAS_PX
from dedup_assets.kernels.verify.local_features import (
    extract_local_features,
    extract_packed_features,
    match_features,
    mirror_features,
    scale_to_canvas,
    unpack_features,
)
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, flat

PHOTOGRAPH: Picture = np.asarray(
    cv2.resize(np.array(load_photograph("chelsea.png")), (256, 170), interpolation=cv2.INTER_AREA)
)


def test_features_of_a_mirrored_picture_are_known_without_looking_at_it() -> None:
    algebra = mirror_features(extract_local_features(PHOTOGRAPH))
    truth = extract_local_features(np.ascontiguousarray(PHOTOGRAPH[:, ::-1]))
    rows, others = match_features(algebra, truth)
    assert len(rows) >= 0.85 * len(truth.points)
    assert np.median(np.linalg.norm(algebra.points[rows] - truth.points[others], axis=1)) < 0.2


def test_small_pictures_are_enlarged_to_the_canvas_and_flat_ones_have_no_features() -> None:
    small = np.asarray(cv2.resize(PHOTOGRAPH, (96, 64), interpolation=cv2.INTER_AREA), np.uint8)
    features = extract_local_features(small)
    assert max(features.size) == CANVAS_PX
    assert np.allclose(scale_to_canvas(features, small)[:2, :2], np.diag([256 / 96, 171 / 64]))
    assert len(extract_local_features(flat(90)).points) == 0


def test_packed_features_are_unpacked_to_the_same_numbers() -> None:
    packed, features = extract_packed_features(PHOTOGRAPH), extract_local_features(PHOTOGRAPH)
    assert packed.sift.nbytes + packed.table.nbytes <= 400 * (128 + 16)
    for name in ("points", "scales", "angles", "descriptors"):
        assert np.array_equal(getattr(unpack_features(packed), name), getattr(features, name))
    assert np.allclose(np.linalg.norm(features.descriptors, axis=1), 1)
