"""How large a picture says it is, from fixed places of its header, without a decoder.

Here belong the formats of the web whose decoders hold the whole picture: PNG, GIF and WebP.

Pillow tells sizes lazily too, but hands a WebP to its decoder as soon as it is opened (140 bytes reserve 2 GB), refuses large
pictures by a limit that is global to the process, and takes 40 µs, not 1; here it is decided where a decoder may run at all.
"""

import struct
from typing import Final

_HEADER_BYTES: Final = 30


def declared_pixels(data: bytes) -> int:
    """Return width x height as the header of a PNG, GIF or WebP declares them; 0 for other bytes and shorter ones."""
    if len(data) < _HEADER_BYTES:
        return 0
    width, height = _declared_size(data)
    return width * height


def _declared_size(data: bytes) -> tuple[int, int]:
    if data.startswith(b"\x89PNG"):
        width, height = struct.unpack_from(">II", data, 16)
    elif data.startswith(b"GIF8"):
        width, height = struct.unpack_from("<HH", data, 6)
    elif data.startswith(b"RIFF"):
        width, height = _webp_size(data)
    else:
        width, height = 0, 0
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    """Sizes of the extended, the lossless and the lossy form: 24, 14 and 14 bits, the first two less one (RFC 9649)."""
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
