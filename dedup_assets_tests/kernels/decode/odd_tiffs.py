"""TIFF files as scanners, microscopes and broken disks leave them, made from one small picture.

Belongs here: what is particular to TIFF. Does not belong here: other formats, cuts and flipped bits (`odd_files.py`).
"""

import io
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from PIL import Image

Named = Iterator[tuple[str, bytes]]

_PACKINGS = ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "jpeg", "lzma", "zstd")
_WIDTH, _HEIGHT, _BITS, _PACKING, _COLOURS, _OFFSETS, _SAMPLES, _ROWS, _COUNTS = (
    256,
    257,
    258,
    259,
    262,
    273,
    277,
    278,
    279,
)


def odd_tiffs(picture: Image.Image) -> Named:
    """Name and bytes of each; `picture` is RGB."""
    yield from _packings(picture)
    yield from _samples(picture)
    yield from _patched(picture)


def _packings(picture: Image.Image) -> Named:
    for packing in _PACKINGS:
        yield f"{packing}.tif", _save(picture, compression=packing)
    for packing in ("group3", "group4", "tiff_ccitt"):
        yield f"{packing}.tif", _save(picture.convert("1"), compression=packing)
    for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I", "F"):
        yield f"{mode}.tif", _save(picture.quantize(99) if mode == "P" else picture.convert(mode))
    yield "big.tif", _save(picture, big_tiff=True)
    yield "pages.tif", _save(picture, save_all=True, append_images=[picture.convert("L"), picture])
    for orientation in (0, 3, 6, 8, 9):
        yield f"orientation {orientation}.tif", _save(picture, tiffinfo={274: orientation})


def _samples(picture: Image.Image) -> Named:
    pixels = np.asarray(picture)
    for kind in ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64", "complex64"):
        yield f"gray {kind}.tif", _write(pixels[..., 0].astype(kind))
        yield f"rgb {kind}.tif", _write(pixels.astype(kind), photometric="rgb")
    yield "tiles.tif", _write(pixels, photometric="rgb", tile=(32, 32))
    yield "tiles of float.tif", _write(pixels[..., 0].astype("float32"), tile=(32, 32))
    yield "planes.tif", _write(np.moveaxis(pixels, -1, 0).copy(), photometric="rgb", planarconfig="separate")
    yield "big endian.tif", _write(pixels.astype(">u2"), photometric="rgb", byteorder=">")
    yield "volume.tif", _write(np.stack([pixels[..., 0]] * 4), photometric="minisblack")
    yield (
        "five bands.tif",
        _write(np.dstack([pixels, pixels])[..., :5].copy(), photometric="minisblack", planarconfig="contig"),
    )
    yield "not a number.tif", _write(np.full((9, 9), np.nan, "float32"))
    yield "endless.tif", _write(np.array([[np.inf, -np.inf], [0, 1]], "float32"))
    yield "white is zero.tif", _write(pixels[..., 0].copy(), photometric="miniswhite")


def _patched(picture: Image.Image) -> Named:
    whole = _save(picture, compression="tiff_lzw")
    raw = _save(picture)
    for tag, values in (
        (_WIDTH, (0, 1, 60_000, 2**32 - 1)), (_HEIGHT, (0, 1, 60_000, 2**32 - 1)), (_PACKING, (0, 6, 7, 99, 50_000)),
        (_COLOURS, (3, 5, 6, 8, 99)), (_OFFSETS, (0, 10**9)), (_SAMPLES, (0, 1, 2, 4, 999)), (_ROWS, (0, 1, 2**31)),
        (_COUNTS, (0, 1, 2**32 - 1)), (_BITS, (0, 2**32 - 1)),
    ):  # fmt: skip
        for value in values:
            yield f"tag {tag} is {value}.tif", _patch(whole, tag, value)
            yield f"raw, tag {tag} is {value}.tif", _patch(raw, tag, value)
    yield "two billion values.tif", _patch(whole, _OFFSETS, 2**31, field=4)
    yield "values of type 0.tif", _patch(whole, _BITS, 0, field=2)
    start = struct.unpack_from("<I", whole, 4)[0]
    count = struct.unpack_from("<H", whole, start)[0]
    after = start + 2 + 12 * count
    yield "a directory that follows itself.tif", whole[:after] + struct.pack("<I", start) + whole[after + 4 :]
    yield "a directory beyond the end.tif", whole[:4] + struct.pack("<I", 10**9) + whole[8:]
    yield "a directory within the header.tif", whole[:4] + struct.pack("<I", 0) + whole[8:]
    yield "65535 tags.tif", whole[:start] + b"\xff\xff" + whole[start + 2 :]
    yield "no tags.tif", whole[:start] + b"\0\0" + whole[start + 2 :]
    yield "header only.tif", whole[:8]


def _patch(data: bytes, tag: int, value: int, field: int = 8) -> bytes:
    """The file with another value (field 8) or count (4) or type (2, two bytes) of one tag of its first directory."""
    start = struct.unpack_from("<I", data, 4)[0]
    for entry in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            size = 2 if field == 2 else 4
            return data[: entry + field] + value.to_bytes(size, "little") + data[entry + field + size :]
    return data


def _save(picture: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "TIFF", **options)
    return out.getvalue()


def _write(pixels: np.ndarray[Any, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, **options)
    return out.getvalue()
