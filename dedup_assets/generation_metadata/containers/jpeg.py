"""Texts of JPEG files: EXIF and XMP in APP1, comments in COM, up to the first scan.

Belongs here: the segment walk (ITU T.81, B.1). Does not: quantization tables or pixels.
"""

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts
from dedup_assets.generation_metadata.containers.tiff import read_exif

XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
APP1, COM, START_OF_SCAN, END_OF_IMAGE = 0xE1, 0xFE, 0xDA, 0xD9
MAX_SEGMENTS = 5_000
"""Segments walked of one file: large colour profiles and EXIF take at most some hundreds."""


def read_jpeg(data: bytes, texts: CarrierTexts) -> None:
    """Add EXIF tags as `EXIF:<tag>`, the XMP packet as `XMP`, and comments as `COM`."""
    position, end = 2, len(data) - 4
    for _ in range(MAX_SEGMENTS):
        if position > end or data[position] != 0xFF:
            return
        marker = data[position + 1]
        if marker in (START_OF_SCAN, END_OF_IMAGE):
            return
        if marker == 0xFF:
            position += 1
            continue
        size = data[position + 2] << 8 | data[position + 3]
        if marker in (APP1, COM):
            _read_segment(marker, data[position + 4 : position + 2 + size], size - 2, texts)
        position += 2 + size
    texts.report(f"there are more than {MAX_SEGMENTS} JPEG segments")


def _read_segment(marker: int, body: bytes, size: int, texts: CarrierTexts) -> None:
    if len(body) < size:
        texts.report("a JPEG metadata segment is cut")
    elif marker == COM:
        texts.add_bytes("COM", body)
    elif body.startswith(b"Exif\x00"):
        read_exif(body, texts)
    elif body.startswith(XMP_HEADER):
        texts.add_bytes("XMP", body[len(XMP_HEADER) :])
