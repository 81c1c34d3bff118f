"""Photographs that ship inside the scikit-image wheel, and the files that tests make of them."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg", "ihc.png")


@lru_cache(maxsize=8)
def load_photograph(name: str = "chelsea.png") -> Image.Image:
    """Return one photograph as RGB; shared, so not to be changed."""
    with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
        return Image.fromarray(np.array(image.convert("RGB")))


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Return the bytes of a file in a format that Pillow or pillow-heif writes."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def mean_difference(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference of two equal-sized pictures in gray levels, 0..255."""
    return float(np.abs(left.astype(np.int16) - right.astype(np.int16)).mean())
