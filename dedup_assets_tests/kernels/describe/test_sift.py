"""Features are found on one canvas, and those of a mirrored picture by algebra."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.describe.sift import (
    CANVAS_PX,
    CONTRAST_THRESHOLD,
    DETECTED_PX,
    SHIFT,
    SIFT_LENGTH,
    detect_sift,
    mirror_sift,
    root_sift,
)
from dedup_assets_tests.kernels.photographs import load_photograph

PHOTOGRAPH = np.array(load_photograph("astronaut.png"))


def test_a_computed_mirror_descriptor_is_the_one_found_in_the_mirrored_picture() -> None:
    plain = detect_sift(PHOTOGRAPH, 100)[1].astype(np.float32)
    mirrored = detect_sift(np.ascontiguousarray(PHOTOGRAPH[:, ::-1]), 100)[1].astype(np.float32)
    computed = mirror_sift(plain)
    distances = np.linalg.norm(computed[:, None] - mirrored[None], axis=2).min(axis=1)
    assert np.median(distances) < 50  # of a length of 512; unrelated descriptors are 400 and more apart
    assert np.mean(distances == 0) > 0.2  # those of the finest layer, which no grid of coarser pixels has moved
    np.testing.assert_array_equal(mirror_sift(computed), plain)
    assert computed.flags.c_contiguous


@pytest.mark.parametrize(("width", "height"), [(96, 64), (256, 170), (640, 480), (1, 90), (256, 9)])
def test_places_lie_on_a_canvas_of_one_size_the_strongest_first(width: int, height: int) -> None:
    places, sift, size = detect_sift(np.asarray(cv2.resize(PHOTOGRAPH, (width, height)), np.uint8), 50)
    assert max(size) == CANVAS_PX
    assert sift.shape == (len(places), SIFT_LENGTH)
    assert len(places) <= 50
    assert ((places[:, :2] >= 0) & (places[:, :2] < size)).all()
    assert (np.diff(places[:, 4]) <= 0).all()


def test_features_are_those_of_opencv_and_descriptors_of_half_the_size_nearly_its_own() -> None:
    side = (DETECTED_PX, DETECTED_PX)
    gray = cv2.resize(cv2.cvtColor(PHOTOGRAPH, cv2.COLOR_RGB2GRAY), side, interpolation=cv2.INTER_AREA)
    sift = cv2.SIFT.create(nfeatures=200, contrastThreshold=CONTRAST_THRESHOLD)
    keypoints, raw = sift.detectAndCompute(gray, np.empty(0, np.uint8))
    places, halved, _ = detect_sift(PHOTOGRAPH, 200)
    growth = CANVAS_PX / DETECTED_PX
    wanted = {
        (round((x + SHIFT) * growth - SHIFT, 2), round((y + SHIFT) * growth - SHIFT, 2), round(each.angle, 2)): row
        for row, each in enumerate(keypoints)
        for x, y in [each.pt]
    }
    rows = [wanted[round(float(x), 2), round(float(y), 2), round(float(angle), 2)] for x, y, _, angle, _ in places]
    cosines = (root_sift(np.asarray(raw, np.uint8))[rows] * root_sift(halved)).sum(axis=1)
    assert len(rows) == 200
    assert np.median(cosines) > 0.985
    assert np.quantile(cosines, 0.05) > 0.95


def test_rooted_descriptors_have_length_one_and_nothing_has_no_features() -> None:
    rooted = root_sift(detect_sift(PHOTOGRAPH, 100)[1])
    assert rooted.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rooted, axis=1), 1, atol=1e-6)
    places, sift, size = detect_sift(np.full((30, 40, 3), 90, np.uint8), 100)
    assert (len(places), sift.shape, size) == (0, (0, SIFT_LENGTH), (256, 192))
    assert root_sift(sift).shape == mirror_sift(root_sift(sift)).shape == (0, SIFT_LENGTH)
