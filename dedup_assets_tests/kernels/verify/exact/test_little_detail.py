"""Pictures in which there is little to see: recompressed they are the same, and others stay others."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.verify.exact.little_detail import compare_plainly, is_recompression
from dedup_assets_tests.kernels.verify.drawings import Picture

SIZE = 256, 160
Drawn = dict[str, Picture]


def mist(seed: int) -> Picture:
    """Three ridges in a mist that thickens upwards, with the grain of a camera."""
    random = np.random.default_rng(seed)
    rows = np.linspace(190, 130, 600)[:, None]
    gray = np.broadcast_to(rows, (600, 960)).copy()
    for layer in range(3):
        ridge = 300 + 90 * layer + np.cumsum(random.normal(0, 1.2, 960))
        gray -= cv2.GaussianBlur((np.arange(600)[:, None] > ridge) * 9.0, (0, 0), 4)
    gray += random.normal(0, 1.5, gray.shape)
    return np.asarray(np.clip(gray[..., None] + (0, 4, 9), 0, 255), np.uint8)


def words(text: str) -> Picture:
    picture = np.full((600, 960, 3), 14, np.uint8)
    cv2.putText(picture, text, (360, 310), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (230, 230, 230), 3, cv2.LINE_AA)
    return picture


def moon(shadow: int) -> Picture:
    picture = np.full((600, 960, 3), 9, np.uint8)
    cv2.circle(picture, (480, 300), 70, (225, 220, 210), -1, cv2.LINE_AA)
    picture[220:380, 560 - shadow : 560] = 9
    return picture


PICTURES = {
    "mist": mist(1), "another mist": mist(2), "words": words("keep calm"), "other words": words("stay cool"),
    "one other word": words("keep cool"), "moon": moon(0), "half moon": moon(70),
}  # fmt: skip
OTHERS = [
    ("mist", "another mist"), ("words", "other words"), ("words", "one other word"), ("moon", "half moon"),
]  # fmt: skip


def thumbnail(picture: Picture) -> Picture:
    """At the size of thumbnails, and recompressed as they are."""
    small = Image.fromarray(picture).resize(SIZE, Image.Resampling.BOX)
    return encoded(np.asarray(small), "JPEG", 90)


def encoded(picture: Picture, kind: str, quality: int) -> Picture:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, kind, quality=quality)
    return np.asarray(Image.open(data).convert("RGB"))


def copies(picture: Picture) -> Drawn:
    half = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    return {
        "as it is": picture,
        "quality 85": encoded(picture, "JPEG", 85),
        "quality 50": encoded(picture, "JPEG", 50),
        "webp": encoded(picture, "WEBP", 75),
        "half": encoded(half, "JPEG", 80),
    }


@pytest.mark.parametrize("name", PICTURES)
def test_recompressed_and_smaller_it_is_the_same(name: str) -> None:
    seen = {kind: thumbnail(copy) for kind, copy in copies(PICTURES[name]).items()}
    for kind, copy in seen.items():
        assert is_recompression(compare_plainly(seen["as it is"], copy)), kind


@pytest.mark.parametrize(("name", "other"), OTHERS)
def test_another_one_stays_another_at_every_quality_and_from_either_side(name: str, other: str) -> None:
    for one in copies(PICTURES[name]).values():
        for two in copies(PICTURES[other]).values():
            compared = compare_plainly(thumbnail(one), thumbnail(two))
            assert not is_recompression(compared)
            assert compared == compare_plainly(thumbnail(two), thumbnail(one))
