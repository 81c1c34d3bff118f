"""A JPEG that was made of a coarser one lacks multiples of its steps; one that was not lacks none.

Chosen on 25 photographs of a collection of its own; checked here on others.
"""

import io

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup_assets.kernels.describe.gaps import find_gaps
from dedup_assets_tests.kernels.photographs import encode, load_photograph

NAMES = ("astronaut.png", "coffee.png", "motorcycle_left.png", "chelsea.png")


def compressed(name: str, *qualities: int) -> Image.Image:
    """Return a photograph that was compressed at each quality in turn; open, as the last file has it."""
    image = load_photograph(name)
    for quality in qualities:
        image = Image.open(io.BytesIO(encode(image.convert("RGB"), "JPEG", quality=quality)))
    return image


def found(image: Image.Image) -> int | None:
    assert isinstance(image, JpegImageFile)
    return find_gaps(np.asarray(image.convert("L")), np.reshape(image.quantization[0], (8, 8)).astype(np.int64))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("qualities", [(60, 75), (65, 85), (70, 90), (75, 90)])
def test_the_first_of_two_compressions_is_found_by_its_gaps(name: str, qualities: tuple[int, int]) -> None:
    assert found(compressed(name, *qualities)) == pytest.approx(qualities[0], abs=4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("qualities", [(60,), (75,), (92,), (85, 60), (92, 80)])
def test_one_compression_and_a_coarser_second_one_leave_no_gaps(name: str, qualities: tuple[int, ...]) -> None:
    assert found(compressed(name, *qualities)) is None


def test_a_small_picture_tells_nothing() -> None:
    assert find_gaps(np.zeros((5, 40), np.uint8), np.full((8, 8), 16)) is None
