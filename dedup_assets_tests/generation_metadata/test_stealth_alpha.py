import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dedup_assets.generation_metadata.recipe import file_report
from dedup_assets.generation_metadata.stealth_alpha import read_stealth_alpha, read_stealth_file
from dedup_assets_tests.generation_metadata.samples import INFOTEXT, image_file


def hidden(text: bytes, signature: bytes, channels: slice) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A 100 × 90 RGBA picture with a text in the lowest bits of some channels, column by column."""
    pixels = np.full((100, 90, 4), 254, np.uint8)
    bits = np.unpackbits(np.frombuffer(signature + (len(text) * 8).to_bytes(4, "big") + text, np.uint8))
    columns = np.ascontiguousarray(pixels.transpose(1, 0, 2)[:, :, channels])
    columns.reshape(-1)[: len(bits)] |= bits
    pixels[:, :, channels] = columns.transpose(1, 0, 2)
    return pixels


@pytest.mark.parametrize(
    ("signature", "channels"),
    [
        (b"stealth_pnginfo", slice(3, 4)),
        (b"stealth_pngcomp", slice(3, 4)),
        (b"stealth_rgbinfo", slice(0, 3)),
        (b"stealth_rgbcomp", slice(0, 3)),
    ],
)
def test_all_four_layouts_are_read(signature: bytes, channels: slice) -> None:
    text = INFOTEXT.encode()
    pixels = hidden(gzip.compress(text) if signature.endswith(b"comp") else text, signature, channels)
    assert read_stealth_alpha(pixels) == {"stealth-alpha": INFOTEXT}


def test_a_report_reads_the_pixels_only_when_asked() -> None:
    buffer = io.BytesIO()
    Image.fromarray(hidden(INFOTEXT.encode(), b"stealth_pnginfo", slice(3, 4))).save(buffer, "PNG")
    assert file_report("x.png", buffer.getvalue())["tool"] is None
    assert file_report("x.png", buffer.getvalue(), read_stealth=True)["seed"] == 1234567890


def test_a_plain_picture_hides_nothing() -> None:
    assert read_stealth_file(image_file("PNG")) == {}
    assert read_stealth_file(image_file("JPEG")) == {}
    assert read_stealth_file(b"") == {}


def test_a_cut_picture_hides_nothing() -> None:
    data = image_file("PNG")
    assert all(read_stealth_file(data[:end]) == {} for end in range(len(data)))


@given(st.integers(0, 2**32 - 1), st.binary(max_size=40))
def test_forged_lengths_and_damaged_texts_never_raise(size: int, body: bytes) -> None:
    pixels = np.zeros((40, 30, 4), np.uint8)
    bits = np.unpackbits(np.frombuffer(b"stealth_pngcomp" + size.to_bytes(4, "big") + body, np.uint8))
    alpha = pixels[:, :, 3].T.copy()
    alpha.reshape(-1)[: len(bits)] |= bits
    pixels[:, :, 3] = alpha.T
    assert read_stealth_alpha(pixels) == {}
