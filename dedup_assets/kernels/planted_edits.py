"""Edits of known kind and strength, as people make them: what the demo plants, and what calibration measures with.

Belongs here: what an edit does to pixels, and how the result is encoded. Does not belong here: files that hold more than one
opaque picture (`planted_files.py`), which kinds calibration plants (`planted_kinds.py`), or finding them again.

Pictures are (h, w, 3) uint8 RGB. Everything is a function of the picture alone: noise is drawn from its own content.
"""

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
JPEG_QUALITY = 88


def encode(picture: Picture, suffix: str, *parameters: int) -> bytes:
    """The bytes of a file of this suffix, with parameters as `cv2.imencode` takes them."""
    return cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), list(parameters))[1].tobytes()


def jpeg(picture: Picture, quality: int = JPEG_QUALITY) -> bytes:
    """The bytes of a JPEG file of a quality from 1 to 100."""
    return encode(picture, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def webp(picture: Picture, quality: int) -> bytes:
    """The bytes of a lossy WebP file of a quality from 1 to 100."""
    return encode(picture, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def scaled(picture: Picture, factor: float) -> Picture:
    """`factor` times as wide and high, at least one pixel."""
    height, width = picture.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def toned(picture: Picture, gain: float = 1.0, offset: float = 0.0, gamma: float = 1.0) -> Picture:
    """gain * x^gamma + offset, of x in 0..1 and cut to it."""
    levels = gain * np.linspace(0, 1, 256) ** gamma + offset
    return np.clip(np.rint(255 * levels), 0, 255).astype(np.uint8)[picture]


def grayed(picture: Picture) -> Picture:
    """The mean of the three channels in each of them."""
    return np.repeat(picture.mean(2, keepdims=True), 3, 2).astype(np.uint8)


def blurred(picture: Picture, pixels: float) -> Picture:
    """Smoothed by a Gaussian of `pixels` standard deviation, of a picture of 500."""
    sigma = pixels * max(picture.shape[:2]) / 500
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.3)), np.uint8)


def noisy(picture: Picture, levels: float) -> Picture:
    """With Gaussian noise of `levels` standard deviation, drawn from the picture's own bytes."""
    random = np.random.default_rng(zlib.crc32(picture.tobytes()))
    noise = random.normal(0, levels, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def cropped(picture: Picture, removed: float, at: float = 1 / 3) -> Picture:
    """Without a share of its area; `at` says which part of that lies left and above, half of it being the middle."""
    side = (1 - removed) ** 0.5
    height, width = (max(1, round(length * side)) for length in picture.shape[:2])
    top, left = (round((whole - part) * at) for whole, part in zip(picture.shape, (height, width), strict=False))
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def framed(picture: Picture, share: float, colour: tuple[int, int, int] = BLACK) -> Picture:
    """Within a border of `share` of the shorter side."""
    width = max(1, round(min(picture.shape[:2]) * share))
    border = cv2.copyMakeBorder(picture, width, width, width, width, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(border, np.uint8)


def captioned(picture: Picture, words: str = "LOOK AT THIS") -> Picture:
    """Below a white strip of a fifth of its height with words on it."""
    bar = max(1, picture.shape[0] // 5)
    whole = cv2.copyMakeBorder(picture, bar, 0, 0, 0, cv2.BORDER_CONSTANT, value=WHITE)
    size = picture.shape[1] / 420
    return np.asarray(cv2.putText(whole, words, (10, bar * 2 // 3), cv2.FONT_HERSHEY_DUPLEX, size, BLACK, 2), np.uint8)


def dated(picture: Picture) -> Picture:
    """With a date in its lower right corner."""
    width = picture.shape[1]
    return _written(picture, "2025-06-01", (0.62, 0.95), width / 700, max(1, width // 160))


def watermarked(picture: Picture) -> Picture:
    """Under words across its middle that let 60 % of it through."""
    width = picture.shape[1]
    written = _written(picture, "WATERMARK", (0.08, 0.55), width / 340, max(2, width // 100))
    return np.asarray(cv2.addWeighted(picture, 0.6, written, 0.4, 0), np.uint8)


def _written(picture: Picture, words: str, at: tuple[float, float], size: float, thickness: int) -> Picture:
    """With white words, of which the lower left corner stands at shares of its width and height."""
    height, width = picture.shape[:2]
    corner = int(width * at[0]), int(height * at[1])
    font = cv2.FONT_HERSHEY_DUPLEX
    return np.asarray(cv2.putText(picture.copy(), words, corner, font, size, WHITE, thickness, cv2.LINE_AA), np.uint8)


def mirrored(picture: Picture) -> Picture:
    """Left for right."""
    return np.ascontiguousarray(picture[:, ::-1])


def turned(picture: Picture, quarters: int = 1) -> Picture:
    """By quarter turns against the clock."""
    return np.ascontiguousarray(np.rot90(picture, quarters))


def tilted(picture: Picture, degrees: float) -> Picture:
    """Turned about its middle within its own frame, the edge pixels repeated."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def recoloured(picture: Picture) -> Picture:
    """Every hue turned by 150 degrees: the same thing in another colour, which is another product."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def with_thing(picture: Picture, share: float = 0.03) -> Picture:
    """With a round piece of itself, upside down, of a share of its area, where its upper left third ends."""
    height, width = picture.shape[:2]
    radius = max(2, round((share * height * width / np.pi) ** 0.5))
    thing, place = np.zeros((height, width, 1), np.float32), (width // 3, height // 3)
    cv2.circle(thing, place, radius, 1, cv2.FILLED)
    softly = np.asarray(cv2.GaussianBlur(thing, (0, 0), 1.0), np.float32)[..., None]
    return (picture + softly * (turned(picture, 2).astype(np.float32) - picture)).round().astype(np.uint8)


def painted_over(picture: Picture, share: float = 0.1) -> Picture:
    """With a round part of a share of its area, below its middle, filled from what is around it (Telea 2004)."""
    height, width = picture.shape[:2]
    radius = max(2, round((share * height * width / np.pi) ** 0.5))
    hole = np.asarray(
        cv2.circle(np.zeros((height, width), np.uint8), (width // 2, height * 3 // 5), radius, 1, -1), np.uint8
    )
    return np.asarray(cv2.inpaint(picture, hole, 3, cv2.INPAINT_TELEA), np.uint8)
