"""Texts of WebP files: the EXIF and XMP chunks, which stand behind the pixels.

Belongs here: the RIFF chunk walk (WebP container specification). Does not: pixels.
"""

import struct

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts
from dedup_assets.generation_metadata.containers.tiff import read_exif

MAX_CHUNKS = 100_000
"""Chunks walked of one file; an animation has one a frame."""


def read_webp(data: bytes, texts: CarrierTexts) -> None:
    """Add EXIF tags as `EXIF:<tag>` and the XMP packet as `XMP`."""
    position, end = 12, len(data) - 8
    for _ in range(MAX_CHUNKS):
        if position > end:
            return
        kind, size = struct.unpack_from("<4sI", data, position)
        if kind in (b"EXIF", b"XMP "):
            _read_chunk(kind, data[position + 8 : position + 8 + min(size, texts.remaining_bytes + 64)], size, texts)
        position += 8 + size + size % 2
    texts.report(f"there are more than {MAX_CHUNKS} WebP chunks")


def _read_chunk(kind: bytes, body: bytes, size: int, texts: CarrierTexts) -> None:
    if len(body) < size:
        texts.report("a WebP metadata chunk is too large or cut")
    elif kind == b"EXIF":
        read_exif(body, texts)
    else:
        texts.add_bytes("XMP", body)
