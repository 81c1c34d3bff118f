"""Image files of every kind but JPEG, PNG and TIFF as programs, cameras and broken disks leave them, made from one picture.

Belongs here: one function a format, and the damage that any file may take. Does not belong here: JPEG (`odd_jpegs.py`),
PNG (`odd_pngs.py`), TIFF (`odd_tiffs.py`).
"""

import random
import struct
import zlib

import numpy as np
from PIL import Image

from dedup_assets_tests.kernels.decode.odd_pngs import Named, in_mode, png_of, save

_PAGE = b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>No.</body></html>"
_DRAWING = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def odd_files(picture: Image.Image) -> Named:
    """Name and bytes of each; `picture` is RGB."""
    yield from _webps(picture)
    yield from _gifs(picture)
    yield from _bmps(picture)
    yield from _heifs(picture)
    yield from _jpeg2000s(picture)
    yield from _icons(picture)
    yield from _plain_formats(picture)
    yield from _no_pictures()


def damaged(name: str, data: bytes, places: int) -> Named:
    """The file cut short, with three bytes hit, a stretch zeroed and a stretch lost, each at so many random places."""
    chance = random.Random(name)
    for number in range(places):
        at, length = chance.randrange(len(data)), chance.randrange(8, 200)
        yield f"cut {number} {name}", data[:at]
        yield f"hit {number} {name}", data[:at] + chance.randbytes(min(3, len(data) - at)) + data[at + 3 :]
        yield f"zeroed {number} {name}", data[:at] + bytes(min(length, len(data) - at)) + data[at + length :]
        yield f"lost {number} {name}", data[:at] + data[at + length :]


