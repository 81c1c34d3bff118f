"""Plain PNGs have the pixels that Pillow gives them; all others are left to it."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from dedup_assets.kernels.decode import png
from dedup_assets.kernels.decode.image import decode_image
from dedup_assets.kernels.decode.limits import DecodeLimits
from dedup_assets.kernels.decode.pixels import reduce_to_plain
from dedup_assets.kernels.decode.png import read_plain_png, unfilter
from dedup_assets_tests.kernels.decode.odd_pngs import in_mode, odd_pngs, png_chunk, png_of, save
from dedup_assets_tests.kernels.photographs import load_photograph

WIDTH, HEIGHT = 23, 40
COLOURS = {"L": 0, "RGB": 2, "RGBA": 6}
CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["PNG"])


def read(data: bytes, factor: int = 1) -> Image.Image | None:
    averaged = read_plain_png(data, opened(data))
    return averaged and averaged(factor)


def by_pillow(data: bytes, factor: int = 1) -> Image.Image:
    image = opened(data)
    image.load()
    return reduce_to_plain(image, factor)


def filtered(mode: str, seed: int = 0) -> bytes:
    """Rows of random differences, each behind a random filter, the first one once behind each."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (HEIGHT, 1 + WIDTH * CHANNELS[mode]), dtype=np.uint8)
    rows[:, 0] = rng.integers(0, 5, HEIGHT)
    rows[0, 0] = seed % 5
    return rows.tobytes()


def plain_png(*chunks: bytes, rows: bytes | None = None, **header: int) -> bytes:
    return png_of(WIDTH, HEIGHT, header.pop("bits", 8), 2, rows or filtered("RGB"), *chunks, **header)


@pytest.mark.parametrize("mode", COLOURS)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factor", [1, 2, 8])
def test_every_filter_gives_the_pixels_of_pillow(mode: str, seed: int, factor: int) -> None:
    data = png_of(WIDTH, HEIGHT, 8, COLOURS[mode], filtered(mode, seed))
    picture = read(data, factor)
    assert picture is not None
    assert picture.mode == mode
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(by_pillow(data, factor)))


@pytest.mark.parametrize("mode", COLOURS)
def test_a_photograph_in_many_bands_has_the_pixels_of_pillow(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedup_assets.kernels.decode.pixels._BAND_PX", 20_000)
    data = save(in_mode(load_photograph(), mode), "PNG")
    for factor in (1, 4):
        picture = read(data, factor)
        assert picture is not None
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(by_pillow(data, factor)))


def test_the_loop_does_compiled_what_is_written() -> None:
    rows = np.frombuffer(filtered("RGB", 3), np.uint8).reshape(HEIGHT, -1)
    fast, slow = rows.copy(), rows.copy()
    unfilter(fast, 3)
    with np.errstate(over="ignore"):
        unfilter.plain(slow, 3)
    np.testing.assert_array_equal(fast, slow)


@pytest.mark.parametrize(
    "data",
    [
        plain_png(interlaced=1),
        plain_png(bits=16, rows=b"\0" * (HEIGHT * (1 + 6 * WIDTH))),
        plain_png(png_chunk(b"tRNS", bytes(6))),
        plain_png(png_chunk(b"acTL", bytes([0, 0, 0, 1, 0, 0, 0, 0]))),
        plain_png(rows=b"\5" + filtered("RGB")[1:]),
        plain_png(rows=filtered("RGB")[:-1]),
        plain_png(rows=filtered("RGB") + b"\0"),
        plain_png()[:-12] + png_chunk(b"tEXt", b"after\0the picture") + png_chunk(b"IEND", b""),
        plain_png()[:-12],
        plain_png()[:-40],
        save(in_mode(load_photograph(), "P"), "PNG"),
        save(in_mode(load_photograph(), "LA"), "PNG"),
        save(in_mode(load_photograph(), "1"), "PNG"),
    ],
    ids=[
        "interlaced", "16 bits", "transparent", "animated", "filter", "short", "long", "text", "endless", "cut", "P", "LA", "1"
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_pillow(data: bytes) -> None:
    assert read(data) is None


def test_a_wrong_checksum_of_the_picture_is_left_to_pillow() -> None:
    data = plain_png()
    packed = zlib.compress(filtered("RGB"))
    assert packed in data
    assert read(data.replace(packed, packed[:-1] + bytes([packed[-1] ^ 1]))) is None


def test_a_long_file_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MAX_BYTES", 100)
    assert read(plain_png()) is None


def test_a_picture_may_come_in_many_chunks() -> None:
    packed = zlib.compress(filtered("RGB"))
    parts = b"".join(png_chunk(b"IDAT", packed[begin : begin + 100]) for begin in range(0, len(packed), 100))
    data = plain_png().replace(png_chunk(b"IDAT", packed), parts)
    picture = read(data)
    assert picture is not None
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(by_pillow(data)))


def test_a_plain_picture_is_turned_as_its_header_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = save(load_photograph(), "PNG", exif=exif)
    decoded = decode_image(data, DecodeLimits())
    assert read(data) is not None
    assert (decoded.exif_orientation, decoded.width_px) == (6, load_photograph().height)


@pytest.mark.parametrize(("name", "data"), list(odd_pngs(load_photograph().resize((60, 40)))))
def test_odd_files_get_the_pixels_or_the_verdict_of_pillow(
    name: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _verdict(data)
    monkeypatch.setattr(png, "MAX_BYTES", 0)
    assert found == _verdict(data), name


def _verdict(data: bytes) -> tuple[object, ...]:
    try:
        decoded = decode_image(data, DecodeLimits(max_pixels=10_000_000))
    except Exception as error:  # noqa: BLE001 (the verdicts are compared)
        return (type(error), str(error))
    return (decoded.rgb.tobytes(), decoded.rgb.shape, decoded.color_mode, decoded.exif_orientation)
