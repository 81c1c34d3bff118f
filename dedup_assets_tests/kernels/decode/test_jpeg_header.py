"""Headers of plain JPEGs against Pillow's: what is read without it says the same, and all else is left to it."""

import io
import os
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageCms, JpegImagePlugin

from dedup_assets.kernels.decode import image
from dedup_assets.kernels.decode.image import DecodedImage, DecodeLimits, decode_image
from dedup_assets.kernels.decode.jpeg import keeps_coefficients, read_quantization, read_subsampling
from dedup_assets.kernels.decode.jpeg_header import PlainHeader, name_subsampling, read_plain_header
from dedup_assets.kernels.decode.unreadable import UnreadableImage
from dedup_assets_tests.kernels.decode.odd_jpegs import odd_jpegs, save, segments
from dedup_assets_tests.kernels.photographs import encode, load_photograph

LIMITS = DecodeLimits()
EXIF_TITLE = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0\x04\0\0\0six\0\0\0\0\0"
EXIF_MOTOROLA = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\0\x04six\0\0\0\0\0"
DAMAGED_VARIANTS = 2_500


def small_picture() -> Image.Image:
    return load_photograph().resize((96, 72))


@cache
def plain_files() -> dict[str, bytes]:
    """JPEGs as the web has them, whose headers are read without Pillow."""
    picture = small_picture()
    gray = picture.convert("L")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    qualities = {f"quality {quality} {chroma}": save(picture, quality=quality, subsampling=chroma)
        for quality in (5, 75, 95, 100) for chroma in ("4:4:4", "4:2:2", "4:2:0")}  # fmt: skip
    return qualities | {
        "gray": save(gray),
        "gray, progressive": save(gray, progressive=True),
        "progressive": save(picture, progressive=True),
        "restarts": save(picture, restart_marker_rows=1),
        "comment": save(picture, comment=b"\xff\xda\xff\xc0"),
        "resolution": save(picture, dpi=(300, 300)),
        "profile": save(picture, icc_profile=srgb),
        "profile in gray": save(gray, icc_profile=srgb),
        "noise as profile": save(picture, icc_profile=bytes(range(256)) * 9),
        "exif": save(picture, exif=EXIF_TITLE),
        "exif of the other byte order": save(picture, exif=EXIF_MOTOROLA),
        "xmp": save(picture, xmp=b"<x:xmpmeta/>"),
        "tables of its own": save(picture, qtables=[list(range(1, 65)), [7] * 64, list(range(64, 0, -1))]),
        "components called R, G, B": save(picture, keep_rgb=True),
        "twice the size": save(picture.resize((1100, 40))),
        "four times the size, gray": save(gray.resize((30, 2100))),
    }


@cache
def other_files() -> dict[str, bytes]:
    """JPEGs that are whole, and yet Pillow's to open."""
    picture = small_picture()
    start, *others = segments(save(picture))
    tail = b"".join(others)
    return {
        "exif of an orientation": save(picture, exif=EXIF_TITLE.replace(b"\x0e\x01", b"\x12\x01")),
        "exif of a unit": save(picture, exif=EXIF_TITLE.replace(b"\x0e\x01", b"\x28\x01")),
        "orientation in xmp": save(picture, xmp=b'tiff:Orientation="6"'),
        "exif and xmp": save(picture, exif=EXIF_TITLE, xmp=b"<x:xmpmeta/>"),
        "profile in two segments": save(picture, icc_profile=bytes(70_000)),
        "table of 16 bits": start + b"\xff\xdb\x00\x83\x10" + b"\0\1" * 64 + tail,
        "cmyk": save(picture.convert("CMYK")),
        "two pictures": encode(picture, "MPO", save_all=True, append_images=[picture]),
        "photoshop": start + b"\xff\xed\x00\x10Photoshop 3.0\0" + tail,
        "unknown application": start + b"\xff\xe7\x00\x04ab" + tail,
        "short JFIF": start + b"\xff\xe0\x00\x0bJFIF\0\1\1\0\0" + tail,
        "fill byte": start + b"\xff" + tail,
        "many comments": start + b"\xff\xfe\x00\x02" * 100 + tail,
    }


def read_by_pillow(data: bytes) -> PlainHeader:
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        return PlainHeader(
            width_px=image.width,
            height_px=image.height,
            color_mode=image.mode,
            quantization=read_quantization(image),
            chroma_subsampling=read_subsampling(image),
            profile=image.info.get("icc_profile"),
            keeps_coefficients=keeps_coefficients(data, image),
            application=dict(image.applist).get("APP1", b""),
        )


