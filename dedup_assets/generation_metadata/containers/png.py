"""Texts of PNG files: tEXt, zTXt, iTXt and eXIf chunks, before and after the pixels.

Belongs here: the chunk walk and the three text chunk layouts (PNG specification, third edition, 11.3.3).
Does not: pixels; text hidden in the alpha channel (`stealth_alpha`).
"""

import struct

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts, decode_text
from dedup_assets.generation_metadata.containers.tiff import read_exif

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 100_000
"""Chunks walked of one file: with the customary 8 KiB of pixels a chunk this is 800 MB; the walk takes under 50 ms."""


def read_png(data: bytes, texts: CarrierTexts) -> None:
    """Add every text chunk under its keyword, EXIF tags as `EXIF:<tag>`, and the XMP packet as `XMP`."""
    position, end, read_header = len(SIGNATURE), len(data) - 8, struct.Struct(">I4s").unpack_from
    for _ in range(MAX_CHUNKS):
        if position > end:
            return
        size, kind = read_header(data, position)
        if kind in CHUNK_READERS:
            _read_chunk(kind, data[position + 8 : position + 8 + min(size, texts.remaining_bytes + 256)], size, texts)
        elif kind == b"IEND":
            return
        position += size + 12
    texts.report(f"there are more than {MAX_CHUNKS} PNG chunks")


def _read_chunk(kind: bytes, body: bytes, size: int, texts: CarrierTexts) -> None:
    if len(body) == size:
        CHUNK_READERS[kind](body, texts)
    elif size > texts.remaining_bytes:
        texts.report(f"a PNG {kind.decode()} chunk is too large or cut")
    else:
        texts.report(f"a PNG {kind.decode()} chunk is cut")


def _read_text(body: bytes, texts: CarrierTexts) -> None:
    keyword, _, raw = body.partition(b"\x00")
    _add_text(keyword, raw, texts)


def _read_compressed_text(body: bytes, texts: CarrierTexts) -> None:
    keyword, _, raw = body.partition(b"\x00")
    _add_text(keyword, texts.unpack(_name(keyword), raw[1:]), texts)


def _read_international_text(body: bytes, texts: CarrierTexts) -> None:
    keyword, _, rest = body.partition(b"\x00")
    compressed = rest[:1] == b"\x01"
    _, _, after_language = rest[2:].partition(b"\x00")
    _, _, raw = after_language.partition(b"\x00")
    _add_text(keyword, texts.unpack(_name(keyword), raw) if compressed else raw, texts)


def _add_text(keyword: bytes, raw: bytes, texts: CarrierTexts) -> None:
    name = _name(keyword)
    if name in ("Raw profile type exif", "Raw profile type APP1"):
        _read_hex_profile(raw, texts)
    else:
        texts.add_bytes(name, raw)


def _read_hex_profile(raw: bytes, texts: CarrierTexts) -> None:
    """Read EXIF as ImageMagick stores it: a name line, a length line, then hexadecimal digits."""
    try:
        block = bytes.fromhex("".join(raw.decode("ascii").split("\n")[3:]))
    except ValueError:
        texts.report("the raw EXIF profile is damaged")
        return
    read_exif(block, texts)


def _name(keyword: bytes) -> str:
    return "XMP" if keyword == b"XML:com.adobe.xmp" else decode_text(keyword[:79])


CHUNK_READERS = {
    b"tEXt": _read_text,
    b"zTXt": _read_compressed_text,
    b"iTXt": _read_international_text,
    b"eXIf": read_exif,
}
