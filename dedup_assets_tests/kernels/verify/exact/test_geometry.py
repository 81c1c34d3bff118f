"""Maps that are known are found again from local features, turned and mirrored ones too."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.verify.exact.geometry import fit_geometry, fit_mirrored_geometry
from dedup_assets.kernels.verify.exact.local_features import LocalFeatures
from dedup_assets.kernels.verify.stored_features import find_features, load_features
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture

PHOTOGRAPH: Picture = np.asarray(
    cv2.resize(np.array(load_photograph("chelsea.png")), (256, 170), interpolation=cv2.INTER_AREA)
)
CORNERS = np.array([[[20, 20], [230, 20], [230, 150], [20, 150]]], np.float64)


def warped(matrix: NDArray[np.float64]) -> Picture:
    return np.asarray(cv2.warpPerspective(PHOTOGRAPH, matrix, (256, 170), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def extract_local_features(picture: Picture) -> LocalFeatures:
    return load_features(find_features(picture))


def turned(degrees: float, scale: float) -> NDArray[np.float64]:
    return np.vstack([cv2.getRotationMatrix2D((128, 85), degrees, scale), [0, 0, 1]])


@pytest.mark.parametrize(
    "matrix",
    [turned(0, 1.4), turned(25, 1.0), turned(180, 1.0), np.array([[0.9, 0, 0], [0, 1.1, 0], [0.0004, 0.0003, 1]])],
    ids=["zoomed", "tilted", "upside down", "in perspective"],
)
def test_a_known_map_is_found_again_within_two_pixels(matrix: NDArray[np.float64]) -> None:
    fit = fit_geometry(extract_local_features(PHOTOGRAPH), extract_local_features(warped(matrix)))
    assert fit is not None
    found, wanted = cv2.perspectiveTransform(CORNERS, fit.matrix), cv2.perspectiveTransform(CORNERS, matrix)
    assert np.abs(found - wanted).max() < 2
    assert fit.inliers >= 20


def test_a_mirrored_picture_is_fitted_by_a_map_of_the_other_handedness() -> None:
    fit = fit_mirrored_geometry(
        extract_local_features(PHOTOGRAPH), extract_local_features(np.ascontiguousarray(PHOTOGRAPH[:, ::-1]))
    )
    assert fit is not None
    assert np.abs(fit.matrix - np.array([[-1, 0, 255], [0, 1, 0], [0, 0, 1]])).max() < 0.6


def test_extraction_is_the_same_every_time_and_unrelated_features_fit_nothing() -> None:
    one, other = extract_local_features(PHOTOGRAPH), extract_local_features(PHOTOGRAPH)
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("points", "scales", "descriptors"))
    random = np.random.default_rng(1)
    rows = np.abs(random.normal(size=(300, 128))).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    points, sizes = (random.random(shape).astype(np.float32) * 200 + 1 for shape in ((300, 2), (300,)))
    noise = LocalFeatures(points, sizes, sizes, rows, (256, 256))
    fit = fit_geometry(one, noise)
    assert fit is None or fit.inliers < 8