def decode_by_pillow(data: bytes, limits: DecodeLimits) -> DecodedImage:
    """The slow twin of `decode_image`: no header is read but by Pillow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image, "read_plain_header", lambda data: None)
        return decode_image(data, limits)


def tell(
    decode: Callable[[bytes, DecodeLimits], DecodedImage], data: bytes, limits: DecodeLimits
) -> tuple[object, ...]:
    """Return all that comes of the bytes, comparable: every field, or status and sentence."""
    try:
        decoded = decode(data, limits)
    except UnreadableImage as verdict:
        return verdict.status, verdict.sentence
    rgb, smaller = decoded.rgb, decoded.scale_down(8)
    others = (getattr(decoded, name) for name in DecodedImage.__slots__ if name not in ("rgb", "scale_down"))
    return rgb.tobytes(), rgb.shape, rgb.flags.c_contiguous, smaller.tobytes(), *others


def damage(name: str, data: bytes, variants: int) -> Iterator[bytes]:
    """Yield the file with bits flipped, bytes changed, lost and put into its header, cut, and with a header shuffled."""
    chance = random.Random(name)
    header_bytes = min(len(data), data.index(b"\xff\xda") + 12)
    for number in range(variants):
        at, hurt = chance.randrange(header_bytes), bytearray(data)
        match number % 6:
            case 0:
                hurt[at] ^= 1 << chance.randrange(8)
            case 1:
                hurt[at] = chance.choice((0, 1, 2, 3, 4, 8, 17, 255))
            case 2:
                hurt[at : at + 3] = chance.randbytes(chance.randrange(6))
            case 3:
                del hurt[chance.choice((at, chance.randrange(len(data)))) :]
            case 4:
                start, *middle, scan = segments(data)
                hurt[:] = start + b"".join(chance.sample(middle, len(middle))) + scan
            case _:
                body = chance.randrange(header_bytes, len(data))
                hurt[body : body + 3] = chance.randbytes(3)
        yield bytes(hurt)


@pytest.mark.parametrize("name", plain_files())
def test_the_header_of_a_plain_jpeg_is_that_of_pillow(name: str) -> None:
    assert read_plain_header(plain_files()[name]) == read_by_pillow(plain_files()[name])


@pytest.mark.parametrize("name", other_files())
def test_other_jpegs_are_left_to_pillow(name: str) -> None:
    assert read_plain_header(other_files()[name]) is None


def test_bytes_that_are_no_jpeg_are_left_to_pillow() -> None:
    for data in (b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xda\0\x02", encode(small_picture(), "PNG")):
        assert read_plain_header(data) is None


def test_whole_and_odd_files_come_to_the_same_by_both_ways() -> None:
    files = plain_files() | other_files() | dict(odd_jpegs(small_picture()))
    few = DecodeLimits(max_pixels=5_000), DecodeLimits(max_decoding_bytes=20_000)
    for limits in (LIMITS, *few):
        for name, data in files.items():
            assert tell(decode_image, data, limits) == tell(decode_by_pillow, data, limits), (name, limits)


def test_damaged_files_come_to_the_same_by_both_ways() -> None:
    files = plain_files()
    hurt = [data for name in files for data in damage(name, files[name], -(-DAMAGED_VARIANTS // len(files)))]
    refused = 0
    assert len(hurt) >= DAMAGED_VARIANTS
    for data in hurt:
        told = tell(decode_image, data, LIMITS)
        assert told == tell(decode_by_pillow, data, LIMITS), data[:700].hex()
        refused += len(told) == 2
    assert 0.2 < refused / len(hurt) < 0.8
    assert sum(read_plain_header(data) is not None for data in hurt) > 0.3 * len(hurt)


@pytest.mark.parametrize(
    ("samples", "name"),
    [
        ([(2, 2), (1, 1), (1, 1)], "4:2:0"),
        ([(1, 2), (1, 1), (1, 1)], "4:4:0"),
        ([(4, 2), (2, 2), (2, 2)], "4:2:2"),
        ([(3, 1), (1, 1), (1, 1)], "other"),
        ([(1, 1), (0, 0), (1, 1)], "4:4:4"),
        ([(2, 2)], None),
    ],
)
def test_chroma_subsampling_is_named_by_the_samples_of_light_and_colour(
    samples: list[tuple[int, int]], name: str | None
) -> None:
    assert name_subsampling(samples) == name


@pytest.mark.corpus
def test_real_files_come_to_the_same_by_both_ways() -> None:
    plain = 0
    for path in (path for path in sorted(Path(os.environ["DEDUP_CORPUS"]).rglob("*")) if path.is_file()):
        data = path.read_bytes()
        if data.startswith(b"\xff\xd8"):
            plain += read_plain_header(data) is not None
            assert tell(decode_image, data, LIMITS) == tell(decode_by_pillow, data, LIMITS), path
    assert plain > 0
