"""Small pictures with as much detail as photographs have, made from a number, and the files that tests make of them.

Belongs here: pixels and their encoding. Does not belong here: real photographs (`kernels/photographs.py`), folders of them.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]

_SCALES = ((3, 55.0), (8, 40.0), (24, 25.0), (80, 12.0))
"""Cells a side and strength in gray levels: detail of every size, the coarse the strongest, as in nature."""


def make_photograph(number: int, width_px: int = 240, height_px: int = 180) -> Picture:
    """(height, width, 3) uint8 RGB; equal numbers give equal pictures, different ones unrelated pictures."""
    random = np.random.default_rng(number)
    picture = np.full((height_px, width_px, 3), 128.0, np.float32)
    for cells, strength in _SCALES:
        coarse = random.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def jpeg(picture: Picture, quality: int = 92, **options: object) -> bytes:
    """The bytes of a JPEG file."""
    return _encode(picture, "JPEG", quality=quality, **options)


def png(picture: Picture, **options: object) -> bytes:
    """The bytes of a PNG file."""
    return _encode(picture, "PNG", **options)


def jpeg2000(picture: Picture, **options: object) -> bytes:
    """The bytes of a JPEG 2000 file, which takes a hundred times as long to decode."""
    return _encode(picture, "JPEG2000", **options)


def scaled(picture: Picture, share: float) -> Picture:
    """The picture with `share` of its width and height."""
    return cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA).astype(np.uint8)


def marked(picture: Picture) -> Picture:
    """The picture with a white box that hides a thirtieth of it."""
    height, width = picture.shape[:2]
    box = (width // 10, height // 10), (width // 10 + width // 6, height // 10 + height // 5)
    return cv2.rectangle(picture.copy(), *box, color=(255, 255, 255), thickness=cv2.FILLED).astype(np.uint8)


def faded(picture: Picture, other: Picture, share: float) -> Picture:
    """`share` of the other picture over the rest of the first."""
    return cv2.addWeighted(picture, 1 - share, other, share, 0).astype(np.uint8)


def _encode(picture: Picture, image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, image_format, **options)
    return out.getvalue()
