"""What a plain JPEG says of itself before its first scan, read from its segments alone in a few microseconds.

Here belongs which files are plain, and all that is told of them but their pixels. Whatever is unusual or damaged is not
judged here: Pillow opens it (`image.py`), which takes 0.1 ms and more.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Final

from PIL.JpegImagePlugin import zigzag_index

_START: Final = b"\xff\xd8"
_MARKER: Final = 0xFF
_PROGRESSIVE, _HUFFMAN, _SCAN, _QUANTIZATION, _RESTARTS = 0xC2, 0xC4, 0xDA, 0xDB, 0xDD
_JFIF, _EXIF_OR_XMP, _PROFILE, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_MAX_SEGMENTS: Final = 64

_TABLES: Final = bytes((_HUFFMAN, _QUANTIZATION, _RESTARTS, _COMMENT))
_APPLICATIONS: Final = bytes((_JFIF, _EXIF_OR_XMP, _PROFILE, _ADOBE))
# The markers of a plain JPEG in a row: what may come before its one frame, the frame, what may come after, the scan.
_PLAIN_ORDER: Final = re.compile(rb"[%b%b]*([\xc0-\xc2])[%b]*\xda" % (_TABLES, _APPLICATIONS, _TABLES), re.DOTALL)

_FRAME: Final = struct.Struct(">BHHB")
_COLOR_MODES: Final = {1: "L", 3: "RGB"}
_TABLE_BYTES: Final = 65
_MAX_TABLE_NUMBER: Final = 3
_in_rows: Final = itemgetter(*zigzag_index)

# What JFIF and Adobe write has 14 and 12 bytes; Pillow refuses less than 7.
_MIN_KNOWN_BYTES: Final = 12
_PROFILE_NAME: Final = b"ICC_PROFILE\0"
_PROFILE_BEGIN: Final = 14
_EXIF_BEGINNINGS: Final = (b"Exif\0\0II*\0\x08\0\0\0", b"Exif\0\0MM\0*\0\0\0\x08")
# Orientation and unit of resolution in both byte orders; without the unit Pillow looks no further while it opens a file.
_EXIF_TAGS: Final = re.compile(rb"\x01\x12|\x12\x01|\x01\x28|\x28\x01")
_XMP_NAME: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_TAG: Final = b"tiff:Orientation"

_SUBSAMPLING_NAMES: Final = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}


@dataclass(frozen=True, slots=True)
class PlainHeader:
    """What Pillow says of the same file; the picture is stored upright.

    color_mode is "L" or "RGB". quantization holds the tables by their number, each 64 values in rows. profile is the
    ICC profile. keeps_coefficients says whether a decoder must hold those of the whole picture: its scans are not one.
    application is the segment of EXIF or XMP, empty where there is none.
    """

    width_px: int
    height_px: int
    color_mode: str
    quantization: tuple[tuple[int, ...], ...]
    chroma_subsampling: str | None
    profile: bytes | None
    keeps_coefficients: bool
    application: bytes


def read_plain_header(data: bytes) -> PlainHeader | None:
    """Return the header of a plain JPEG, None for all other bytes.

    A plain JPEG is gray or of three components, of 8 bits and Huffman coded, with tables of 8 bits. Up to its first scan
    segments follow one another without a gap. Of applications there are at most JFIF, Adobe, an ICC profile in one
    segment, and EXIF or XMP that says nothing of orientation.
    """
    segments = list(islice(walk_segments(data), _MAX_SEGMENTS))
    kinds, contents = bytes(kind for kind, *_ in segments), [data[begin:end] for _, begin, end in segments]
    order = _PLAIN_ORDER.fullmatch(kinds)
    if order is None or kinds.count(_EXIF_OR_XMP) > 1 or kinds.count(_PROFILE) > 1:
        return None
    if not all(_PLAIN_IF[kind](content) for kind, content in zip(kinds, contents, strict=True) if kind in _PLAIN_IF):
        return None
    frame = contents[order.start(1)]
    _, height_px, width_px, components = _FRAME.unpack_from(frame)
    return PlainHeader(
        width_px=width_px,
        height_px=height_px,
        color_mode=_COLOR_MODES[components],
        quantization=_read_tables(
            content for kind, content in zip(kinds, contents, strict=True) if kind == _QUANTIZATION
        ),
        chroma_subsampling=name_subsampling([(byte >> 4, byte & 15) for byte in frame[7::3]]),
        profile=contents[kinds.index(_PROFILE)][_PROFILE_BEGIN:] if _PROFILE in kinds else None,
        keeps_coefficients=_PROGRESSIVE in kinds or contents[-1][0] < components,
        application=contents[kinds.index(_EXIF_OR_XMP)] if _EXIF_OR_XMP in kinds else b"",
    )


def read_tables_within(data: bytes) -> tuple[tuple[int, ...], ...]:
    """Return the quantization tables of a JPEG that may be cut before its frame, as TIFF stores those of all its strips."""
    contents = [data[begin:end] for kind, begin, end in walk_segments(data) if kind == _QUANTIZATION]
    return _read_tables(contents) if all(map(_are_plain_tables, contents)) else ()


def name_subsampling(samples: Sequence[tuple[int, int]]) -> str | None:
    """Return how much coarser colour is stored than light ("4:2:0"), None for a JPEG in gray.

    samples: how many each component has in the smallest part of the picture, across and down.
    """
    if len(samples) < 3:
        return None
    (wide, high), (color_wide, color_high) = samples[:2]
    return _SUBSAMPLING_NAMES.get((wide // max(1, color_wide), high // max(1, color_high)), "other")


def walk_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind (second byte of the marker), begin and end of the content of each segment up to the first scan.

    They end before where one does not follow the other or runs over the end; bytes that are no JPEG have none.
    """
    position = len(_START) if data.startswith(_START) else len(data)
    while position + 4 <= len(data) and data[position] == _MARKER:
        kind, end = data[position + 1], position + 2 + (data[position + 2] << 8 | data[position + 3])
        if not position + 4 <= end <= len(data):
            return
        yield kind, position + 4, end
        if kind == _SCAN:
            return
        position = end