def _webps(picture: Image.Image) -> Named:
    lossy, lossless = save(picture, "WEBP"), save(picture, "WEBP", lossless=True)
    yield "lossy.webp", lossy
    yield "lossless.webp", lossless
    yield "alpha.webp", save(in_mode(picture, "RGBA"), "WEBP")
    yield "animated.webp", save(picture, "WEBP", save_all=True, append_images=[picture.rotate(9)])
    yield "profile of noise.webp", save(picture, "WEBP", icc_profile=bytes(range(256)))
    yield "exif of noise.webp", save(picture, "WEBP", exif=b"Exif\0\0" + bytes(range(200)))
    yield "riff longer than the file.webp", lossy[:4] + struct.pack("<I", len(lossy) * 2) + lossy[8:]
    yield "riff shorter than the file.webp", lossy[:4] + struct.pack("<I", len(lossy) // 2) + lossy[8:]
    yield "trailing garbage.webp", lossy + bytes(999)
    yield "unknown chunk.webp", b"RIFF" + struct.pack("<I", len(lossy) + 4) + b"WEBPABCD" + bytes(4) + lossy[12:]
    yield "declares 16383 x 16383.webp", lossy[:26] + b"\xff\x3f\xff\x3f" + lossy[30:]
    yield "header only.webp", lossy[:12]
    yield "wave.webp", b"RIFF\x24\0\0\0WAVEfmt " + bytes(30)


def _gifs(picture: Image.Image) -> Named:
    whole = save(picture, "GIF")
    yield "plain.gif", whole
    yield "transparent.gif", save(picture.quantize(16), "GIF", transparency=1)
    yield "animated.gif", save(picture, "GIF", save_all=True, append_images=[picture.rotate(30), picture.rotate(60)])
    yield "gray.gif", save(picture.convert("L"), "GIF", interlace=0)
    yield "no frames.gif", whole[:13] + whole[13 : 13 + 768] + b";"
    yield "no trailer.gif", whole[:-1]
    yield "no palette.gif", whole[:10] + b"\x00" + whole[11:13] + whole[13 + 768 :]
    yield "screen 65535 x 65535.gif", whole[:6] + b"\xff\xff\xff\xff" + whole[10:]
    yield "screen 0 x 0.gif", whole[:6] + bytes(4) + whole[10:]
    yield "screen 1 x 1.gif", whole[:6] + b"\1\0\1\0" + whole[10:]
    frame = whole.index(b",", 13 + 768)
    yield "frame outside the screen.gif", whole[: frame + 1] + b"\xff\x7f\xff\x7f" + whole[frame + 5 :]
    yield "frame of no width.gif", whole[: frame + 5] + bytes(2) + whole[frame + 7 :]
    yield "frame 65535 x 65535.gif", whole[: frame + 5] + b"\xff" * 4 + whole[frame + 9 :]
    yield "code size 0.gif", whole[: frame + 10] + b"\0" + whole[frame + 11 :]
    yield "code size 13.gif", whole[: frame + 10] + b"\x0d" + whole[frame + 11 :]
    yield "version 99z.gif", b"GIF99z" + whole[6:]
    yield "trailing garbage.gif", whole + bytes(range(256))


def _bmps(picture: Image.Image) -> Named:
    whole = save(picture, "BMP")
    for mode in ("1", "L", "P", "RGBA"):
        yield f"{mode}.bmp", save(in_mode(picture, mode), "BMP")
    yield "rgb.bmp", whole
    yield "top down.bmp", whole[:22] + struct.pack("<i", -picture.height) + whole[26:]
    for bits in (0, 2, 16, 32, 64):
        yield f"{bits} bits.bmp", whole[:28] + struct.pack("<H", bits) + whole[30:] + bytes(len(whole))
    for packing in (1, 2, 3, 4, 5, 99):
        yield f"packing {packing}.bmp", whole[:30] + struct.pack("<I", packing) + whole[34:]
    gray = save(picture.convert("L"), "BMP")
    runs = b"".join(bytes([picture.width, row % 256]) + b"\0\0" for row in range(picture.height)) + b"\0\1"
    yield "runs.bmp", gray[:30] + struct.pack("<I", 1) + gray[34:1078] + runs
    yield "runs cut.bmp", gray[:30] + struct.pack("<I", 1) + gray[34:1078] + runs[: len(runs) // 2]
    for width, height in ((0, 9), (9, 0), (-9, 9), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (9, -(2**31))):
        yield f"declares {width} x {height}.bmp", whole[:18] + struct.pack("<ii", width, height) + whole[26:]
    yield "pixels beyond the end.bmp", whole[:10] + struct.pack("<I", 10**9) + whole[14:]
    yield "header of 7 bytes.bmp", whole[:14] + struct.pack("<I", 7) + whole[18:]
    yield "header of 4 GB.bmp", whole[:14] + b"\xff\xff\xff\xff" + whole[18:]


def _heifs(picture: Image.Image) -> Named:
    avif, heic = save(picture, "AVIF"), save(picture, "HEIF")
    for name, data in (("avif", avif), ("heic", heic)):
        yield f"plain.{name}", data
        size = data.index(b"ispe") + 8
        yield f"declares 60000 x 60000.{name}", data[:size] + struct.pack(">II", 60_000, 60_000) + data[size + 8 :]
        yield f"declares 0 x 0.{name}", data[:size] + bytes(8) + data[size + 8 :]
        yield f"unknown brand.{name}", data[:8] + b"abcd" + data[12:]
        yield f"no picture.{name}", data[: data.index(b"mdat") - 4]
        yield f"trailing garbage.{name}", data + bytes(500)
    yield "alpha.avif", save(in_mode(picture, "RGBA"), "AVIF")
    yield "alpha.heic", save(in_mode(picture, "RGBA"), "HEIF")
    yield "gray.heic", save(picture.convert("L"), "HEIF")


def _jpeg2000s(picture: Image.Image) -> Named:
    for mode in ("L", "LA", "RGB", "RGBA", "I;16"):
        yield f"{mode}.jp2", save(in_mode(picture, mode), "JPEG2000")
    yield "stream.j2k", save(picture, "JPEG2000", no_jp2=True)
    yield "tiles.jp2", save(picture, "JPEG2000", tile_size=(64, 64))
    jp2 = save(picture, "JPEG2000")
    box = jp2.index(b"ihdr") + 4
    yield "declares 60000 x 60000.jp2", jp2[:box] + struct.pack(">II", 60_000, 60_000) + jp2[box + 8 :]
    size = jp2.index(b"\xff\x51") + 6
    yield "stream declares 60000 x 60000.jp2", jp2[:size] + struct.pack(">II", 60_000, 60_000) + jp2[size + 8 :]


def _icons(picture: Image.Image) -> Named:
    icon = save(picture.resize((48, 48)), "ICO", sizes=[(16, 16), (48, 48)])
    yield "two sizes.ico", icon
    yield "no pictures.ico", b"\0\0\1\0\0\0" + bytes(20)
    yield "picture beyond the end.ico", icon[:18] + b"\xff\xff\xff\x7f" + icon[22:]
    yield (
        "bomb within.ico",
        b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 99, 22) + png_of(30_000, 30_000, 8, 2, b""),
    )
    yield "windows icon of a pointer.cur", b"\0\0\2\0" + icon[4:]


def _plain_formats(picture: Image.Image) -> Named:
    for mode in ("RGB", "RGBA", "L", "P", "1"):
        yield f"{mode}.tga", save(in_mode(picture, mode), "TGA")
    yield "runs.tga", save(picture, "TGA", compression="tga_rle")
    yield "declares 65535 x 65535.tga", save(picture, "TGA")[:12] + b"\xff" * 4 + save(picture, "TGA")[16:]
    yield "rgb.ppm", save(picture, "PPM")
    yield "16 bits.pgm", b"P5 4 4 65535\n" + bytes(range(32))
    yield "12 bits.pgm", b"P5 4 4 4095\n" + bytes(range(32))
    yield "text.ppm", b"P3 2 2 255\n" + b"1 2 3 " * 4
    yield "text that is none.ppm", b"P3 2 2 255\n1 2 x"
    yield "too few numbers.ppm", b"P3 2 2 255\n1 2"
    yield "no largest value.pgm", b"P5 4 4 0\n" + bytes(32)
    yield "negative size.pgm", b"P5 -4 4 255\n" + bytes(32)
    yield "declares 10**9 x 10**9.ppm", b"P6 1000000000 1000000000 255\n" + bytes(32)
    yield "float.pfm", b"Pf\n4 4\n-1.0\n" + np.linspace(0, 1, 16, dtype="<f4").tobytes()
    yield "bitmap.pbm", b"P4 16 2\n" + bytes(4)
    psd = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 8, 3) + bytes(12)
    yield "rgb.psd", psd + b"\0\0" + bytes(48)
    yield "cut.psd", psd + b"\0\0" + bytes(20)
    yield "declares 60000 x 60000.psd", psd[:14] + struct.pack(">II", 60_000, 60_000) + psd[22:] + bytes(50)
    yield "rgb.qoi", save(picture, "QOI")


