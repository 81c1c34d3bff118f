"""One picture from every kind of file, the right way up."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.decode.image import DecodedImage, DecodeLimits, decode_image, scale_factor
from dedup_assets_tests.kernels.photographs import NAMES, encode, load_photograph, mean_difference

LOSSLESS = {
    "PNG": {},
    "BMP": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "JPEG2000": {},
    "PPM": {},
    "QOI": {},
    "TGA": {},
}
LOSSY = {"JPEG": 5.0, "WEBP": 5.0, "AVIF": 5.0, "HEIF": 6.0, "GIF": 12.0}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def decode(data: bytes) -> DecodedImage:
    return decode_image(data, DecodeLimits())


def store_turned(photograph: Image.Image, orientation: int, image_format: str) -> bytes:
    """Return a file that shows the photograph upright only when its EXIF orientation is applied."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = photograph.transpose(TURNS[orientation]) if orientation in TURNS else photograph
    return encode(stored, image_format, exif=exif, quality=95)


@pytest.mark.parametrize("image_format", LOSSLESS)
def test_lossless_formats_give_the_very_pixels(image_format: str) -> None:
    photograph = load_photograph()
    decoded = decode(encode(photograph, image_format, **LOSSLESS[image_format]))
    np.testing.assert_array_equal(decoded.rgb, np.asarray(photograph))
    assert (decoded.image_format, decoded.width_px, decoded.height_px) == (image_format, *photograph.size)


@pytest.mark.parametrize("image_format", LOSSY)
def test_lossy_formats_look_like_the_photograph(image_format: str) -> None:
    photograph = load_photograph()
    decoded = decode(encode(photograph, image_format))
    assert mean_difference(decoded.rgb, np.asarray(photograph)) < LOSSY[image_format]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_applied_and_reported(orientation: int, image_format: str) -> None:
    photograph = load_photograph()
    decoded = decode(store_turned(photograph, orientation, image_format))
    assert (decoded.width_px, decoded.height_px) == photograph.size
    assert mean_difference(decoded.rgb, np.asarray(photograph)) < 5
    assert decoded.exif_orientation == orientation


def test_exif_turns_no_heic_because_its_container_does() -> None:
    photograph = load_photograph()
    exif = Image.Exif()
    exif[0x0112] = 3
    decoded = decode(encode(photograph, "HEIF", exif=exif))
    assert mean_difference(decoded.rgb, np.asarray(photograph)) < LOSSY["HEIF"]
    assert decoded.exif_orientation == 3


def test_an_orientation_out_of_range_counts_for_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 9
    assert decode(encode(load_photograph(), "JPEG", exif=exif)).exif_orientation == 1


def test_broken_exif_does_not_cost_the_picture() -> None:
    decoded = decode(encode(load_photograph(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    assert (decoded.exif_orientation, decoded.width_px) == (1, load_photograph().width)


@pytest.mark.parametrize(
    ("side", "factor"), [(1, 1), (1023, 1), (1024, 2), (2047, 2), (2048, 4), (4096, 8), (60_000, 8)]
)
def test_the_longer_side_is_scaled_but_not_below_512(side: int, factor: int) -> None:
    assert scale_factor(side, 1) == scale_factor(1, side) == factor


@pytest.mark.parametrize("name", NAMES)
def test_a_large_jpeg_and_a_large_png_of_one_picture_are_scaled_alike(name: str) -> None:
    large = load_photograph(name).resize((1500, 1100), Image.Resampling.LANCZOS)
    as_png, as_jpeg = decode(encode(large, "PNG", compress_level=1)), decode(encode(large, "JPEG", quality=95))
    assert as_png.rgb.shape == as_jpeg.rgb.shape == (550, 750, 3)
    assert mean_difference(as_png.rgb, as_jpeg.rgb) < 2.5
    assert (as_jpeg.width_px, as_jpeg.height_px) == (1500, 1100)


FINER: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95},
    "PNG": {"compress_level": 1},
    "BMP": {},
    "TIFF": {"save_all": True, "append_images": [Image.new("RGB", (30, 20), "blue")] * 2},
    "GIF": {"save_all": True, "append_images": [Image.new("RGB", (1500, 1100), "blue")]},
}


@pytest.mark.parametrize(
    ("image_format", "orientation"), [*((name, 1) for name in FINER), ("JPEG", 6), ("PNG", 6), ("TIFF", 6)]
)
def test_the_same_picture_is_read_finer_upright_and_whatever_else_the_file_holds(
    image_format: str, orientation: int
) -> None:
    photograph = load_photograph("chelsea.png").resize((1500, 1100))
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(photograph, image_format, exif=exif, **FINER[image_format]))
    upright = photograph.transpose(Image.Transpose.ROTATE_270) if orientation == 6 else photograph
    assert max(decoded.rgb.shape) == 750
    assert decoded.keep_side(512) is decoded.rgb
    assert mean_difference(decoded.keep_side(1024), np.asarray(upright)) < LOSSY["GIF"]


def test_a_jpeg_in_cmyk_is_read_finer_too() -> None:
    photograph = load_photograph().resize((1500, 1100))
    decoded = decode(encode(photograph.convert("CMYK"), "JPEG", quality=95))
    assert mean_difference(decoded.keep_side(1024), np.asarray(photograph)) < LOSSY["JPEG"]


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    for image_format in ("GIF", "PNG", "WEBP"):
        data = encode(frames[0], image_format, save_all=True, append_images=frames[1:])
        assert decode(data).rgb[5, 5, 0] > 200


def test_transparent_parts_are_white() -> None:
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    for image_format in ("PNG", "WEBP", "TIFF"):
        assert decode(encode(picture, image_format)).rgb.min() == 255


def test_only_jpegs_have_quantization_tables_and_subsampling() -> None:
    jpeg, png = decode(encode(load_photograph(), "JPEG")), decode(encode(load_photograph(), "PNG"))
    assert jpeg.jpeg_quantization is not None
    assert (len(jpeg.jpeg_quantization), jpeg.chroma_subsampling) == (2, "4:2:0")
    assert (png.jpeg_quantization, png.chroma_subsampling) == (None, None)


@pytest.mark.parametrize("name", ["encapsulated PostScript", "MPEG"])
def test_formats_that_run_programs_or_hold_no_picture_are_not_opened(name: str) -> None:
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n" if "Post" in name else b"\x00\x00\x01\xb3\x01\x00\x10"
    with pytest.raises(Exception, match="not an image in a format that can be read"):
        decode(data)


def test_two_threads_decode_what_one_does() -> None:
    files = [encode(load_photograph(name), "JPEG", quality=80) for name in NAMES] * 3
    with ThreadPoolExecutor(2) as pool:
        together = [decoded.rgb for decoded in pool.map(decode, files)]
    for alone, shared in zip(map(decode, files), together, strict=True):
        np.testing.assert_array_equal(alone.rgb, shared)


def test_a_multi_picture_jpeg_is_a_jpeg() -> None:
    buffer = io.BytesIO()
    load_photograph().save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    decoded = decode(buffer.getvalue())
    assert (decoded.image_format, decoded.width_px) == ("JPEG", load_photograph().width)
