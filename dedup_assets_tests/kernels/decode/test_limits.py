"""What is refused by its header alone, whoever read the header."""

import io

import pytest
from PIL import Image, ImageFile

from dedup_assets.kernels.decode.jpeg_header import read_plain_header
from dedup_assets.kernels.decode.limits import DecodeLimits, allow_plain_jpeg, check_limits
from dedup_assets.kernels.decode.unreadable import UnreadableImage
from dedup_assets_tests.kernels.photographs import encode, load_photograph

PIXELS = 90 * 60


def small_file(mode: str, image_format: str, **options: object) -> bytes:
    return encode(load_photograph().resize((90, 60)).convert(mode), image_format, **options)


def is_allowed(data: bytes, limits: DecodeLimits) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, ImageFile.ImageFile)
        try:
            check_limits(data, image, limits)
        except UnreadableImage as verdict:
            return verdict.status != "too_large"
    return True


@pytest.mark.parametrize(
    ("mode", "progressive", "bytes_per_pixel"), [("RGB", False, 1), ("RGB", True, 6), ("L", False, 1), ("L", True, 2)]
)
def test_a_plain_jpeg_is_allowed_up_to_its_very_pixels_and_bytes(
    mode: str, progressive: bool, bytes_per_pixel: int
) -> None:
    data = small_file(mode, "JPEG", progressive=progressive)
    header = read_plain_header(data)
    assert header is not None
    for spare, allowed in ((0, True), (-1, False)):
        for limits in (
            DecodeLimits(max_pixels=PIXELS + spare),
            DecodeLimits(max_decoding_bytes=PIXELS * bytes_per_pixel + spare),
        ):
            assert allow_plain_jpeg(header, limits) == is_allowed(data, limits) == allowed


@pytest.mark.parametrize(("image_format", "bytes_per_pixel"), [("PNG", 5), ("TIFF", 8), ("WEBP", 17)])
def test_other_decoders_need_more_for_each_pixel(image_format: str, bytes_per_pixel: int) -> None:
    data = small_file("RGB", image_format)
    assert is_allowed(data, DecodeLimits(max_decoding_bytes=PIXELS * bytes_per_pixel))
    assert not is_allowed(data, DecodeLimits(max_decoding_bytes=PIXELS * bytes_per_pixel - 1))
