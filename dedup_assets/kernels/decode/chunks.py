"""Where the chunks of PNG and of RIFF files, as WebP are, lie.

Here belongs walking from one to the next. What they hold is read by `png.py`, `losses.py` and `frame_digests.py`; the segments of a
JPEG are walked in `jpeg_header.py`.
"""

from collections.abc import Iterator
from typing import Final

Chunk = tuple[bytes, int, int]

FRAME_HEADER_BYTES: Final = 16
"""Of a frame in WebP (ANMF), before its own chunks."""


def walk_png(data: bytes) -> Iterator[Chunk]:
    """Yield kind, begin and end of the content of each chunk; that of the last one may run over the end of the file."""
    begin = 16
    while begin <= len(data):
        end = begin + int.from_bytes(data[begin - 8 : begin - 4])
        yield data[begin - 4 : begin], begin, end
        begin = end + 12


def walk_riff(data: bytes, begin: int = 12) -> Iterator[Chunk]:
    """Yield the same of RIFF; `begin` is where the first chunk stands, of those within another one, too."""
    while begin + 8 <= len(data):
        size = int.from_bytes(data[begin + 4 : begin + 8], "little")
        yield data[begin : begin + 4], begin + 8, begin + 8 + size
        begin += 8 + size + size % 2
