"""Features can be mirrored by algebra, and lie on one canvas."""

import cv2
import numpy as np

from dedup_assets.kernels.describe.sift import CANVAS_PX
from dedup_assets.kernels.verify.exact.local_features import match_features, mirror_features, scale_to_canvas
from dedup_assets.kernels.verify.stored_features import find_features, load_features
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture

PHOTOGRAPH: Picture = np.asarray(
    cv2.resize(np.array(load_photograph("chelsea.png")), (256, 170), interpolation=cv2.INTER_AREA)
)


def test_features_of_a_mirrored_picture_are_known_without_looking_at_it() -> None:
    algebra = mirror_features(load_features(find_features(PHOTOGRAPH)))
    truth = load_features(find_features(np.ascontiguousarray(PHOTOGRAPH[:, ::-1])))
    rows, others = match_features(algebra, truth)
    assert len(rows) >= 0.8 * len(truth.points)
    assert np.median(np.linalg.norm(algebra.points[rows] - truth.points[others], axis=1)) < 0.2


def test_small_pictures_are_enlarged_to_the_canvas() -> None:
    small = np.asarray(cv2.resize(PHOTOGRAPH, (96, 64), interpolation=cv2.INTER_AREA), np.uint8)
    features = load_features(find_features(small))
    assert max(features.size) == CANVAS_PX
    assert np.allclose(scale_to_canvas(features.size, small)[:2, :2], np.diag([256 / 96, 171 / 64]))
