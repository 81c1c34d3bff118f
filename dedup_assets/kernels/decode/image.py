"""From the bytes of an image file to one upright sRGB picture, no larger than needed, or to the reason why not.

Here belong the order of the steps and the pinned decoder of each format: libjpeg-turbo by `simplejpeg` for JPEG, libdeflate
for plain PNG (`png.py`), Pillow (with pillow-heif for HEIC) for all others. Measured on photographs of 0.2 megapixels, ms an
image: JPEG 0.73 (OpenCV 0.75, Pillow 1.02), PNG 0.6 of 3.7 (Pillow 3.7, OpenCV 6.4), GIF 1.3 (OpenCV 4.2), WebP 2.3 (2.0), AVIF 4.7
(6.0), JPEG 2000 55 (52). The headers of plain JPEGs are read in `jpeg_header.py`, those of all other files by Pillow. Guarding
against decoders that crash or hang is not done here.
"""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import AvifImagePlugin, ExifTags, Image, ImageFile, JpegImagePlugin

from dedup_assets.kernels.decode.further_frames import FurtherFrames, read_further_frames
from dedup_assets.kernels.decode.jpeg import decode_plain, decode_scaled, read_quantization, read_subsampling
from dedup_assets.kernels.decode.jpeg_header import PlainHeader, read_plain_header
from dedup_assets.kernels.decode.limits import DecodeLimits, allow_plain_jpeg, check_limits
from dedup_assets.kernels.decode.losses import count_sample_bits, find_inner_tables, measure_loss
from dedup_assets.kernels.decode.origin import EXIF_FAILURES, tell_origin
from dedup_assets.kernels.decode.pixels import reduce_to_plain
from dedup_assets.kernels.decode.png import read_plain_png
from dedup_assets.kernels.decode.rendering import render_on_ground, render_rgb
from dedup_assets.kernels.decode.unreadable import UnreadableImage, explain_failure
from dedup_assets.kernels.transforms import transform_image

__all__ = ["DecodeLimits", "DecodedImage", "UnreadableImage", "decode_image"]

# The longer side of a picture that is scaled down stays at least this long: what thumbnails (256) and sharpness need.
MIN_SIDE_PX: Final = 512
MAX_FACTOR: Final = 8
OPAQUE: Final = 255

# How an EXIF orientation (1..8) is made upright, in the words of `transforms.TRANSFORMS`.
_UPRIGHT: Final = ("identity", "mirror", "rot180", "flip", "transpose", "rot270", "transverse", "rot90")

# These run other programs, have no decoder on Linux, or hold no picture.
_FORMATS_NOT_READ: Final = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MCIDAS", "MPEG", "WMF"})

_NO_FURTHER: Final = FurtherFrames(1)
_DECODER_MODULES: Final = r"(PIL|pillow_heif)\."
_WARNING_FILTER: Final = ("ignore", None, Warning, re.compile(_DECODER_MODULES), 0)

AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """One picture as a viewer shows it.

    rgb is (h, w, 3) uint8: upright, sRGB, over its ground; scaled down by 1, 2, 4 or 8 so that its longer side keeps at
    least 512 pixels. width_px and height_px are those of the full-size picture, upright. color_mode is Pillow's word
    for the pixels of the file, exif_orientation 1..8 as the file has it. jpeg_quantization and chroma_subsampling ("4:2:0"
    and the like) are None for other formats than JPEG. lossy_percent is that of `losses.py`, sample_bits 8..16, origin_facts as in
    `origin.py`. alpha is (h, w) uint8 beside rgb, and ground_level the gray level that shows through it; None where all is opaque.
    scale_down returns rgb again, scaled down by 1, 2, 4 or 8: from what is decoded already, where that has the full size.
    """

    rgb: NDArray[np.uint8]
    image_format: str
    color_mode: str
    width_px: int
    height_px: int
    exif_orientation: int
    jpeg_quantization: tuple[tuple[int, ...], ...] | None
    chroma_subsampling: str | None
    scale_down: Callable[[int], NDArray[np.uint8]]
    lossy_percent: float | None = None
    sample_bits: int = 8
    origin_facts: str | None = None
    further: FurtherFrames = _NO_FURTHER
    alpha: NDArray[np.uint8] | None = None
    ground_level: int | None = None

    def keep_side(self, min_side_px: int) -> NDArray[np.uint8]:
        """Return rgb as it is when its longer side keeps at least that many pixels, 512 or more."""
        factor = scale_factor(self.width_px, self.height_px, min_side_px)
        return self.rgb if factor == scale_factor(self.width_px, self.height_px) else self.scale_down(factor)


def decode_image(data: bytes, limits: DecodeLimits) -> DecodedImage:
    """Decode the first picture in `data`; raises UnreadableImage and nothing else, whatever the bytes are."""
    try:
        header = read_plain_header(data)
        plain = _decode_plain_jpeg(data, header, limits) if header else None
        return plain or _open_and_decode(data, limits)
    except Exception as error:
        raise explain_failure(data, error) from error


def scale_factor(width_px: int, height_px: int, min_side_px: int = MIN_SIDE_PX) -> int:
    """Return the largest of 1, 2, 4 and 8 that leaves the longer side at least that long, 1 for smaller pictures."""
    factor = 1
    while factor < MAX_FACTOR and max(width_px, height_px) >= 2 * factor * min_side_px:
        factor *= 2
    return factor


