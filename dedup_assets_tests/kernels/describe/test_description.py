"""One image's bytes boiled down."""

import io
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describe.description import ImageDescription, describe_image, describe_sketches, sketch_image
from dedup_assets.kernels.describe.hashes import dct_hashes, hamming_distances, wavelet_hashes
from dedup_assets_tests.kernels.photographs import NAMES, encode, load_photograph, mean_difference

COUNT_COMPILED = """
import gc, pathlib, sys
from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import describe_image, load_compiled

def count():
    return sum(len(one._compiled.signatures) for one in gc.get_objects() if isinstance(one, compiled) and one._compiled)

load_compiled()
print(count())
describe_image(pathlib.Path(sys.argv[1]).read_bytes(), DecodeLimits())
print(count())
"""


DESCRIBE_ALL_SHAPES = """
import cv2, numpy as np
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import describe_image

random = np.random.default_rng(0)
sides = (1, 2, 7, 8, 9, 16, 31, 33, 63, 64, 65, 66, 70, 131, 257)
for height in sides:
    for width in sides:
        picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        picture[: height // 5] = picture[:, -(width // 6) :] = 255
        describe_image(cv2.imencode(".png", picture)[1].tobytes(), DecodeLimits())
print("done")
"""


def describe(data: bytes) -> ImageDescription:
    return describe_image(data, DecodeLimits())


def open_thumbnail(description: ImageDescription) -> Image.Image:
    return Image.open(io.BytesIO(description.thumbnail))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((451, 300), (256, 170)), ((300, 451), (170, 256)), ((100, 80), (100, 80)), ((2000, 1000), (256, 128))],
)
def test_thumbnails_are_256_pixels_or_as_small_as_the_original(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    picture = load_photograph().resize(size)
    thumbnail = open_thumbnail(describe(encode(picture, "PNG")))
    assert thumbnail.size == expected
    shrunk = picture.resize(expected, Image.Resampling.BOX)
    assert mean_difference(np.asarray(thumbnail.convert("RGB")), np.asarray(shrunk)) < 4


def test_a_line_of_pixels_has_a_thumbnail() -> None:
    assert open_thumbnail(describe(encode(Image.new("RGB", (4000, 1)), "PNG"))).size == (256, 1)


def test_equal_bytes_give_equal_descriptions() -> None:
    data = encode(load_photograph(), "JPEG")
    first, second = describe(data), describe(data)
    assert first.thumbnail == second.thumbnail
    np.testing.assert_array_equal(first.gray_64, second.gray_64)
    assert (first.sharpness, first.detail, first.contrast) == (second.sharpness, second.detail, second.contrast)


@pytest.mark.parametrize("name", NAMES)
def test_copies_of_a_photograph_have_near_hashes(name: str) -> None:
    photograph = load_photograph(name)
    large = photograph.resize((photograph.width * 5, photograph.height * 5), Image.Resampling.BICUBIC)
    copies = [
        encode(photograph, "PNG"),
        encode(photograph, "JPEG", quality=60),
        encode(large, "JPEG", quality=80),
        encode(photograph.resize((200, 150)), "WEBP"),
    ]
    gray = np.stack([describe(copy).gray_64 for copy in copies])
    for codes in (wavelet_hashes(gray), dct_hashes(gray)):
        assert hamming_distances(codes[1:], np.repeat(codes[:1], 3, axis=0)).max() <= 24


def test_the_inside_of_a_frame_hashes_as_the_picture_without_it() -> None:
    photograph = load_photograph()
    framed = Image.new("RGB", (photograph.width + 120, photograph.height + 60), "white")
    framed.paste(photograph, (60, 30))
    inside, alone = describe(encode(framed, "PNG")), describe(encode(photograph, "PNG"))
    assert (alone.inner_box, alone.inner_gray_64) == (None, None)
    assert inside.inner_gray_64 is not None
    assert inside.inner_box == pytest.approx((60 / 571, 30 / 360, 451 / 571, 300 / 360), abs=0.006)
    codes = wavelet_hashes(np.stack([inside.inner_gray_64, alone.gray_64]))
    assert hamming_distances(codes[:1], codes[1:])[0] <= 10


def test_contrast_is_the_deviation_of_gray_64() -> None:
    assert describe(encode(Image.new("RGB", (70, 70), "gray"), "PNG")).contrast == 0
    description = describe(encode(load_photograph(), "PNG"))
    assert description.contrast == pytest.approx(float(np.std(description.gray_64)))


def test_what_the_file_is_stands_in_the_description() -> None:
    data = encode(load_photograph().convert("L"), "JPEG", quality=75)
    description = describe(data)
    assert (description.image_format, description.color_mode, description.jpeg_quality) == ("JPEG", "L", 75)
    assert (description.width_px, description.height_px, description.chroma_subsampling) == (451, 300, None)
    assert description.bits_per_pixel == pytest.approx(8 * len(data) / (451 * 300))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 500), (9, 9), (63, 65)])
@pytest.mark.parametrize("colour", ["white", "black", "red"])
def test_tiny_and_flat_pictures_are_described(size: tuple[int, int], colour: str) -> None:
    description = describe(encode(Image.new("RGB", size, colour), "PNG"))
    assert (description.width_px, description.height_px) == size
    assert description.gray_64.shape == (64, 64)


def test_what_is_compiled_for_one_picture_serves_all(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    framed = ImageOps.expand(load_photograph(), (30, 40, 0, 0), "white")
    picture.write_bytes(encode(framed, "JPEG", quality=60))
    outcome = subprocess.run(
        [sys.executable, "-c", COUNT_COMPILED, str(picture)], capture_output=True, text=True, check=True
    )
    before, after = map(int, outcome.stdout.split())
    assert before == after > 0


def test_what_is_compiled_never_leaves_its_arrays(tmp_path: Path) -> None:
    checked = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", DESCRIBE_ALL_SHAPES]
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=checked).stdout == "done\n"


def test_a_picture_is_described_alike_whichever_others_are_with_it() -> None:
    files = [encode(load_photograph(name).resize((120, 90)), "JPEG") for name in NAMES]
    files.append(encode(Image.new("RGB", (70, 70), "gray"), "PNG"))
    sketches = [sketch_image(data, DecodeLimits()) for data in files]
    for data, together in zip(files, describe_sketches(sketches), strict=True):
        alone = describe(data)
        for name in (field.name for field in fields(ImageDescription)):
            np.testing.assert_array_equal(getattr(together, name), getattr(alone, name), err_msg=name)
    assert describe_sketches([]) == []


def test_hashes_are_those_of_the_gray_pictures() -> None:
    framed = Image.new("RGB", (571, 360), "white")
    framed.paste(load_photograph(), (60, 30))
    description = describe(encode(framed, "PNG"))
    assert description.inner_gray_64 is not None
    gray = np.stack([description.gray_64, description.inner_gray_64])
    wavelet, dct = wavelet_hashes(gray), dct_hashes(gray)
    assert (description.wavelet_hash, description.inner_wavelet_hash) == tuple(code.tobytes() for code in wavelet)
    assert (description.dct_hash, description.inner_dct_hash) == tuple(code.tobytes() for code in dct)


def test_unreadable_bytes_are_refused_with_their_status() -> None:
    with pytest.raises(UnreadableImage, match="is empty") as caught:
        describe(b"")
    assert caught.value.status == "corrupt"
