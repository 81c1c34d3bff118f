"""A checksum of each frame or page of a file by its compressed bytes, none of which is decoded.

Here belongs where the bytes of frames lie in GIF, APNG, WebP and TIFF. Which frames are looked at is in `further_frames.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from zlib import crc32

from dedup_assets.kernels.decode.chunks import FRAME_HEADER_BYTES, walk_png, walk_riff

MAX_DIGESTS: Final = 4_096
DIGEST_BYTES: Final = 4

_GIF_IMAGE, _GIF_EXTENSION = 0x2C, 0x21
_TABLE, _TABLE_SIZE = 0x80, 7
_PNG_DATA: Final = (b"IDAT", b"fdAT")
_STRIPS: Final = ((273, 279), (324, 325))


def digest_frames(data: bytes, image: Any, pages: Sequence[int]) -> bytes:
    """Return 4 bytes a frame, in the order of frames, up to 4,096 of them; empty for formats that are not walked.

    Frames whose bytes run over the end of the file are left out.
    """
    digests: Iterator[int]
    if image.format == "TIFF":
        digests = (_digest_page(data, image, page) for page in pages[:MAX_DIGESTS])
    else:
        walk = {"GIF": _walk_gif, "PNG": _walk_png_frames, "WEBP": _walk_webp_frames}.get(image.format)
        digests = map(crc32, walk(data)) if walk else iter(())
    return b"".join(
        digest.to_bytes(DIGEST_BYTES, "little") for _, digest in zip(range(MAX_DIGESTS), digests, strict=False)
    )


def _digest_page(data: bytes, image: Any, page: int) -> int:
    image.seek(page)
    found = next((pair for pair in _STRIPS if pair[0] in image.tag_v2), None)
    spans = zip(image.tag_v2[found[0]], image.tag_v2[found[1]], strict=True) if found else ()
    digest = 0
    for begin, size in spans:
        digest = crc32(data[begin : begin + size], digest)
    return digest


def _walk_gif(data: bytes) -> Iterator[bytes]:
    at = 13 + _table_bytes(data[10])
    while at + 10 < len(data) and data[at] in (_GIF_IMAGE, _GIF_EXTENSION):
        is_image = data[at] == _GIF_IMAGE
        begin = at
        at += 11 + _table_bytes(data[at + 9]) if is_image else 2
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
        if is_image and at <= len(data):
            yield data[begin:at]


def _table_bytes(flags: int) -> int:
    return 3 << (flags & _TABLE_SIZE) + 1 if flags & _TABLE else 0


def _walk_png_frames(data: bytes) -> Iterator[bytes]:
    frame = list[bytes]()
    for kind, begin, end in walk_png(data):
        if kind in _PNG_DATA:
            frame.append(data[begin + (4 if kind == b"fdAT" else 0) : end])
        elif frame:
            yield b"".join(frame)
            frame = []


def _walk_webp_frames(data: bytes) -> Iterator[bytes]:
    return (data[begin + FRAME_HEADER_BYTES : end] for kind, begin, end in walk_riff(data) if kind == b"ANMF")
