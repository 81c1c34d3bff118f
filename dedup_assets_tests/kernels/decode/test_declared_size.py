import pytest
from PIL import Image

from dedup_assets.kernels.decode.declared_size import declared_pixels
from dedup_assets_tests.kernels.photographs import encode

WEBP_FORMS: dict[str, dict[str, object]] = {
    "lossy": {},
    "lossless": {"lossless": True},
    "extended": {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"},
}


@pytest.mark.parametrize("image_format", ["PNG", "GIF"])
def test_the_size_in_the_header_is_told(image_format: str) -> None:
    assert declared_pixels(encode(Image.new("RGB", (301, 17)), image_format)) == 301 * 17


@pytest.mark.parametrize("form", WEBP_FORMS)
def test_every_form_of_webp_tells_its_size(form: str) -> None:
    data = encode(Image.new("RGB", (1301, 17)), "WEBP", **WEBP_FORMS[form])
    assert data[12:16] == {"lossy": b"VP8 ", "lossless": b"VP8L", "extended": b"VP8X"}[form]
    assert declared_pixels(data) == 1301 * 17


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"GIF89a\xff\xff", b"BM" + bytes(99)])
def test_other_bytes_and_shorter_ones_declare_nothing(data: bytes) -> None:
    assert declared_pixels(data) == 0
