"""An enlargement holds no more structure than its source, however it is sharpened or grained.

Chosen on six photographs of a collection of its own; checked here on others.
"""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dedup_assets.kernels.describe.resolution import measure_resolved_share
from dedup_assets_tests.kernels.photographs import encode, load_photograph

NAMES = ("astronaut.png", "coffee.png", "motorcycle_left.png")
AFTERWARDS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "nothing": lambda image: image,
    "unsharp mask": lambda image: image.filter(ImageFilter.UnsharpMask(2, 180, 2)),
    "sharpened and grained": lambda image: noisy(image.filter(ImageFilter.UnsharpMask(2, 150, 2)), 3),
    "grain": lambda image: noisy(image, 5),
}


def noisy(image: Image.Image, sigma: float) -> Image.Image:
    noise = np.random.default_rng(5).normal(0, sigma, (image.height, image.width, 1))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def gray(image: Image.Image, quality: int = 92) -> NDArray[np.uint8]:
    return np.array(Image.open(io.BytesIO(encode(image, "JPEG", quality=quality))).convert("L"))


def enlarged(name: str, factor: float) -> Image.Image:
    photograph = load_photograph(name)
    small = photograph.resize([round(side / factor) for side in photograph.size], Image.Resampling.LANCZOS)
    return small.resize(photograph.size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quality", [50, 75, 92])
def test_a_photograph_needs_all_of_its_pixels(name: str, quality: int) -> None:
    photograph = load_photograph(name)
    assert measure_resolved_share(gray(photograph, quality)) == 1
    assert measure_resolved_share(gray(noisy(photograph, 5), quality)) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("afterwards", AFTERWARDS)
def test_an_enlargement_needs_as_many_as_its_source(name: str, factor: int, afterwards: str) -> None:
    share = measure_resolved_share(gray(AFTERWARDS[afterwards](enlarged(name, factor))))
    assert share == pytest.approx(1 / factor, rel=0.26)


def test_what_is_small_or_flat_cannot_be_told() -> None:
    assert measure_resolved_share(np.zeros((100, 400), np.uint8)) == 1
    assert measure_resolved_share(np.full((400, 400), 90, np.uint8)) == 1


def test_what_was_scaled_while_it_was_decoded_needs_so_much_less() -> None:
    assert (
        measure_resolved_share(gray(enlarged("coffee.png", 2)), 2)
        == measure_resolved_share(gray(enlarged("coffee.png", 2))) / 2
    )