def _no_pictures() -> Named:
    yield "empty.jpg", b""
    for byte in (b"\0", b"\xff", b"G", b"B", b"\x89", b"R", b"I", b"P", b"<"):
        yield f"one byte {byte.hex()}.jpg", byte
    yield "page.jpg", _PAGE
    yield "page after spaces.png", b"\n" * 300 + _PAGE
    yield "drawing.svg.png", _DRAWING
    yield "packed drawing.png", zlib.compress(_DRAWING, wbits=31)
    yield "document.jpg", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    yield "archive.png", b"PK\x03\x04" + bytes(99)
    yield "video.jpg", b"\0\0\0\x18ftypmp42" + bytes(99)
    yield "answer.jpg", b'{"error": {"code": "AccessDenied"}}'
    yield "text.jpg", b"This is no picture.\n" * 9
    yield "zeros.jpg", bytes(4_096)
    yield "ones.jpg", b"\xff" * 4_096
    yield "noise.jpg", random.Random(1).randbytes(9_999)
    yield "link.jpg", b"[InternetShortcut]\r\nURL=https://example.org/\r\n"
    yield "resource fork.jpg", b"\0\x05\x16\x07\0\2\0\0Mac OS X        " + bytes(99)
    yield "jxl.jpg", b"\xff\x0a" + bytes(99)
    yield "eps.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
