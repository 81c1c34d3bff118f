"""The fast path for JPEG: libjpeg-turbo, straight from bytes to an array, at the scale that is needed.

Here belongs what is particular to the pixels of a JPEG; headers that are read without Pillow are in `jpeg_header.py`. What
this path does not read (CMYK, damaged files) goes the general way in `image.py`, by Pillow's libjpeg-turbo with the same
scaling, which gives the same pixels.
"""

from typing import Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from dedup_assets.kernels.decode.jpeg_header import PlainHeader, name_subsampling, walk_segments
from dedup_assets.kernels.decode.rendering import render_pixels, render_rgb
from dedup_assets.kernels.decode.unreadable import UnreadableImage

_SCAN: Final = 0xDA
# Start of frame, whatever its coding; the three others of these numbers are tables (DHT, JPG, DAC).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DATA_ENDS_EARLY: Final = "premature end of data segment"
_NO_DATA_GRAY: Final = 128


def decode_plain(data: bytes, header: PlainHeader, factor: int) -> NDArray[np.uint8]:
    """Decode a plain JPEG, scaled down by 1, 2, 4 or 8 (sizes rounded up), to (h, w, 3) uint8 sRGB.

    Raises ValueError for all that libjpeg-turbo complains of; `decode_scaled` then tells what it is worth.
    """
    pixels = _decode_by_turbo(data, header.color_mode, header.width_px, header.height_px, factor)
    return render_pixels(pixels, header.profile)


def decode_scaled(data: bytes, image: JpegImagePlugin.JpegImageFile, factor: int) -> NDArray[np.uint8]:
    """Decode a JPEG whose header is open in `image`, scaled down by 1, 2, 4 or 8 (sizes rounded up).

    Returns (h, w, 3) uint8 sRGB, not yet upright. Raises UnreadableImage for a sequential file whose data end before
    its last row of blocks, and whatever Pillow raises for damaged ones.
    """
    profile = image.info.get("icc_profile")
    if image.mode not in ("L", "RGB"):
        return render_rgb(_decode_by_pillow(image, factor), profile)
    try:
        return render_pixels(_decode_by_turbo(data, image.mode, *image.size, factor), profile)
    except ValueError as complaint:
        scaled = _decode_by_pillow(image, factor)
        if _DATA_ENDS_EARLY in str(complaint) and "progressive" not in image.info and _ends_in_nothing(scaled):
            sentence = f"The JPEG file ends before its picture is complete: {len(data):,} bytes came."
            raise UnreadableImage("truncated", sentence) from complaint
        return render_rgb(scaled, profile)


def keeps_coefficients(data: bytes, image: JpegImagePlugin.JpegImageFile) -> bool:
    """Whether the decoder must hold the whole picture's coefficients (2 bytes a sample): its scans are not one."""
    if "progressive" in image.info:
        return True
    scan = next((begin for kind, begin, _ in walk_segments(data) if kind == _SCAN), None)
    return scan is None or data[scan] < len(image.layer)


def find_frame_marker(data: bytes) -> int | None:
    """Return the second byte of the marker that begins the frame: 0xC0 baseline, 0xC2 progressive and so on.

    None where segments do not follow each other up to a frame.
    """
    return next((kind for kind, *_ in walk_segments(data) if kind in _FRAMES), None)


def read_quantization(image: JpegImagePlugin.JpegImageFile) -> tuple[tuple[int, ...], ...]:
    """Return the quantization tables of an open JPEG by their number, each 64 values in rows, as Pillow gives them."""
    return tuple(tuple(table) for _, table in sorted(image.quantization.items()))


def read_subsampling(image: JpegImagePlugin.JpegImageFile) -> str | None:
    """Return the name of the chroma subsampling of an open JPEG, None for one in gray."""
    return name_subsampling([(wide, high) for _, wide, high, _ in image.layer])


def _ends_in_nothing(scaled: Image.Image) -> bool:
    """Whether the last row is the gray that libjpeg gives to blocks without data: damage in the middle leaves a last row."""
    last_row = scaled.crop((0, scaled.height - 1, scaled.width, scaled.height))
    return bool((np.asarray(last_row) == _NO_DATA_GRAY).all())


def _decode_by_turbo(data: bytes, color_mode: str, width_px: int, height_px: int, factor: int) -> NDArray[np.uint8]:
    color_space = "GRAY" if color_mode == "L" else "RGB"
    height, width = -(-height_px // factor), -(-width_px // factor)
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data, color_space, min_height=height, min_width=width, min_factor=factor, strict=True
    )
    return pixels[..., 0] if color_mode == "L" else pixels


def _decode_by_pillow(image: JpegImagePlugin.JpegImageFile, factor: int) -> Image.Image:
    image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))
    image.load()
    remaining = factor // image.decoderconfig[0] if image.decoderconfig else factor
    return image.reduce(remaining) if remaining > 1 else image
