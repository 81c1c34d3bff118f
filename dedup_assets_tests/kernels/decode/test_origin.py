"""What a file tells of its origin is found in whatever container it stands."""

from typing import Any

import pytest
from PIL import Image, ImageCms

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets_tests.kernels.decode.test_rendering import make_profile
from dedup_assets_tests.kernels.photographs import encode, load_photograph

MAKE, TAKEN, GPS, ORIENTATION, ARTIST = 0x010F, 0x9003, 0x8825, 0x0112, 0x013B


def told(image_format: str, **options: object) -> str | None:
    return decode_image(encode(load_photograph(), image_format, **options), DecodeLimits()).origin_facts


def exif_of(**tags: Any) -> bytes:
    exif = Image.Exif()
    for name, value in tags.items():
        if name == "GPS":
            exif.get_ifd(GPS).update(value)
        else:
            exif[globals()[name]] = value
    return exif.tobytes()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_camera_time_and_place_are_told(image_format: str) -> None:
    exif = exif_of(MAKE="Acme", TAKEN="2021:06:01 10:00:00", GPS={1: "N", 2: (48.0, 8.0, 0.0)}, ORIENTATION=1)
    assert told(image_format, exif=exif) == "camera, time, place"


def test_a_plain_jpeg_and_one_that_is_stored_sideways_tell_alike() -> None:
    assert told("JPEG", exif=exif_of(MAKE="Acme")) == "camera"
    assert told("JPEG", exif=exif_of(MAKE="Acme", ORIENTATION=6)) == "camera"
    assert told("JPEG", exif=exif_of(ARTIST="A. Nobody")) == "description"


def test_an_xmp_packet_is_a_description_and_nothing_is_told_by_nothing() -> None:
    assert told("JPEG", xmp=b"<x:xmpmeta/>") == "description"
    assert told("JPEG") is None
    assert told("PNG", exif=exif_of(ORIENTATION=1)) is None


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_colours_are_told_where_a_profile_is_another_than_srgb(image_format: str) -> None:
    own, srgb = make_profile(1.8, b"old screen"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert told(image_format, icc_profile=own) == "colours"
    assert told(image_format, icc_profile=srgb) is None
    assert told(image_format, icc_profile=own, exif=exif_of(MAKE="Acme")) == "camera, colours"


def test_broken_exif_costs_no_failure() -> None:
    assert told("JPEG", exif=b"Exif\0\0II*\0\xff\xff\0\0") is None
