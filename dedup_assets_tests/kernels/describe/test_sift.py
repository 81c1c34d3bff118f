"""Features are found on one canvas, and those of a mirrored picture by algebra."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.describe.sift import CANVAS_PX, SIFT_LENGTH, detect_sift, mirror_sift, root_sift
from dedup_assets_tests.kernels.photographs import load_photograph

PHOTOGRAPH = np.array(load_photograph("astronaut.png"))


def test_a_computed_mirror_descriptor_is_the_one_found_in_the_mirrored_picture() -> None:
    plain = detect_sift(PHOTOGRAPH, 100)[1].astype(np.float32)
    mirrored = detect_sift(np.ascontiguousarray(PHOTOGRAPH[:, ::-1]), 100)[1].astype(np.float32)
    computed = mirror_sift(plain)
    distances = np.linalg.norm(computed[:, None] - mirrored[None], axis=2).min(axis=1)
    assert np.median(distances) < 30  # of a length of 512; unrelated descriptors are 400 and more apart
    np.testing.assert_array_equal(mirror_sift(computed), plain)
    assert computed.flags.c_contiguous


@pytest.mark.parametrize(("width", "height"), [(96, 64), (256, 170), (640, 480), (1, 90)])
def test_keypoints_lie_on_a_canvas_of_one_size(width: int, height: int) -> None:
    keypoints, sift, size = detect_sift(np.asarray(cv2.resize(PHOTOGRAPH, (width, height)), np.uint8), 50)
    assert max(size) == CANVAS_PX
    assert sift.shape == (len(keypoints), SIFT_LENGTH)
    assert all(0 <= each.pt[0] < size[0] and 0 <= each.pt[1] < size[1] for each in keypoints)


def test_descriptors_are_whole_numbers_as_opencv_gives_them() -> None:
    gray = cv2.resize(cv2.cvtColor(PHOTOGRAPH, cv2.COLOR_RGB2GRAY), (256, 256), interpolation=cv2.INTER_AREA)
    raw = cv2.SIFT.create(nfeatures=300, contrastThreshold=0.02).detectAndCompute(gray, np.empty(0, np.uint8))[1]
    np.testing.assert_array_equal(detect_sift(PHOTOGRAPH, 300)[1], np.asarray(raw))


def test_rooted_descriptors_have_length_one_and_nothing_has_no_features() -> None:
    rooted = root_sift(detect_sift(PHOTOGRAPH, 100)[1])
    assert rooted.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rooted, axis=1), 1, atol=1e-6)
    keypoints, sift, size = detect_sift(np.full((30, 40, 3), 90, np.uint8), 100)
    assert (len(keypoints), sift.shape, size) == (0, (0, SIFT_LENGTH), (256, 192))
    assert root_sift(sift).shape == mirror_sift(root_sift(sift)).shape == (0, SIFT_LENGTH)
