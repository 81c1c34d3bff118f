from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.kernels.describe.sift import MAX_FEATURES, detect_sift, mirror_sift
from dedup_assets.kernels.vectors.vlad import (
    DIMENSION,
    aggregate,
    describe,
    load_parameters,
    of_both_hands,
)

Image = NDArray[np.uint8]
PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png")


def photograph(name: str) -> Image:
    """A photograph of 450 to 640 px that the scikit-image wheel brings."""
    return np.asarray(cv2.imread(str(Path(skimage.data.__file__).with_name(name)), cv2.IMREAD_COLOR_RGB), np.uint8)


def thumbnail(image: Image) -> Image:
    scale = min(1.0, 256 / max(image.shape[:2]))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def crop(image: Image) -> Image:
    height, width = image.shape[:2]
    return image[height // 6 : height // 6 + int(height * 0.71), width // 8 : width // 8 + int(width * 0.71)]


def caption(image: Image) -> Image:
    framed = cv2.copyMakeBorder(image, 90, 10, 10, 10, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, "SAME PICTURE", (20, 45), cv2.FONT_HERSHEY_DUPLEX, 1, (0, 0, 0), 2)
    return np.asarray(framed, np.uint8)


EDITS: dict[str, Callable[[Image], Any]] = {
    "cropped to half": crop,
    "captioned": caption,
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "turned": lambda image: np.ascontiguousarray(np.rot90(image)),
    "turned over": lambda image: np.ascontiguousarray(image[::-1, ::-1]),
    "mirrored and cropped": lambda image: np.ascontiguousarray(crop(image)[:, ::-1]),
    "darkened": lambda image: (image * 0.7).astype(np.uint8),
    "shrunk": lambda image: cv2.resize(image, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_picture_is_nearer_to_its_original_than_any_other_picture_is(edit: str) -> None:
    originals = describe([thumbnail(photograph(name)) for name in PHOTOGRAPHS])
    edited = describe([thumbnail(np.asarray(EDITS[edit](photograph(name)), np.uint8)) for name in PHOTOGRAPHS])
    cosines = edited @ originals.T
    unrelated = cosines[~np.eye(len(PHOTOGRAPHS), dtype=bool)]
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert cosines.diagonal().min() > max(DescriptorEmbedder.min_copy_cosine, unrelated.max())


def test_rows_have_length_one_and_the_same_bytes_every_time_whatever_stands_beside_them() -> None:
    images = [thumbnail(photograph(name)) for name in PHOTOGRAPHS]
    together = describe(images)
    assert together.dtype == np.float32
    assert together.shape == (4, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert together[2:3].tobytes() == describe([images[2]]).tobytes()
    assert together[::-1].tobytes() == describe(images[::-1]).tobytes()


def test_flat_and_nearly_flat_pictures_have_no_vector() -> None:
    flat = np.full((200, 256, 3), 90, np.uint8)
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    assert np.isnan(describe([flat, ramp])).all()
    assert describe([]).shape == (0, DIMENSION)


def test_one_pixel_is_no_error() -> None:
    assert np.isnan(describe([np.zeros((1, 1, 3), np.uint8), np.zeros((1, 256, 3), np.uint8)])).all()


def test_the_mirror_image_of_the_features_gives_the_same_aggregate() -> None:
    parameters = load_parameters()
    local = of_both_hands(detect_sift(thumbnail(photograph("chelsea.png"))))
    assert 0 < len(local) <= 2 * MAX_FEATURES
    np.testing.assert_allclose(aggregate(local, parameters), aggregate(mirror_sift(local), parameters), atol=1e-5)


def test_aggregation_agrees_with_a_slow_one() -> None:
    parameters = load_parameters()
    local = of_both_hands(detect_sift(thumbnail(photograph("coffee.png"))))
    sums = np.zeros_like(parameters.centres)
    for feature in local:
        reduced = (feature - parameters.local_mean) @ parameters.local_projection
        nearest = int(np.argmin(((parameters.centres - reduced) ** 2).sum(axis=1)))
        sums[nearest] += reduced - parameters.centres[nearest]
    slow = np.concatenate([row / max(float(np.linalg.norm(row)), 1e-9) for row in sums])
    slow = np.sign(slow) * np.abs(slow) ** 0.5
    np.testing.assert_allclose(aggregate(local, parameters), slow / np.linalg.norm(slow), atol=1e-4)


def test_the_parameters_have_a_version_and_the_shapes_they_promise() -> None:
    parameters = load_parameters()
    assert parameters.version == "2"
    assert [array.shape for array in parameters[1:]] == [(128,), (128, 64), (64, 64), (256, 4096), (256,)]
