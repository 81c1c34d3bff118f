"""Texts of PNG files: tEXt, zTXt, iTXt and eXIf chunks, before and after the pixels.

Belongs here: the chunk walk and the three text chunk layouts (PNG specification, third edition, 11.3.3).
Does not: pixels; text hidden in the alpha channel (`stealth_alpha`).
"""

import struct

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts, decode_text
from dedup_assets.generation_metadata.containers.tiff import read_exif

SIGNATURE = b"\x89PNG\r\n\x1a\n"
METADATA_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf"})
MAX_CHUNKS = 100_000
"""Chunks walked of one file: with the customary 8 KiB of pixels a chunk this is 800 MB; the walk takes under 50 ms."""


def read_png(data: bytes, texts: CarrierTexts) -> None:
    """Add every text chunk under its keyword, EXIF tags as `EXIF:<tag>`, and the XMP packet as `XMP`."""
    position, end, read_header = len(SIGNATURE), len(data) - 8, struct.Struct(">I4s").unpack_from
    for _ in range(MAX_CHUNKS):
        if position > end:
            return
        size, kind = read_header(data, position)
        if kind in METADATA_CHUNKS:
            _read_chunk(kind, data[position + 8 : position + 8 + min(size, texts.remaining_bytes + 256)], size, texts)
        elif kind == b"IEND":
            return
        position += size + 12
    texts.report(f"there are more than {MAX_CHUNKS} PNG chunks")


def _read_chunk(kind: bytes, body: bytes, size: int, texts: CarrierTexts) -> None:
    if len(body) < size:
        reason = "too large or cut" if size > texts.remaining_bytes else "cut"
        texts.report(f"a PNG {kind.decode()} chunk is {reason}")
    elif kind == b"eXIf":
        read_exif(body, texts)
    else:
        _read_text(kind, body, texts)


def _read_text(kind: bytes, body: bytes, texts: CarrierTexts) -> None:
    keyword, _, raw = body.partition(b"\x00")
    name = "XMP" if keyword == b"XML:com.adobe.xmp" else decode_text(keyword[:79])
    is_compressed = kind == b"zTXt" or (kind == b"iTXt" and raw[:1] == b"\x01")
    if kind == b"zTXt":
        raw = raw[1:]
    elif kind == b"iTXt":
        raw = b"".join(raw[2:].split(b"\x00", 2)[2:])  # behind the language and the keyword in it
    text = texts.unpack(name, raw) if is_compressed else raw
    if name in ("Raw profile type exif", "Raw profile type APP1"):
        _read_hex_profile(text, texts)
    else:
        texts.add_bytes(name, text)


def _read_hex_profile(raw: bytes, texts: CarrierTexts) -> None:
    """Read EXIF as ImageMagick stores it: a name line, a length line, then hexadecimal digits."""
    try:
        block = bytes.fromhex("".join(raw.decode("ascii").split("\n")[3:]))
    except ValueError:
        texts.report("the raw EXIF profile is damaged")
        return
    read_exif(block, texts)
