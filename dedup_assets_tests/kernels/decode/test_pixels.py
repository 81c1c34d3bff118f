"""Every pixel mode as the photograph it shows."""

import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.decode import pixels
from dedup_assets.kernels.decode.pixels import reduce_to_plain
from dedup_assets_tests.kernels.photographs import load_photograph, mean_difference


@pytest.mark.parametrize(
    ("mode", "plain"),
    [("1", "L"), ("L", "L"), ("P", "RGB"), ("LA", "RGBA"), ("PA", "RGBA"), ("CMYK", "CMYK"), ("YCbCr", "RGB")],
)
def test_modes_become_plain(mode: str, plain: str) -> None:
    image = load_photograph().quantize(64).convert("PA") if mode == "PA" else load_photograph().convert(mode)
    assert reduce_to_plain(image, 1).mode == plain


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA"])
@pytest.mark.parametrize("factor", [2, 4, 8])
def test_scaling_in_bands_equals_scaling_at_once(mode: str, factor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = load_photograph().convert(mode)
    monkeypatch.setattr(pixels, "_BAND_PX", 20_000)
    scaled = reduce_to_plain(image, factor)
    assert scaled.size == (-(-image.width // factor), -(-image.height // factor))
    np.testing.assert_array_equal(np.asarray(scaled), np.asarray(image.reduce(factor)))


def test_a_palette_is_resolved_before_scaling() -> None:
    image = load_photograph().quantize(200)
    scaled = np.asarray(reduce_to_plain(image, 4))
    assert mean_difference(scaled, np.asarray(load_photograph().reduce(4))) < 6


def test_a_transparent_palette_entry_is_transparent() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.info["transparency"] = 0
    assert reduce_to_plain(image, 1).getpixel((0, 0)) == (255, 0, 0, 0)


def test_sixteen_bits_of_gray_span_the_whole_depth() -> None:
    levels = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
    assert np.asarray(reduce_to_plain(Image.fromarray(levels), 1)).tolist() == [[0, 1, 128, 255]]


def test_a_transparent_level_of_sixteen_bits_is_white() -> None:
    image = Image.fromarray(np.array([[7, 0]], dtype=np.uint16))
    image.info["transparency"] = 7
    assert np.asarray(reduce_to_plain(image, 1)).tolist() == [[255, 0]]


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        (np.array([[0.0, 0.5, 1.0]], dtype=np.float32), [[0, 128, 255]]),
        (np.array([[-10.0, 0.0, 10.0]], dtype=np.float32), [[0, 128, 255]]),
        (np.array([[0, 32896, 65535]], dtype=np.int32), [[0, 128, 255]]),
        (np.array([[0, 100_000, 200_000]], dtype=np.int32), [[0, 128, 255]]),
        (np.array([[5.0, 5.0]], dtype=np.float32), [[0, 0]]),
    ],
)
def test_wide_gray_values_are_brought_to_eight_bits(levels: np.ndarray, shown: list[list[int]]) -> None:
    result = np.asarray(reduce_to_plain(Image.fromarray(levels), 1)).astype(int)
    assert np.abs(result - shown).max() <= 1


def test_values_that_are_no_numbers_are_black() -> None:
    levels = np.array([[np.nan, 0.0, 1.0]], dtype=np.float32)
    assert np.asarray(reduce_to_plain(Image.fromarray(levels), 1)).tolist() == [[0, 0, 255]]
