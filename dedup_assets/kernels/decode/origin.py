"""What a file tells of where its picture comes from: camera, time, place, a description, colours of its own.

Here belongs which of these are told, not what they say. Metadata of generations are read in `generation_metadata/`.
"""

import struct
from typing import Any, Final

from PIL import ExifTags, Image

from dedup_assets.kernels.decode.rendering import has_own_colours

_CAMERA: Final = (ExifTags.Base.Make, ExifTags.Base.Model)
_TIME: Final = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)
_DESCRIPTION: Final = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Artist, ExifTags.Base.Copyright, ExifTags.Base.XPTitle,
    ExifTags.Base.XPComment, ExifTags.Base.XPKeywords, ExifTags.Base.Rating,
)  # fmt: skip
EXIF_FAILURES: Final = (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error)


def tell_origin(exif: Image.Exif, info: dict[Any, Any]) -> str | None:
    """Return which of "camera, time, place, description, colours" a file tells; None where it tells none, or cannot be read.

    exif may be empty; info is that of an open Pillow image, of which an XMP packet counts as a description, and an ICC profile
    other than sRGB as colours.
    """
    try:
        own, place = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
        told = {
            "camera": any(exif.get(tag) for tag in _CAMERA),
            "time": any(exif.get(tag) or own.get(tag) for tag in _TIME),
            "place": bool(place.get(ExifTags.GPS.GPSLatitude)),
            "description": bool(info.get("xmp")) or any(exif.get(tag) for tag in _DESCRIPTION),
            "colours": has_own_colours(info.get("icc_profile")),
        }
    except EXIF_FAILURES:
        return None
    return ", ".join(name for name, is_told in told.items() if is_told) or None
