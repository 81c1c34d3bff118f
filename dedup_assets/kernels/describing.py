"""One image's bytes to everything about it that needs its pixels.

Here belongs the list of what is told of one picture. Decoding is in `decoding`, the small pictures in `shrinking`,
measures in `quality`, hashes (taken of a whole chunk of gray images at once) in `hashing`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.borders import find_inner_box
from dedup_assets.kernels.decoding import DecodeLimits, decode_image
from dedup_assets.kernels.palette import count_dominant_colours, summarize_colours
from dedup_assets.kernels.quality import measure_quality
from dedup_assets.kernels.shrinking import reduce_picture, shrink_to_gray_64
from dedup_assets.kernels.thumbnails import make_thumbnail

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """What one image's pixels told; fields are named as the columns of the table of features.

    gray_64 is (64, 64) uint8, of the whole upright picture whatever its aspect ratio; inner_gray_64 the same inside
    inner_box (left, top, width, height as shares 0..1 of the upright picture), both None without a uniform border.
    contrast is the standard deviation of gray_64, 0..127. thumbnail is a JPEG, upright, its longer side 256 pixels or
    that of a smaller original, see `thumbnails`. color_8 is the upright picture as 8x8 RGB bytes, dominant_colors as
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
    width_px, height_px = decoded.width_px, decoded.height_px
    picture = reduce_picture(decoded.rgb)
    signals = measure_quality(picture, width_px, height_px, len(data), decoded.jpeg_quantization)
    inner_box = find_inner_box(picture.gray)
    return ImageDescription(
        image_format=decoded.image_format,
        color_mode=decoded.color_mode,
        width_px=width_px,
        height_px=height_px,
        exif_orientation=decoded.exif_orientation,
        gray_64=picture.gray_64,
        inner_gray_64=None if inner_box is None else shrink_to_gray_64(_crop(picture.gray, inner_box)),
        inner_box=inner_box,
        contrast=float(cv2.meanStdDev(picture.gray_64)[1][0, 0]),
        sharpness=signals.sharpness,
        jpeg_quality=signals.jpeg_quality,
        prior_jpeg_quality=signals.prior_jpeg_quality,
        bits_per_pixel=signals.bits_per_pixel,
        chroma_subsampling=decoded.chroma_subsampling,
        blockiness=signals.blockiness,
        upscale_score=signals.upscale_score,
        detail=signals.detail,
        colourfulness=signals.colourfulness,
        color_8=summarize_colours(picture.colour_32).tobytes(),
        dominant_colors=count_dominant_colours(picture.colour_32),
        thumbnail=make_thumbnail(decoded.rgb, picture),
    )


def _crop(gray: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return the part of (h, w) within a box of shares, of at least one pixel."""
    height, width = gray.shape
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    right, bottom = round((box[0] + box[2]) * width), round((box[1] + box[3]) * height)
    return gray[top : max(top + 1, bottom), left : max(left + 1, right)]
