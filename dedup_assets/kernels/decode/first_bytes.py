"""Whether the first bytes of a file announce an image.

Here belong signatures strict enough to tell images from any other file, by which a file is judged whose name says nothing.
Naming what a decoder could not read is `unreadable.py`'s business, and may be more generous.
"""

import re
from typing import Final

FIRST_BYTES: Final = 512
"""So many are enough, also where they are stored compressed."""

_SIGNATURES: Final = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n"
    rb"|GIF8[79]a"
    rb"|RIFF....WEBP"
    rb"|II[*+]\0|MM\0[*+]"  # TIFF
    rb"|....ftyp(?:hei[cxms]|hev[cxms]|mif[12]|msf1|avi[fs])"  # HEIF, AVIF
    rb"|\0\0\0\x0cjP  |\xff\x4f\xff\x51"  # JPEG 2000
    rb"|\0\0\0\x0cJXL |\xff\x0a"
    rb"|BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"  # with the length of its second header
    rb"|8BPS\0[\1\2]"
    rb"|qoif.{8}[\3\4][\0\1]"
    rb"|\0\0[\1\2]\0[^\0]\0.{3}\0"  # ICO, CUR
    rb"|P[1-6]\s+[#\d]|P7\n|P[fF]\n",  # PNM
    re.DOTALL,
)


def announces_image(start: bytes) -> bool:
    """True where a file that begins so, in FIRST_BYTES or all it has, is an image by its signature, readable here or not."""
    return _SIGNATURES.match(start) is not None
