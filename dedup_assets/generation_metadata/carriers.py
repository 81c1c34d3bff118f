"""The raw metadata texts of an image file, by carrier, from bytes already in memory.

Belongs here: which container reader a file gets. Does not: pixels, downloads, or what a text means (`registry`).
"""

import re
from collections.abc import Callable, Mapping

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts
from dedup_assets.generation_metadata.containers.heif import read_heif
from dedup_assets.generation_metadata.containers.jpeg import read_jpeg
from dedup_assets.generation_metadata.containers.png import SIGNATURE as PNG_SIGNATURE
from dedup_assets.generation_metadata.containers.png import read_png
from dedup_assets.generation_metadata.containers.tiff import read_tiff
from dedup_assets.generation_metadata.containers.webp import read_webp

READERS: Mapping[re.Pattern[bytes], Callable[[bytes, CarrierTexts], None]] = {
    re.compile(rb"\xff\xd8"): read_jpeg,
    re.compile(re.escape(PNG_SIGNATURE)): read_png,
    re.compile(rb"RIFF....WEBP", re.DOTALL): read_webp,
    re.compile(rb"II\*\x00|MM\x00\*"): read_tiff,
    re.compile(rb"....ftyp", re.DOTALL): read_heif,
}
"""The start of a file, and who reads it."""


def read_carriers(data: bytes) -> dict[str, str]:
    """Return every metadata text of a PNG, JPEG, WebP, TIFF, AVIF or HEIC file by its carrier, in file order.

    Names: a PNG keyword as it stands (`parameters`, `prompt`, `workflow`, `Comment`), `EXIF:<tag>`, `XMP`, `COM`; a
    name met again gets ` (2)` behind it. What could not be read (cut, damaged, above the limits of `carrier_texts`) is
    told in one sentence under `carrier_texts.ERROR_CARRIER`; what was whole before it stands. Texts may hold NUL and
    lone surrogates: store them as `json.dumps` (ASCII). An unknown format, or a file without metadata, gives `{}`.
    Never raises.
    """
    texts = CarrierTexts()
    for signature, read_container in READERS.items():
        if signature.match(data):
            read_container(data, texts)
            break
    return texts.result()
