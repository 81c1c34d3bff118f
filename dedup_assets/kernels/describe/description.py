"""One image's bytes to everything about it that needs its pixels.

Here belongs the list of what is told of one picture: a sketch of each by itself, then what is cheaper for many small
pictures at once. Decoding is in `kernels/decode/image.py`, the small pictures in `shrinking.py`, measures in `quality.py` and
`palette.py`, hashes in `hashes.py`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.decode.image import DecodedImage, DecodeLimits, decode_image
from dedup_assets.kernels.decode.rendering import BLACK, WHITE, change_ground
from dedup_assets.kernels.describe.borders import find_inner_box
from dedup_assets.kernels.describe.canvas import measure_picture_share
from dedup_assets.kernels.describe.drawn import FINE_SIDE_PX, is_drawn, pack_fine_gray
from dedup_assets.kernels.describe.frame_records import pack_frames
from dedup_assets.kernels.describe.hashes import dct_hashes, wavelet_hashes
from dedup_assets.kernels.describe.palette import (
    count_dominant_colours,
    measure_colourfulness,
    summarize_small_pictures,
)
from dedup_assets.kernels.describe.quality import QualitySignals, measure_details, measure_quality
from dedup_assets.kernels.describe.shrinking import reduce_picture, shrink_to_gray_64, to_gray
from dedup_assets.kernels.describe.thumbnails import make_alpha_thumbnail, make_thumbnail

Box = tuple[float, float, float, float]
Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ImageSketch(QualitySignals):
    """What one image's pixels told by themselves, some 30 KB; fields are named as the columns of the table of features.

    gray_64 is (64, 64) uint8, of the whole upright picture whatever its aspect ratio; inner_gray_64 the same inside
    inner_box (left, top, width, height as shares 0..1 of the upright picture), both None without a uniform border; of a
    transparent picture inner_gray_64 is the whole on black, or on white where it was described on black. alpha_thumbnail lies upon
    thumbnail, ground_level is the gray level that shows through; both None where all is opaque. thumbnail is a JPEG, upright, its
    longer side 256 pixels or that of a smaller original, see `thumbnails.py`. fine_gray is the record of `drawn.py`, None of a
    photograph. What the file tells beside its pixels is as in `kernels/decode/image.DecodedImage`. further_frames are those of
    `frame_records.py`, frame_digests those of `kernels/decode/frame_digests.py`; both None for a still. colour_32 is that of
    `shrinking.Reduction`.
    """

    image_format: str
    color_mode: str
    width_px: int
    height_px: int
    exif_orientation: int
    chroma_subsampling: str | None
    lossy_percent: float | None
    sample_bits: int
    origin_facts: str | None
    frame_count: int
    frame_digests: bytes | None
    further_frames: bytes | None
    alpha_thumbnail: bytes | None
    ground_level: int | None
    picture_share: float
    gray_64: Gray
    inner_gray_64: Gray | None
    inner_box: Box | None
    colour_32: NDArray[np.uint8]
    thumbnail: bytes
    fine_gray: bytes | None


@dataclass(frozen=True, slots=True)
class ImageDescription(ImageSketch):
    """A sketch and what is measured of many at once.

    contrast is the standard deviation of gray_64, 0..127. color_8 is the upright picture as 8x8 RGB bytes, dominant_colors as in
    `palette.py`, detail as in `quality.py`. Hashes are 32 bytes.
    """

    contrast: float
    detail: float
    colourfulness: float
    color_8: bytes
    dominant_colors: int
    wavelet_hash: bytes
    dct_hash: bytes
    inner_wavelet_hash: bytes | None
    inner_dct_hash: bytes | None


def describe_image(data: bytes, limits: DecodeLimits) -> ImageDescription:
    """Decode once and describe; raises UnreadableImage for bytes that give no picture within the limits."""
    return describe_sketches([sketch_image(data, limits)])[0]


@cache
def load_compiled() -> None:
    """Describe one picture of noise in a border, so that nothing has to be compiled or loaded for the pictures after it.

    It takes about a second, once a process, and some ten where nothing was compiled before.
    """
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    framed = cv2.copyMakeBorder(noise, 8, 0, 0, 0, cv2.BORDER_CONSTANT)
    describe_image(cv2.imencode(".png", framed)[1].tobytes(), DecodeLimits())


def sketch_image(data: bytes, limits: DecodeLimits) -> ImageSketch:
    """Decode once and measure what needs the picture itself; raises UnreadableImage as `describe_image` does."""
    decoded = decode_image(data, limits)
    width_px, height_px = decoded.width_px, decoded.height_px
    picture = reduce_picture(decoded.rgb)
    inner_box = find_inner_box(picture.gray)
    signals = measure_quality(picture, width_px, height_px, len(data), decoded.jpeg_quantization)
    return ImageSketch(
        **asdict(signals),
        image_format=decoded.image_format,
        color_mode=decoded.color_mode,
        width_px=width_px,
        height_px=height_px,
        exif_orientation=decoded.exif_orientation,
        chroma_subsampling=decoded.chroma_subsampling,
        lossy_percent=decoded.lossy_percent,
        sample_bits=decoded.sample_bits,
        origin_facts=decoded.origin_facts,
        frame_count=decoded.further.count,
        frame_digests=decoded.further.digests or None,
        further_frames=pack_frames(picture.gray_64, decoded.further),
        gray_64=picture.gray_64,
        inner_gray_64=_second_gray_64(picture.gray, inner_box, decoded),
        inner_box=inner_box,
        colour_32=picture.colour_32,
        thumbnail=make_thumbnail(decoded.rgb, picture),
        picture_share=measure_picture_share(picture.gray),
        alpha_thumbnail=None if decoded.alpha is None else make_alpha_thumbnail(decoded.alpha),
        ground_level=decoded.ground_level,
        fine_gray=pack_fine_gray(to_gray(decoded.keep_side(FINE_SIDE_PX))) if is_drawn(picture.luma) else None,
    )


def _second_gray_64(gray: Gray, inner_box: Box | None, decoded: DecodedImage) -> Gray | None:
    """The other picture that is hashed: on the other ground, for a flattened copy, or without border."""
    if decoded.alpha is not None and decoded.ground_level is not None:
        other = WHITE if decoded.ground_level == BLACK else BLACK
        return shrink_to_gray_64(change_ground(gray, decoded.alpha, decoded.ground_level, other))
    return None if inner_box is None else shrink_to_gray_64(_crop(gray, inner_box))


def describe_sketches(sketches: Sequence[ImageSketch]) -> list[ImageDescription]:
    """Complete the descriptions of pictures, in their order; each is the same whichever others are with it."""
    if not sketches:
        return []
    together = _measure_together(sketches)
    rows = (dict(zip(together, row, strict=True)) for row in zip(*together.values(), strict=True))
    return [
        ImageDescription(**{field.name: getattr(sketch, field.name) for field in fields(sketch)}, **row)
        for sketch, row in zip(sketches, rows, strict=True)
    ]


def _measure_together(sketches: Sequence[ImageSketch]) -> dict[str, list[Any]]:
    """Return the fields of ImageDescription that are measured of many small pictures at once."""
    gray = np.stack([sketch.gray_64 for sketch in sketches])
    colour = np.stack([sketch.colour_32 for sketch in sketches])
    wavelet, dct = _hash_each(list(gray))
    inner_wavelet, inner_dct = _hash_each([sketch.inner_gray_64 for sketch in sketches])
    return {
        "contrast": [float(cv2.meanStdDev(picture)[1][0, 0]) for picture in gray],
        "detail": measure_details(gray).tolist(),
        "colourfulness": measure_colourfulness(colour).tolist(),
        "color_8": [summary.tobytes() for summary in summarize_small_pictures(colour)],
        "dominant_colors": count_dominant_colours(colour).tolist(),
        "wavelet_hash": wavelet,
        "dct_hash": dct,
        "inner_wavelet_hash": inner_wavelet,
        "inner_dct_hash": inner_dct,
    }


def _hash_each(pictures: Sequence[Gray | None]) -> tuple[list[bytes | None], list[bytes | None]]:
    """Return the wavelet and the DCT hash of each picture, None where there is none."""
    at = [number for number, picture in enumerate(pictures) if picture is not None]
    wavelet: list[bytes | None] = [None] * len(pictures)
    dct = wavelet.copy()
    if at:
        given = np.stack([picture for picture in pictures if picture is not None])
        for number, *codes in zip(at, wavelet_hashes(given), dct_hashes(given), strict=True):
            wavelet[number], dct[number] = (code.tobytes() for code in codes)
    return wavelet, dct


def _crop(gray: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return the part of (h, w) within a box of shares, of at least one pixel."""
    height, width = gray.shape
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    right, bottom = round((box[0] + box[2]) * width), round((box[1] + box[3]) * height)
    return np.ascontiguousarray(gray[top : max(top + 1, bottom), left : max(left + 1, right)])
