"""What is said about bytes that give no picture."""

import io
import os
import re
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets.kernels.decode.unreadable import UnreadableImage, UnreadableStatus
from dedup_assets_tests.kernels.decode.odd_files import damaged, odd_files
from dedup_assets_tests.kernels.decode.odd_jpegs import odd_jpegs
from dedup_assets_tests.kernels.decode.odd_pngs import odd_pngs, png_of
from dedup_assets_tests.kernels.decode.odd_tiffs import odd_tiffs
from dedup_assets_tests.kernels.photographs import encode, load_photograph

DAMAGED = ("4:2:0.jpg", "progressive 4:2:0.jpg", "restarts.jpg", "cmyk.jpg", "P.png", "animated.png", "lossy.webp",
    "lossless.webp", "animated.gif", "rgb.bmp", "tiff_lzw.tif", "raw.tif", "tiles.tif", "plain.avif", "plain.heic", "RGB.jp2",
    "two sizes.ico", "runs.tga", "rgb.ppm", "rgb.psd")  # fmt: skip
DAMAGED_PLACES = 3
MOST_MEMORY_BYTES = 1_000_000_000
DECODERS_WORDS = re.compile(r"BytesIO|0x|stream|decoder|driver|buffer|NoneType|Error|b'|[<>]|\(-?\d+\)$")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM")


def judge(data: bytes, limits: DecodeLimits | None = None) -> UnreadableImage:
    with pytest.raises(UnreadableImage) as caught:
        decode_image(data, limits or DecodeLimits())
    return caught.value


def make_bomb_png(side_px: int) -> bytes:
    """Return a PNG header that declares side x side pixels, with next to no data behind it."""
    return png_of(side_px, side_px, 8, 2, b"")


@cache
def all_odd_files() -> dict[str, bytes]:
    """Hundreds of odd and broken files by name, and common ones damaged at random places."""
    picture = load_photograph().resize((160, 120))
    whole = {name: data for make in (odd_jpegs, odd_pngs, odd_tiffs, odd_files) for name, data in make(picture)}
    hurt = (damaged(name, whole[name], DAMAGED_PLACES) for name in DAMAGED)
    return whole | {name: data for files in hurt for name, data in files}


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", "corrupt", "is empty (0 bytes)"),
        (b"\x00\x13\x37 no picture at all", "unsupported", "not an image in a format that can be read"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "unsupported", "an HTML page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported", "an SVG drawing"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "unsupported", "a JPEG XL image"),
        (b"%PDF-1.7\n", "unsupported", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported", "a PostScript document"),
        (b"\xff", "truncated", "JPEG file ends"),
    ],
)
def test_bytes_that_are_no_picture_are_named(data: bytes, status: UnreadableStatus, words: str) -> None:
    verdict = judge(data)
    assert (verdict.status, words in verdict.sentence) == (status, True), verdict.sentence


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.8])
def test_a_file_cut_short_is_never_accepted(image_format: str, share: float) -> None:
    whole = encode(load_photograph(), image_format)
    assert judge(whole[: int(len(whole) * share)]).status in ("truncated", "corrupt")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("tail", ["cut", "zeros"])
def test_a_jpeg_that_ends_early_or_in_zeros_is_said_to_be_truncated(
    options: dict[str, int], share: float, tail: str
) -> None:
    whole = encode(load_photograph(), "JPEG", quality=88, **options)
    kept = whole[: int(len(whole) * share)]
    verdict = judge(kept if tail == "cut" else kept.ljust(len(whole), b"\0"))
    assert verdict.status == "truncated"
    assert verdict.sentence.startswith("The JPEG file ends before its picture is complete: ")


