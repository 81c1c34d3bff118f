"""PNG files as programs and broken disks leave them, made from one picture, and files of any size that they declare.

Belongs here: what is particular to PNG, and what all makers of odd files share. Does not belong here: other formats.
"""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

Named = Iterator[tuple[str, bytes]]

_PNG_START = b"\x89PNG\r\n\x1a\n"


def odd_pngs(picture: Image.Image) -> Named:
    """Name and bytes of each; `picture` is RGB."""
    yield from _png_modes(picture)
    yield from _impossible_pngs(picture)
    yield from _bomb_pngs(picture)
    yield from _rearranged_pngs(picture)


def save(picture: Image.Image, form: str, **options: object) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG, its checksum right."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(
    width_px: int, height_px: int, bits: int, colour: int, rows: bytes, *chunks: bytes, interlaced: int = 0
) -> bytes:
    """A PNG that declares these sizes, whatever its rows hold."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width_px, height_px, bits, colour, 0, 0, interlaced))
    return _PNG_START + header + b"".join(chunks) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def in_mode(picture: Image.Image, mode: str) -> Image.Image:
    """The picture in a mode, with all shades of transparency where there are any."""
    if mode == "I;16":
        return Image.fromarray((np.asarray(picture.convert("L"), dtype=np.uint16) * 257).astype(np.uint16))
    if mode == "P":
        return picture.quantize(200)
    converted = picture.convert(mode)
    if mode in ("LA", "RGBA"):
        converted.putalpha(Image.linear_gradient("L").resize(picture.size))
    return converted


def _png_modes(picture: Image.Image) -> Named:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield f"{mode}.png", save(in_mode(picture, mode), "PNG")
    palette = picture.quantize(64)
    yield "palette with one transparent.png", save(palette, "PNG", transparency=3)
    yield "palette with shades of transparency.png", save(palette, "PNG", transparency=bytes(range(64)))
    yield "transparent white.png", save(picture, "PNG", transparency=(255, 255, 255))
    yield "gray with transparent black.png", save(picture.convert("L"), "PNG", transparency=0)
    yield "animated.png", save(picture, "PNG", save_all=True, append_images=[picture.rotate(5), picture.rotate(9)])
    for bits, colour in (
        (16, 2),
        (16, 6),
        (16, 4),
        (2, 0),
        (4, 0),
        (1, 0),
        (8, 3),
        (4, 3),
        (3, 0),
        (16, 3),
        (8, 1),
        (8, 9),
    ):
        row = b"\0" + bytes(range(64)) * 2
        yield f"{bits} bits of colour {colour}.png", png_of(8, 8, bits, colour, row * 8, png_chunk(b"PLTE", bytes(768)))
        yield f"{bits} bits of colour {colour} without palette.png", png_of(8, 8, bits, colour, row * 8)
    yield "interlaced.png", png_of(8, 8, 8, 2, bytes(8 * 8 * 3 + 15), interlaced=1)
    yield "interlaced in the seventh way.png", png_of(8, 8, 8, 2, bytes(8 * 8 * 3 + 15), interlaced=7)
    yield (
        "gamma and background.png",
        png_of(8, 8, 8, 2, bytes(200), png_chunk(b"gAMA", struct.pack(">I", 0)), png_chunk(b"bKGD", b"\xff")),
    )


def _impossible_pngs(picture: Image.Image) -> Named:
    rows = bytes((picture.width * 3 + 1) * picture.height)
    size = picture.size
    yield "no rows.png", png_of(*size, 8, 2, b"")
    yield "half of the rows.png", png_of(*size, 8, 2, rows[: len(rows) // 2])
    yield "more rows than declared.png", png_of(*size, 8, 2, rows * 3)
    yield "filter 9.png", png_of(*size, 8, 2, b"\x09" + rows[1:])
    yield "no width.png", png_of(0, 8, 8, 2, rows)
    yield "negative height.png", png_of(8, 0x80000001, 8, 2, rows)
    for side in (15_000, 30_000, 100_000, 2**31 - 1):
        yield f"declares {side} x {side}.png", png_of(side, side, 8, 2, b"")
        yield f"declares {side} x 1.png", png_of(side, 1, 8, 2, b"")


def _bomb_pngs(picture: Image.Image) -> Named:
    rows = bytes((picture.width * 3 + 1) * picture.height)
    size = picture.size
    bomb = zlib.compress(bytes(40_000_000), 9)
    yield "text bomb.png", png_of(*size, 8, 2, rows, png_chunk(b"zTXt", b"bomb\0\0" + bomb))
    yield "many text bombs.png", png_of(*size, 8, 2, rows, png_chunk(b"zTXt", b"bomb\0\0" + bomb) * 40)
    yield "unicode text bomb.png", png_of(*size, 8, 2, rows, png_chunk(b"iTXt", b"bomb\0\1\0\0\0" + bomb))
    yield "profile bomb.png", png_of(*size, 8, 2, rows, png_chunk(b"iCCP", b"bomb\0\0" + bomb))
    yield (
        "profile of noise.png",
        png_of(*size, 8, 2, rows, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(range(256))))),
    )
    yield "profile not packed.png", png_of(*size, 8, 2, rows, png_chunk(b"iCCP", b"x\0\0" + bytes(99)))
    yield "data bomb.png", png_of(*size, 8, 2, bytes(60_000_000))
    yield "10,000 text chunks.png", png_of(*size, 8, 2, rows, png_chunk(b"tEXt", b"a\0b") * 10_000)


def _rearranged_pngs(picture: Image.Image) -> Named:
    whole = save(picture, "PNG")
    yield "wrong checksum of the header.png", whole[:29] + b"\0\0\0\0" + whole[33:]
    data = whole.index(b"IDAT")
    yield "wrong checksum of the data.png", whole[:-16] + b"\0\0\0\0" + whole[-12:]
    yield "wrong checksum of the end.png", whole[:-4] + b"\0\0\0\0"
    yield "no end.png", whole[:-12]
    yield "no data.png", whole[: data - 4] + whole[-12:]
    yield "data of length 0.png", whole[: data - 4] + png_chunk(b"IDAT", b"") + whole[-12:]
    yield "data beyond the end.png", whole[: data - 4] + b"\x7f\xff\xff\xff" + whole[data:]
    yield "data first.png", _PNG_START + whole[data - 4 :]
    yield "header twice.png", whole[:33] + whole[8:]
    yield "unknown critical chunk.png", whole[:33] + png_chunk(b"ABCD", b"1234") + whole[33:]
    yield "for an iphone.png", whole[:8] + png_chunk(b"CgBI", b"\x50\0\x20\x02") + whole[8:]
    yield "trailing garbage.png", whole + bytes(range(256)) * 40
    yield "line endings of text.png", whole.replace(b"\r\n", b"\n")
    yield "start only.png", _PNG_START
