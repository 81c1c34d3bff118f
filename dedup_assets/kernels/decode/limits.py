"""What decoding one picture may cost, judged by its header alone.

Here belong the limits and what each decoder needs. Its seconds do not, nor reading its file.
"""

from dataclasses import dataclass
from typing import Final

from PIL import ImageFile, JpegImagePlugin

from dedup_assets.kernels.decode.jpeg import keeps_coefficients
from dedup_assets.kernels.decode.jpeg_header import PlainHeader
from dedup_assets.kernels.decode.unreadable import UnreadableImage

# Peak memory of decoding, measured on 17 megapixels, in bytes a pixel: what Pillow holds (1 or 4) and one for scaling
# down, and for each band what these decoders hold besides. RGB in all: PNG 4.5, TIFF 5.6, AVIF 8, HEIC 12.7, WebP 16.5,
# JPEG 2000 19.3; JPEG 0.1, if progressive 3 (4:2:0) to 6 (4:4:4).
_DECODER_BYTES_PER_BAND: Final = {"WEBP": 4, "AVIF": 3, "HEIF": 3, "JPEG2000": 6, "TIFF": 1}


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What one image may cost, inclusive: pixels as its header declares them, bytes of its file, and of decoding it."""

    max_pixels: int = 250_000_000
    max_decoding_bytes: int = 800_000_000
    max_file_bytes: int = 1_000_000_000


def allow_plain_jpeg(header: PlainHeader, limits: DecodeLimits) -> bool:
    """Whether a JPEG may be decoded; what is said of one that may not is in `check_limits`."""
    pixels = header.width_px * header.height_px
    needed = pixels * _jpeg_bytes_per_pixel(len(header.color_mode), header.keeps_coefficients)
    return pixels <= limits.max_pixels and needed <= limits.max_decoding_bytes


def check_limits(data: bytes, image: ImageFile.ImageFile, limits: DecodeLimits) -> None:
    """Judge an open picture; raises UnreadableImage for one that is too large."""
    pixels = image.width * image.height
    came = f"The {image.format} picture has {image.width:,} x {image.height:,} = {pixels:,} pixels"
    if pixels > limits.max_pixels:
        raise UnreadableImage("too_large", f"{came}; {limits.max_pixels:,} are allowed.")
    needed = pixels * _decoding_bytes_per_pixel(data, image)
    if needed > limits.max_decoding_bytes:
        cost = f"would need about {needed:,} bytes of memory to decode; {limits.max_decoding_bytes:,} are allowed."
        raise UnreadableImage("too_large", f"{came} and {cost}")


def _decoding_bytes_per_pixel(data: bytes, image: ImageFile.ImageFile) -> int:
    """Return the peak memory of decoding, in bytes a pixel of the full size, rounded up."""
    bands = len(image.getbands())
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return _jpeg_bytes_per_pixel(bands, keeps_coefficients(data, image))
    held = 1 if image.mode in ("1", "L", "P") else 4
    return held + 1 + bands * _DECODER_BYTES_PER_BAND.get(image.format or "", 0)


def _jpeg_bytes_per_pixel(bands: int, keeps_all: bool) -> int:
    return 2 * bands if keeps_all else 1
