"""Texts of TIFF directories: TIFF files, and the EXIF block that every other container embeds.

Belongs here: walking IFD0 and the EXIF IFD, the encodings of text tags. Does not: finding the block in its container.
"""

import struct

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts, decode_text, decode_utf16

EXIF_IFD_TAG = 0x8769
XMP_TAG = 0x02BC
USER_COMMENT_TAG = 0x9286
TEXT_TAGS = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x927C: "MakerNote",
    USER_COMMENT_TAG: "UserComment",
}
UTF16_TAGS = {0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject"}
ASCII_TYPE = 2
UNDEFINED_TYPE = 7
ITEM_SIZES = {1: 1, ASCII_TYPE: 1, UNDEFINED_TYPE: 1}
MAX_ENTRIES = 512
"""Entries read of one directory; cameras write fewer than 100."""


def read_tiff(data: bytes, texts: CarrierTexts) -> None:
    """Add the text tags of IFD0 and its EXIF IFD as `EXIF:<tag>`, and an embedded packet as `XMP`."""
    big_endian = data[:2] == b"MM"
    order = ">" if big_endian else "<"
    if len(data) < 8:
        texts.report("the EXIF block is cut")
        return
    exif_offset = _read_directory(data, order, struct.unpack_from(order + "I", data, 4)[0], texts)
    if exif_offset:
        _read_directory(data, order, exif_offset, texts)


def read_exif(block: bytes, texts: CarrierTexts) -> None:
    """Add the texts of an EXIF block, with or without the `Exif\\0\\0` that JPEG puts before it."""
    tiff = block[6:] if block[:6] == b"Exif\x00\x00" else block
    if tiff[:4] in (b"II*\x00", b"MM\x00*"):
        read_tiff(tiff, texts)
    else:
        texts.report("the EXIF block does not start as TIFF")


def _read_directory(data: bytes, order: str, offset: int, texts: CarrierTexts) -> int:
    """Add one directory's texts; returns the offset of the EXIF directory it names, or 0."""
    if offset + 2 > len(data):
        texts.report("the EXIF block is cut")
        return 0
    count = min(struct.unpack_from(order + "H", data, offset)[0], MAX_ENTRIES, (len(data) - offset - 2) // 12)
    exif_offset = 0
    for tag, item_type, size, value in struct.iter_unpack(order + "HHI4s", data[offset + 2 : offset + 2 + count * 12]):
        if tag == EXIF_IFD_TAG:
            exif_offset = struct.unpack(order + "I", value)[0]
        elif item_type in ITEM_SIZES and (tag in TEXT_TAGS or tag in UTF16_TAGS or tag == XMP_TAG):
            _add_tag(tag, item_type, _value_bytes(data, order, size, value, texts), order, texts)
    return exif_offset


def _value_bytes(data: bytes, order: str, size: int, value: bytes, texts: CarrierTexts) -> bytes:
    if size <= 4:
        return value[:size]
    start = struct.unpack(order + "I", value)[0]
    if start + size > len(data):
        texts.report("an EXIF text is cut")
        return b""
    if size > texts.remaining_bytes + 8:
        texts.report("an EXIF text is too large")
        return b""
    return data[start : start + size]


def _add_tag(tag: int, item_type: int, raw: bytes, order: str, texts: CarrierTexts) -> None:
    if tag == XMP_TAG:
        texts.add_bytes("XMP", raw)
    elif tag in UTF16_TAGS:
        texts.add(f"EXIF:{UTF16_TAGS[tag]}", decode_utf16(raw, big_endian_hint=False))
    elif tag == USER_COMMENT_TAG:
        texts.add("EXIF:UserComment", decode_user_comment(raw, big_endian_hint=order == ">"))
    elif item_type == ASCII_TYPE:
        texts.add_bytes(f"EXIF:{TEXT_TAGS[tag]}", raw)


def decode_user_comment(raw: bytes, big_endian_hint: bool) -> str:
    """Decode an EXIF UserComment by its 8-byte character code (EXIF 2.32, 4.6.5); without one, as UTF-8."""
    code, text = raw[:8], raw[8:]
    if code == b"UNICODE\x00":
        return decode_utf16(text, big_endian_hint)
    if code == b"JIS\x00\x00\x00\x00\x00":
        return text.decode("iso2022_jp", "replace")
    if code in (b"ASCII\x00\x00\x00", b"\x00" * 8):
        return decode_text(text)
    return decode_text(raw)