def test_a_jpeg_cut_short_but_closed_by_an_end_marker_is_said_to_be_truncated() -> None:
    whole = encode(load_photograph(), "JPEG", quality=88)
    assert judge(whole[: len(whole) // 2] + b"\xff\xd9").status == "truncated"


def test_a_jpeg_of_twelve_bits_is_unsupported_and_says_so() -> None:
    data = bytearray(encode(load_photograph(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    verdict = judge(bytes(data))
    assert verdict.status == "unsupported"
    assert "12-bit" in verdict.sentence


def test_a_picture_of_more_pixels_than_allowed_is_too_large() -> None:
    verdict = judge(make_bomb_png(100_000))
    assert verdict.status == "too_large"
    assert "10,000,000,000 pixels; allowed are 250,000,000" in verdict.sentence


def test_limits_are_inclusive_and_can_be_changed() -> None:
    photograph = load_photograph()
    data, pixels = encode(photograph, "PNG"), photograph.width * photograph.height
    assert decode_image(data, DecodeLimits(max_pixels=pixels)).width_px == photograph.width
    assert judge(data, DecodeLimits(max_pixels=pixels - 1)).status == "too_large"


def test_a_picture_that_needs_too_much_memory_is_refused_before_it_is_decoded() -> None:
    verdict = judge(make_bomb_png(15_000))
    assert verdict.status == "too_large"
    assert "of memory to decode" in verdict.sentence


def test_equal_bytes_give_equal_sentences() -> None:
    broken = encode(load_photograph(), "PNG")[:5000]
    assert judge(broken).sentence == judge(broken).sentence
    assert "0x" not in judge(b"\xff\xd8 and nothing more").sentence


@pytest.mark.parametrize("image_format", FORMATS)
def test_damage_anywhere_gives_a_picture_or_a_verdict(image_format: str) -> None:
    whole = bytearray(encode(load_photograph().resize((96, 64)), image_format))
    for start in range(0, len(whole), max(1, len(whole) // 40)):
        damaged = whole.copy()
        damaged[start : start + 3] = b"\xff\x00\x7f"
        assert tell(bytes(damaged)).endswith(".")


def test_verdicts_on_odd_files_agree_with_pillow() -> None:
    """They differ on JPEGs that lack their last rows and yet have an end: Pillow fills in gray, we say they are truncated."""
    files = {name: data for name, data in all_odd_files().items() if "15000" not in name}
    differing = [name for name, data in files.items() if reads(data) != pillow_reads(data)]
    assert len(files) > 600
    assert len(differing) <= 0.02 * len(files), differing


def test_every_verdict_on_an_odd_file_is_a_sentence_for_people() -> None:
    told = {name: tell(data) for name, data in all_odd_files().items()}
    assert {name: text for name, text in told.items() if not text.endswith(".")} == {}
    assert {name: text for name, text in told.items() if DECODERS_WORDS.search(text)} == {}


def test_no_bomb_takes_a_gigabyte(tmp_path: Path) -> None:
    bombs = [name for name in all_odd_files() if "declares" in name or "bomb" in name or "65535" in name]
    for number, name in enumerate(bombs):
        (tmp_path / f"{number:03d}").write_bytes(all_odd_files()[name])
    command = [sys.executable, "-m", "dedup_assets_tests.kernels.decode.test_unreadable", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(bombs) > 30
    assert int(told) < MOST_MEMORY_BYTES


@pytest.mark.corpus
def test_verdicts_on_real_broken_files_agree_with_pillow() -> None:
    files = [path.read_bytes() for path in sorted(Path(os.environ["DEDUP_CORPUS"], "bad").rglob("*")) if path.is_file()]
    agreeing = [reads(data) == pillow_reads(data) for data in files]
    assert sum(agreeing) >= 0.98 * len(files) > 0


def reads(data: bytes) -> bool:
    try:
        return decode_image(data, DecodeLimits()).rgb.ndim == 3
    except UnreadableImage:
        return False


def tell(data: bytes) -> str:
    """Return what is said about bytes that may or may not give a picture; anything else than a verdict is raised."""
    try:
        decoded = decode_image(data, DecodeLimits())
    except UnreadableImage as verdict:
        return verdict.sentence
    return f"A picture of {decoded.width_px} x {decoded.height_px} pixels."


def pillow_reads(data: bytes) -> bool:
    with warnings.catch_warnings(action="ignore"):
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
        except Exception:  # noqa: BLE001 (any complaint is Pillow's verdict)
            return False
    return True


def print_peak_memory(folder: Path) -> None:
    """Judge the files of a folder and print the most bytes of memory that this process took."""
    for path in sorted(folder.iterdir()):
        tell(path.read_bytes())
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].removesuffix("kB")) * 1024)  # getrusage would count the parent's memory


if __name__ == "__main__":
    print_peak_memory(Path(sys.argv[1]))
