"""What decoders complain of, in words for people.

Here belongs the translation of each complaint that is known. Which status a complaint means is in `unreadable.py`; a
complaint that is not known here is never passed on, since it speaks of the decoder and not of the file.
"""

import re
from typing import Final

_CAUSES: Final[tuple[tuple[str, str], ...]] = (
    (r"(?:bad header|incomplete) checksum in b'(\w{4})'", "the checksum of its part {0} is wrong"),
    (r"broken PNG file \(chunk|no marker found|Truncated File Read", "its parts do not follow one another"),
    (r"Unknown compression method", "a part of it is packed in an unknown way"),
    (r"unknown filter category", "its rows are stored in an unknown way"),
    (r"broken data stream|decoder error|cannot load this image", "its picture data contradict themselves"),
    (r"buffer overrun", "its picture data hold more than the picture"),
    (r"tile cannot extend outside image|tile extends", "a part of its picture lies outside of it"),
    (r"image not found in GIF frame|no more images|no images? ", "it holds no picture"),
    (r"Missing dimensions", "it does not say how large its picture is"),
    (r"quantization table", "its quantization tables are broken"),
    (r"(?i)palette", "its palette is broken"),
    (r"cannot handle (\d+)-bit layers", "it has {0}-bit samples, and only 8-bit ones are read"),
    (r"cannot handle (\d+)-layer images", "it has {0} colour channels"),
    (r"pixel depth \((\d+)\)", "it has {0} bits a pixel"),
    (r"(?i)unsupported BMP bitfields", "its colours are packed in an unusual way"),
    (r"(?i)unsupported BMP (?:compression|header type) \((\d+)\)", "it is of the unknown kind {0}"),
    (r"unknown pixel mode|unknown raw mode", "its samples are of an unusual kind"),
    (r"unknown data organization", "its samples are arranged in an unusual way"),
    (r"(?i)seek to frame", "it points to a picture that is not there"),
    (
        r"(?i)not identified|not an? \w+ file|header|Malformed|unpack_from|index out of range|box",
        "its header is broken",
    ),
)
_COMPILED: Final = tuple((re.compile(pattern), words) for pattern, words in _CAUSES)


def plain_cause(complaint: str) -> str | None:
    """Return what a complaint says about the file, None where it says nothing that helps a person."""
    for pattern, words in _COMPILED:
        if found := pattern.search(complaint):
            return words.format(*found.groups())
    return None
