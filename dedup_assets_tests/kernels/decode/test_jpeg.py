"""The fast path for JPEG against Pillow's own decoding."""

import io

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from dedup_assets.kernels.decode.jpeg import (
    decode_scaled,
    find_frame_marker,
    keeps_coefficients,
    read_quantization,
    read_subsampling,
)
from dedup_assets_tests.kernels.photographs import encode, load_photograph, mean_difference


def open_jpeg(data: bytes) -> JpegImagePlugin.JpegImageFile:
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return image


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
@pytest.mark.parametrize("size", [(451, 300), (448, 304), (7, 300)])
@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}])
def test_fast_path_and_pillow_give_the_same_pixels(factor: int, size: tuple[int, int], options: dict[str, int]) -> None:
    data = encode(load_photograph().resize(size), "JPEG", quality=85, **options)
    fast = decode_scaled(data, open_jpeg(data), factor)
    slow = open_jpeg(data)
    slow.draft("RGB", (max(1, size[0] // factor), max(1, size[1] // factor)))
    assert fast.shape == (-(-size[1] // factor), -(-size[0] // factor), 3)
    if size[0] >= factor:
        np.testing.assert_array_equal(fast, np.asarray(slow))


def test_a_gray_jpeg_has_three_equal_channels() -> None:
    data = encode(load_photograph().convert("L"), "JPEG")
    rgb = decode_scaled(data, open_jpeg(data), 1)
    np.testing.assert_array_equal(rgb, np.asarray(open_jpeg(data).convert("RGB")))


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_a_cmyk_jpeg_looks_like_the_photograph(factor: int) -> None:
    photograph = load_photograph()
    data = encode(photograph.convert("CMYK"), "JPEG", quality=95)
    rgb = decode_scaled(data, open_jpeg(data), factor)
    assert mean_difference(rgb, np.asarray(photograph.reduce(factor))) < 4


def test_a_jpeg_with_garbage_between_its_segments_is_read_as_pillow_reads_it() -> None:
    whole = encode(load_photograph(), "JPEG")
    at = whole.index(b"\xff\xdb")
    data = whole[:at] + b"\x00" * 5 + whole[at:]
    rgb = decode_scaled(data, open_jpeg(data), 1)
    np.testing.assert_array_equal(rgb, np.asarray(open_jpeg(data).convert("RGB")))


@pytest.mark.parametrize(("subsampling", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_chroma_subsampling_is_named(subsampling: int, name: str) -> None:
    data = encode(load_photograph(), "JPEG", subsampling=subsampling)
    assert read_subsampling(open_jpeg(data)) == name


def test_a_gray_jpeg_has_no_chroma_subsampling() -> None:
    assert read_subsampling(open_jpeg(encode(load_photograph().convert("L"), "JPEG"))) is None


def test_quantization_tables_are_those_of_the_file() -> None:
    tables = [list(range(1, 65)), list(range(64, 0, -1))]
    data = encode(load_photograph(), "JPEG", qtables=tables)
    assert read_quantization(open_jpeg(data)) == tuple(tuple(table) for table in tables)


def test_only_jpegs_of_several_scans_keep_their_coefficients() -> None:
    simple, progressive = encode(load_photograph(), "JPEG"), encode(load_photograph(), "JPEG", progressive=True)
    assert not keeps_coefficients(simple, open_jpeg(simple))
    assert keeps_coefficients(progressive, open_jpeg(progressive))
    scan = simple.index(b"\xff\xda")
    several = simple[: scan + 4] + b"\x01" + simple[scan + 5 :]
    assert keeps_coefficients(several, open_jpeg(several))


@pytest.mark.parametrize(("progressive", "marker"), [(False, 0xC0), (True, 0xC2)])
def test_the_frame_of_a_jpeg_tells_how_it_is_coded(progressive: bool, marker: int) -> None:
    data = encode(load_photograph(), "JPEG", progressive=progressive, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xc2\xff\xc0")
    assert find_frame_marker(data) == marker


def test_no_frame_is_found_where_segments_do_not_follow_each_other() -> None:
    data = encode(load_photograph(), "JPEG")
    at = data.index(b"\xff\xdb")
    for broken in (
        b"",
        data[:2],
        data[:at],
        data[:at] + b"\0" + data[at:],
        data[:at] + data[data.index(b"\xff\xda") :],
    ):
        assert find_frame_marker(broken) is None
