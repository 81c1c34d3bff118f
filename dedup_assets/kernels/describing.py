"""One image's bytes to everything about it that needs its pixels.

Here belongs what one decoded picture is boiled down to: small gray images, thumbnail, quality signals. Decoding is in
`decoding`, measures in `quality`, hashes (taken of a whole chunk of gray images at once) in `hashing`.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from dedup_assets.kernels.decoding import DecodeLimits, decode_image
from dedup_assets.kernels.hashing import GRAY_SIDE
from dedup_assets.kernels.palette import count_dominant_colours, summarize_colours
from dedup_assets.kernels.quality import find_inner_box, measure_quality

THUMBNAIL_SIDE_PX: Final = 256
THUMBNAIL_JPEG_QUALITY: Final = 90

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """What one image's pixels told; fields are named as the columns of the table of features.

    gray_64 is (64, 64) uint8, of the whole upright picture whatever its aspect ratio; inner_gray_64 the same inside
    inner_box (left, top, width, height as shares 0..1 of the upright picture), both None without a uniform border.
    contrast is the standard deviation of gray_64, 0..127. thumbnail is a JPEG (quality 90, 4:4:4), upright, its longer
    side 256 pixels or that of a smaller original. color_8 is the upright picture as 8x8 RGB bytes, dominant_colors as
    in `palette`. The quality signals are explained in `quality.QualitySignals`.
    """

    image_format: str
    color_mode: str
    width_px: int
    height_px: int
    exif_orientation: int
    gray_64: NDArray[np.uint8]
    inner_gray_64: NDArray[np.uint8] | None
    inner_box: Box | None
    contrast: float
    sharpness: float
    jpeg_quality: int | None
    prior_jpeg_quality: int | None
    bits_per_pixel: float
    chroma_subsampling: str | None
    blockiness: float
    upscale_score: float
    detail: float
    colourfulness: float
    color_8: bytes
    dominant_colors: int
    thumbnail: bytes


def describe_image(data: bytes, limits: DecodeLimits) -> ImageDescription:
    """Decode once and describe; raises UnreadableImage for bytes that give no picture within the limits."""
    decoded = decode_image(data, limits)
    rgb, width_px, height_px = decoded.rgb, decoded.width_px, decoded.height_px
    signals = measure_quality(rgb, width_px, height_px, len(data), decoded.jpeg_quantization)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    gray_64 = shrink_to_gray_64(gray)
    small = shrink_to_thumbnail(rgb, max(width_px, height_px))
    inner_box = find_inner_box(rgb)
    return ImageDescription(
        image_format=decoded.image_format,
        color_mode=decoded.color_mode,
        width_px=width_px,
        height_px=height_px,
        exif_orientation=decoded.exif_orientation,
        gray_64=gray_64,
        inner_gray_64=None if inner_box is None else shrink_to_gray_64(_crop(gray, inner_box)),
        inner_box=inner_box,
        contrast=float(gray_64.std()),
        sharpness=signals.sharpness,
        jpeg_quality=signals.jpeg_quality,
        prior_jpeg_quality=signals.prior_jpeg_quality,
        bits_per_pixel=signals.bits_per_pixel,
        chroma_subsampling=decoded.chroma_subsampling,
        blockiness=signals.blockiness,
        upscale_score=signals.upscale_score,
        detail=signals.detail,
        colourfulness=signals.colourfulness,
        color_8=summarize_colours(small).tobytes(),
        dominant_colors=count_dominant_colours(small),
        thumbnail=encode_thumbnail(small),
    )


def shrink_to_gray_64(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average (h, w) uint8 over areas down to 64x64; a side shorter than 64 is stretched linearly."""
    height, width = min(gray.shape[0], GRAY_SIDE), min(gray.shape[1], GRAY_SIDE)
    small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
    if small.shape != (GRAY_SIDE, GRAY_SIDE):
        small = cv2.resize(small, (GRAY_SIDE, GRAY_SIDE), interpolation=cv2.INTER_LINEAR)
    return small.astype(np.uint8, copy=False)


def shrink_to_thumbnail(rgb: NDArray[np.uint8], full_side_px: int) -> NDArray[np.uint8]:
    """Scale (h, w, 3) uint8 so that its longer side is 256 pixels, or full_side_px where that is less.

    It is halved by averaging while it is at least twice too large, then interpolated between neighbours, of which each
    then counts: as good to the eye as `cv2.INTER_AREA` at one step, and several times as fast.
    """
    height, width = rgb.shape[:2]
    share = min(THUMBNAIL_SIDE_PX, full_side_px) / max(height, width)
    wanted_height, wanted_width = max(1, round(height * share)), max(1, round(width * share))
    while rgb.shape[0] >= 2 * wanted_height and rgb.shape[1] >= 2 * wanted_width:
        rgb = _halve(rgb)
    if rgb.shape[:2] != (wanted_height, wanted_width):
        rgb = cv2.resize(rgb, (wanted_width, wanted_height), interpolation=cv2.INTER_LINEAR).astype(
            np.uint8, copy=False
        )
    return np.ascontiguousarray(rgb)


def encode_thumbnail(rgb: NDArray[np.uint8]) -> bytes:
    """Encode contiguous (h, w, 3) uint8 as JPEG of quality 90 without chroma subsampling: equal pixels, equal bytes."""
    thumbnail: bytes = simplejpeg.encode_jpeg(rgb, quality=THUMBNAIL_JPEG_QUALITY, colorsubsampling="444")
    return thumbnail


def _halve(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
    even = rgb[: 2 * height, : 2 * width]
    return cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _crop(gray: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return the part of (h, w) within a box of shares, of at least one pixel."""
    height, width = gray.shape
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    right, bottom = round((box[0] + box[2]) * width), round((box[1] + box[3]) * height)
    return gray[top : max(top + 1, bottom), left : max(left + 1, right)]
