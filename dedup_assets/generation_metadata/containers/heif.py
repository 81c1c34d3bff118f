"""Texts of AVIF and HEIC files: the `Exif` and XMP items of the `meta` box.

Belongs here: the boxes that locate an item (ISO 14496-12: `meta`, `iinf`, `iloc`). Does not: image items.
"""

from collections.abc import Iterator
from io import BytesIO

from dedup_assets.generation_metadata.carrier_texts import CarrierTexts
from dedup_assets.generation_metadata.containers.tiff import read_exif

MAX_BOXES = 1_000
"""Boxes or items walked at one level; a HEIC of 48 megapixels has about 60 items."""


def read_heif(data: bytes, texts: CarrierTexts) -> None:
    """Add EXIF tags as `EXIF:<tag>` and the XMP packet as `XMP`."""
    meta = next((body for kind, body in _boxes(data) if kind == b"meta"), b"")[4:]
    children: dict[bytes, bytes] = {}
    for kind, body in _boxes(meta):
        children.setdefault(kind, body)
    wanted = dict(_metadata_items(children.get(b"iinf", b"")))
    for item_id, start, size in _item_locations(children.get(b"iloc", b"")):
        if item_id in wanted:
            _read_item(wanted.pop(item_id), data[start : start + size], size, texts)


def _read_item(kind: bytes, body: bytes, size: int, texts: CarrierTexts) -> None:
    if len(body) < size:
        texts.report("a HEIF metadata item is cut")
    elif size > texts.remaining_bytes:
        texts.report("a HEIF metadata item is too large")
    elif kind == b"Exif":
        read_exif(body[4 + int.from_bytes(body[:4], "big") :], texts)
    else:
        texts.add_bytes("XMP", body)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    for _ in range(MAX_BOXES):
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        elif size == 0:
            size = len(data) - position
        if len(kind) < 4 or size < header:
            return
        yield kind, b"" if kind == b"mdat" else data[position + header : position + size]
        position += size


def _metadata_items(iinf: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (item id, `Exif` or `mime`) of the items that are EXIF or XMP."""
    version = iinf[:1]
    for kind, body in _boxes(iinf[6 if version == b"\x00" else 8 :]):
        id_size = 4 if body[:1] == b"\x03" else 2
        item_type = body[6 + id_size : 10 + id_size]
        is_xmp = item_type == b"mime" and b"rdf+xml" in body
        if kind == b"infe" and (item_type == b"Exif" or is_xmp):
            yield int.from_bytes(body[4 : 4 + id_size], "big"), item_type


def _item_locations(iloc: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (item id, start, size) of every item stored in one piece of the file itself."""
    version, sizes = iloc[:1], int.from_bytes(iloc[4:6], "big")
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    id_size = 4 if version == b"\x02" else 2
    method_size = 0 if version == b"\x00" else 2
    fields = BytesIO(iloc[6:])

    def take(size: int) -> int:
        """The next number; zero behind the end."""
        return int.from_bytes(fields.read(size), "big")

    for _ in range(min(take(id_size), MAX_BOXES)):
        item_id, method = take(id_size), take(method_size)
        _, base, extents = take(2), take(base_size), take(2)
        for extent in range(min(extents, MAX_BOXES)):
            take(index_size if method_size else 0)
            start, size = base + take(offset_size), take(length_size)
            if extents == 1 and method == 0 and extent == 0:
                yield item_id, start, size
