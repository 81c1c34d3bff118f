"""JPEG files as cameras, editors and broken disks leave them, made from one small picture.

Belongs here: what is particular to JPEG. Does not belong here: other formats, cuts and flipped bits (`odd_files.py`).
"""

import io
from collections.abc import Iterator

from PIL import Image, ImageCms

Named = Iterator[tuple[str, bytes]]

_QUALITY = 85
_STANDALONE = {0x01, *range(0xD0, 0xDA)}


def odd_jpegs(picture: Image.Image) -> Named:
    """Name and bytes of each; `picture` is RGB and at least 64 pixels in each direction."""
    yield from _modes(picture)
    yield from _with_exif(picture)
    yield from _with_profiles(picture)
    yield from _patched_headers(picture)
    yield from _rearranged_segments(picture)
    yield from _damaged_restarts(picture)


def save(picture: Image.Image, **options: object) -> bytes:
    """The picture as a JPEG."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **{"quality": _QUALITY, **options})
    return out.getvalue()


def segments(data: bytes) -> list[bytes]:
    """The segments of a JPEG with one scan, each from its marker on; the last holds the scan and all that follows."""
    found, position = [data[:2]], 2
    while data[position + 1] != 0xDA:
        length = (
            2 if data[position + 1] in _STANDALONE else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        )
        found.append(data[position : position + length])
        position += length
    return [*found, data[position:]]


def _modes(picture: Image.Image) -> Named:
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield f"{subsampling}.jpg", save(picture, subsampling=subsampling)
        yield f"progressive {subsampling}.jpg", save(picture, subsampling=subsampling, progressive=True)
    yield "gray.jpg", save(picture.convert("L"))
    yield "gray progressive.jpg", save(picture.convert("L"), progressive=True)
    cmyk = save(picture.convert("CMYK"))
    yield "cmyk.jpg", cmyk
    yield "cmyk without Adobe.jpg", b"".join(part for part in segments(cmyk) if part[1] != 0xEE)
    yield "ycck.jpg", _with_adobe(save(picture.convert("CMYK")), transform=2)
    yield "rgb by Adobe.jpg", _with_adobe(save(picture, keep_rgb=True), transform=0)
    yield "unknown Adobe transform.jpg", _with_adobe(save(picture), transform=7)
    yield "one pixel.jpg", save(picture.crop((0, 0, 1, 1)))
    yield "one row.jpg", save(picture.crop((0, 0, picture.width, 1)))
    yield "optimized.jpg", save(picture, optimize=True, quality=100)
    out = io.BytesIO()
    picture.save(out, "MPO", save_all=True, append_images=[picture.rotate(90)])
    yield "two pictures.mpo.jpg", out.getvalue()
    yield "two pictures, second cut.mpo.jpg", out.getvalue()[:-200]


def _with_exif(picture: Image.Image) -> Named:
    for orientation in (*range(10), 255, 65_535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation {orientation}.jpg", save(picture, exif=exif)
    start = b"Exif\0\0II*\0\x08\0\0\0"
    yield "orientation in words.jpg", save(picture, exif=start + b"\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0")
    yield "exif loop.jpg", save(picture, exif=start + b"\0\0\x08\0\0\0")
    yield (
        "exif of 65535 entries.jpg",
        save(picture, exif=start + b"\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\xff\0\0\0\0" * 9),
    )
    yield "exif cut.jpg", save(picture, exif=start[:9])
    yield "exif of zeros.jpg", save(picture, exif=b"Exif\0\0" + bytes(400))
    yield "exif with a thumbnail.jpg", save(picture, exif=start + b"\0\0\0\0\0\0" + save(picture.resize((32, 24))))
    yield "exif with a cut thumbnail.jpg", save(picture, exif=start + b"\0\0\0\0\0\0" + save(picture)[:300])
    yield "a comment of 65533 bytes.jpg", save(picture, comment=b"\xff\xd8" * 32_766)


def _with_profiles(picture: Image.Image) -> Named:
    srgb, lab = (ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes() for space in ("sRGB", "LAB"))
    yield "srgb profile.jpg", save(picture, icc_profile=srgb)
    yield "lab profile.jpg", save(picture, icc_profile=lab)
    yield "profile for rgb in gray.jpg", save(picture.convert("L"), icc_profile=srgb)
    yield "profile for rgb in cmyk.jpg", save(picture.convert("CMYK"), icc_profile=srgb)
    yield "profile cut.jpg", save(picture, icc_profile=srgb[:100])
    yield "profile of noise.jpg", save(picture, icc_profile=bytes(range(256)) * 20)
    yield "profile of zeros.jpg", save(picture, icc_profile=bytes(3_000))
    parts = segments(save(picture, icc_profile=srgb * 200))
    without_second = [part for part in parts if part[4:18] != b"ICC_PROFILE\0\x02\x08"]
    yield "profile without its second part.jpg", b"".join(without_second)


def _patched_headers(picture: Image.Image) -> Named:
    whole = save(picture)
    frame = whole.index(b"\xff\xc0")

    def patched(offset: int, *values: int) -> bytes:
        return whole[: frame + offset] + bytes(values) + whole[frame + offset + len(values) :]

    for kind in (0xC1, 0xC2, 0xC3, 0xC5, 0xC7, 0xC9, 0xCA, 0xCB, 0xCF):
        yield f"frame {kind:02x}.jpg", patched(1, kind)
    for bits in (0, 2, 12, 16, 255):
        yield f"{bits} bits.jpg", patched(4, bits)
    height, width = picture.height, picture.width
    for high, wide in ((0, width), (height, 0), (0, 0), (height * 2, width), (height // 2, width), (height, width * 2)):
        yield f"declares {wide} x {high}.jpg", patched(5, *high.to_bytes(2, "big"), *wide.to_bytes(2, "big"))
    yield "declares 65500 x 65500.jpg", patched(5, 0xFF, 0xDC, 0xFF, 0xDC)
    yield "declares 15000 x 15000.jpg", patched(5, 0x3A, 0x98, 0x3A, 0x98)
    for count in (0, 1, 2, 4, 255):
        yield f"{count} components.jpg", patched(9, count)
    for factors in (0x00, 0x11, 0x33, 0x41, 0x44, 0x55, 0xFF):
        yield f"sampling {factors:02x}.jpg", patched(11, factors)
    yield "components of one name.jpg", patched(13, 1)
    yield "table that is not there.jpg", patched(12, 3)


def _rearranged_segments(picture: Image.Image) -> Named:
    whole = save(picture)
    parts = segments(whole)
    for kind, name in ((0xDB, "quantization"), (0xC4, "Huffman"), (0xC0, "frame"), (0xE0, "JFIF")):
        yield f"no {name}.jpg", b"".join(part for part in parts if part[1] != kind)
    yield "no scan.jpg", b"".join(parts[:-1])
    yield "no scan but an end.jpg", b"".join(parts[:-1]) + b"\xff\xd9"
    yield "no end.jpg", whole[:-2]
    yield "two starts.jpg", b"\xff\xd8" + whole
    yield "two frames.jpg", b"".join(part * (1 + (part[1] == 0xC0)) for part in parts)
    yield "fill bytes.jpg", parts[0] + b"".join(b"\xff\xff\xff" + part for part in parts[1:])
    yield "junk between segments.jpg", parts[0] + parts[1] + b"junk" + b"".join(parts[2:])
    yield "trailing garbage.jpg", whole + bytes(range(256)) * 8
    yield "trailing zip.jpg", whole + b"PK\x03\x04" + bytes(300)
    yield "leading zeros.jpg", bytes(8) + whole
    yield "leading line break.jpg", b"\r\n" + whole
    yield "segment of no length.jpg", parts[0] + b"\xff\xe5\0\0" + b"".join(parts[1:])
    yield "segment beyond the end.jpg", parts[0] + b"\xff\xe5\xff\xff" + b"".join(parts[1:])
    yield "two pictures in a row.jpg", whole + save(picture.convert("L"))
    yield "line endings of text.jpg", whole.replace(b"\n", b"\r\n")
    yield "as text.jpg", whole.decode("latin-1").encode()
    yield "as latin text lost.jpg", whole.decode("ascii", "replace").encode()


def _damaged_restarts(picture: Image.Image) -> Named:
    whole = save(picture, restart_marker_rows=1)
    places = [
        at
        for at in range(whole.index(b"\xff\xda"), len(whole) - 2)
        if whole[at] == 0xFF and 0xD0 <= whole[at + 1] <= 0xD7
    ]
    first, middle = places[0], places[len(places) // 2]
    yield "restarts.jpg", whole
    yield "a restart lost.jpg", whole[:middle] + whole[middle + 2 :]
    yield "all restarts alike.jpg", _replace_at(whole, places, b"\xff\xd3")
    yield "restarts turned to ends.jpg", _replace_at(whole, [middle], b"\xff\xd9")
    yield "an interval lost.jpg", whole[:first] + whole[places[1] :]
    yield "an interval of zeros.jpg", whole[: first + 2] + bytes(places[1] - first - 2) + whole[places[1] :]
    yield "restarts never announced.jpg", b"".join(part for part in segments(whole) if part[1] != 0xDD)


def _replace_at(data: bytes, places: list[int], marker: bytes) -> bytes:
    changed = bytearray(data)
    for at in places:
        changed[at : at + 2] = marker
    return bytes(changed)


def _with_adobe(data: bytes, transform: int) -> bytes:
    marker = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])
    first, *others = [part for part in segments(data) if part[1] not in (0xE0, 0xEE)]
    return first + marker + b"".join(others)