def _decode_plain_jpeg(data: bytes, header: PlainHeader, limits: DecodeLimits) -> DecodedImage | None:
    """Decode without Pillow; None where there is anything to say against this file, which is Pillow's to judge."""
    if not allow_plain_jpeg(header, limits):
        return None
    try:
        rgb = decode_plain(data, header, scale_factor(header.width_px, header.height_px))
    except ValueError:
        return None
    return DecodedImage(
        rgb=rgb,
        image_format="JPEG",
        color_mode=header.color_mode,
        width_px=header.width_px,
        height_px=header.height_px,
        exif_orientation=1,
        jpeg_quantization=header.quantization,
        chroma_subsampling=header.chroma_subsampling,
        scale_down=partial(decode_plain, data, header),
        origin_facts=_plain_origin(header.application or b"", header.profile),
    )


def _plain_origin(application: bytes, profile: bytes | None) -> str | None:
    """Return the origin that the one segment of EXIF or XMP of a plain JPEG tells, and its ICC profile."""
    exif = Image.Exif()
    if not application.startswith(b"Exif"):
        return tell_origin(exif, {"xmp": application, "icc_profile": profile})
    try:
        exif.load(application)
    except EXIF_FAILURES:
        return None
    return tell_origin(exif, {"icc_profile": profile})


def _open_and_decode(data: bytes, limits: DecodeLimits) -> DecodedImage:
    _prepare_pillow(limits)
    with _open(data) as image:
        check_limits(data, image, limits)
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            return _decode_jpeg(data, image, limits)
        return _decode_other(data, image, limits)


def _open(data: bytes) -> ImageFile.ImageFile:
    return Image.open(io.BytesIO(data), formats=_readable_formats())


def _decode_jpeg(data: bytes, image: JpegImagePlugin.JpegImageFile, limits: DecodeLimits) -> DecodedImage:
    width_px, height_px = image.size
    orientation = _exif_orientation(image)
    turn = _UPRIGHT[orientation - 1]
    return DecodedImage(
        rgb=transform_image(decode_scaled(data, image, scale_factor(width_px, height_px)), turn),
        image_format="JPEG",
        color_mode=image.mode,
        width_px=height_px if orientation >= 5 else width_px,
        height_px=width_px if orientation >= 5 else height_px,
        exif_orientation=orientation,
        jpeg_quantization=read_quantization(image),
        chroma_subsampling=read_subsampling(image),
        scale_down=lambda factor: transform_image(
            decode_scaled(data, JpegImagePlugin.JpegImageFile(io.BytesIO(data)), factor), turn
        ),
        origin_facts=tell_origin(image.getexif(), image.info),
        further=read_further_frames(data, image, limits),
    )


def _decode_other(data: bytes, image: ImageFile.ImageFile, limits: DecodeLimits) -> DecodedImage:
    """Decode by Pillow what is no plain PNG; some plugins turn the picture while they load it: orientation is read then."""
    color_mode, profile = image.mode, image.info.get("icc_profile")
    declared = _declared_orientation(image)
    by_png = read_plain_png(data, image)
    if by_png is None:
        image.load()
    scale_down = by_png or partial(reduce_to_plain, image)
    plain = scale_down(scale_factor(*image.size))
    loaded = plain if by_png else image
    orientation = _exif_orientation(loaded)
    width_px, height_px = image.size
    origin, percent = tell_origin(loaded.getexif(), loaded.info), measure_loss(data, image, loaded)
    (rgb, level), alpha = render_on_ground(plain, profile), _find_alpha(plain)
    further, turn = read_further_frames(data, image, limits), _UPRIGHT[orientation - 1]
    if further.count > 1 or image.tell():  # it stands at another frame now
        scale_down = partial(_load_again, data)
    return DecodedImage(
        rgb=transform_image(rgb, turn),
        image_format=image.format or "unknown",
        color_mode=color_mode,
        width_px=height_px if orientation >= 5 else width_px,
        height_px=width_px if orientation >= 5 else height_px,
        exif_orientation=declared if orientation == 1 else orientation,
        jpeg_quantization=find_inner_tables(image),
        chroma_subsampling=None,
        scale_down=lambda factor: transform_image(render_rgb(scale_down(factor), profile), turn),
        lossy_percent=percent,
        sample_bits=count_sample_bits(data, image),
        origin_facts=origin,
        further=further,
        alpha=None if alpha is None else transform_image(alpha, turn),
        ground_level=None if alpha is None else level,
    )


def _load_again(data: bytes, factor: int) -> Image.Image:
    with _open(data) as image:
        image.load()
        return reduce_to_plain(image, factor)


def _find_alpha(plain: Image.Image) -> NDArray[np.uint8] | None:
    alpha = np.array(plain.getchannel("A")) if plain.mode == "RGBA" else None
    return None if alpha is None or alpha.min() == OPAQUE else alpha


def _exif_orientation(image: Image.Image) -> int:
    """Return how the picture is stored, 1..8; 1 where EXIF is missing, unreadable or out of range."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except EXIF_FAILURES:
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _declared_orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation in the file where the plugin will apply (TIFF) or has applied it itself (HEIC), else 1."""
    declared = getattr(image, "tag_v2", {}).get(ExifTags.Base.Orientation) or image.info.get("original_orientation")
    return declared if isinstance(declared, int) and 1 <= declared <= 8 else 1


@lru_cache(maxsize=1)
def _readable_formats() -> tuple[str, ...]:
    Image.init()
    common = ("JPEG", "PNG", "WEBP", "GIF")
    return common + tuple(sorted(set(Image.ID) - set(common) - _FORMATS_NOT_READ))


def _prepare_pillow(limits: DecodeLimits) -> None:
    """Set Pillow's own limit, which also holds for pictures within pictures (ICO), and keep its warnings from the log.

    Pillow raises above twice the number that it is given. Warnings say nothing here: what counts becomes a status.
    """
    Image.MAX_IMAGE_PIXELS = (limits.max_pixels + 1) // 2
    if _WARNING_FILTER not in warnings.filters:
        warnings.filterwarnings("ignore", module=_DECODER_MODULES)