def _read_tables(contents: Iterable[bytes]) -> tuple[tuple[int, ...], ...]:
    """Return the quantization tables by their number; one that comes later takes the place of an earlier one."""
    tables = {
        content[at]: _in_rows(content[at + 1 : at + _TABLE_BYTES])
        for content in contents
        for at in range(0, len(content), _TABLE_BYTES)
    }
    return tuple(table for _, table in sorted(tables.items()))


def _is_plain_frame(content: bytes) -> bool:
    if len(content) < _FRAME.size:
        return False
    bits, height_px, width_px, components = _FRAME.unpack_from(content)
    whole = len(content) == _FRAME.size + 3 * components
    return bits == 8 and height_px > 0 and width_px > 0 and components in _COLOR_MODES and whole


def _are_plain_tables(content: bytes) -> bool:
    """Whether these are whole tables; the high half of the first byte of each is not 0 where they have 16 bits."""
    return len(content) % _TABLE_BYTES == 0 and all(number <= _MAX_TABLE_NUMBER for number in content[::_TABLE_BYTES])


def _is_plain_profile(content: bytes) -> bool:
    return content.startswith(_PROFILE_NAME) and content[_PROFILE_BEGIN - 1 : _PROFILE_BEGIN] == b"\x01"


def _leaves_upright(content: bytes) -> bool:
    if content.startswith(_XMP_NAME):
        return _XMP_TAG not in content
    return content.startswith(_EXIF_BEGINNINGS) and _EXIF_TAGS.search(content) is None


def _is_long_enough(content: bytes) -> bool:
    return len(content) >= _MIN_KNOWN_BYTES


_PLAIN_IF: Final[Mapping[int, Callable[[bytes], bool]]] = {
    **dict.fromkeys((0xC0, 0xC1, _PROGRESSIVE), _is_plain_frame),
    _QUANTIZATION: _are_plain_tables,
    _PROFILE: _is_plain_profile,
    _EXIF_OR_XMP: _leaves_upright,
    **dict.fromkeys((_JFIF, _ADOBE), _is_long_enough),
    _SCAN: bool,
}
