"""The raw metadata texts of an image file, by carrier, from bytes already in memory.

Belongs here: which container reader a file gets. Does not: pixels, downloads, or what a text means (`registry`).
"""

from collections.abc import Callable

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts
from dedup_assets.generation_metadata.containers.heif import read_heif
from dedup_assets.generation_metadata.containers.jpeg import read_jpeg
from dedup_assets.generation_metadata.containers.png import SIGNATURE as PNG_SIGNATURE
from dedup_assets.generation_metadata.containers.png import read_png
from dedup_assets.generation_metadata.containers.tiff import read_tiff
from dedup_assets.generation_metadata.containers.webp import read_webp


def read_carriers(data: bytes) -> dict[str, str]:
    """Return every metadata text of a PNG, JPEG, WebP, TIFF, AVIF or HEIC file by its carrier, in file order.

    Names: a PNG keyword as it stands (`parameters`, `prompt`, `workflow`, `Comment`), `EXIF:<tag>`, `XMP`, `COM`; a
    name met again gets ` (2)` behind it. What could not be read (cut, damaged, above the limits of `carrier_texts`) is
    told in one sentence under `carrier_texts.ERROR_CARRIER`; what was whole before it stands. Texts may hold NUL and
    lone surrogates: store them as `json.dumps` (ASCII). An unknown format, or a file without metadata, gives `{}`.
    Never raises.
    """
    read_container = _container_reader(data[:12])
    if read_container is None:
        return {}
    texts = CarrierTexts()
    read_container(data, texts)
    return texts.result()


def _container_reader(head: bytes) -> Callable[[bytes, CarrierTexts], None] | None:
    if head[:2] == b"\xff\xd8":
        return read_jpeg
    if head[:8] == PNG_SIGNATURE:
        return read_png
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return read_webp
    if head[:4] in (b"II*\x00", b"MM\x00*"):
        return read_tiff
    if head[4:8] == b"ftyp":
        return read_heif
    return None
