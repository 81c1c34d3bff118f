"""Frames and pages are counted, a few are looked at, and neither damage nor length costs more than that."""

import io
import struct
import time

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from dedup_assets.kernels.decode.further_frames import MAX_FRAMES, MAX_REACH, FurtherFrames
from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets_tests.kernels.films import film, moving_view, page_of_words
from dedup_assets_tests.kernels.photographs import encode

VIEW = moving_view(count=10)


def further(data: bytes) -> FurtherFrames:
    return decode_image(data, DecodeLimits()).further


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_frames_of_films_are_spread_evenly_from_the_second_to_the_last(image_format: str) -> None:
    found = further(film(VIEW, image_format))
    assert (found.count, found.places, len(found.grays)) == (10, (1, 2, 4, 5, 6, 8, 9), 7 * 64 * 64)
    assert found.moments == tuple(80 * place for place in found.places)


def test_a_frame_is_seen_as_a_viewer_shows_it() -> None:
    found = further(film(VIEW, "GIF"))
    last = np.asarray(VIEW[9].convert("L").resize((64, 64), Image.Resampling.BOX), np.int16)
    shown = np.frombuffer(found.grays, np.uint8).reshape(-1, 64, 64)[-1]
    assert np.abs(shown - last).mean() < 4


def test_pages_have_no_moments_and_smaller_copies_of_a_page_are_none() -> None:
    assert further(film(VIEW[:3], "TIFF")).moments == (0, 0)
    sheaf = pillow_heif.from_pillow(VIEW[0])
    sheaf.add_from_pillow(VIEW[5])
    buffer = io.BytesIO()
    sheaf.save(buffer)
    assert further(buffer.getvalue()).count == 2
    pyramid = io.BytesIO()
    small = VIEW[0].resize((150, 110))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    VIEW[0].save(pyramid, "TIFF", save_all=True, append_images=[small])
    assert further(pyramid.getvalue()).count == 1


def test_sizes_of_an_icon_and_the_preview_of_a_phone_are_no_pages() -> None:
    assert further(encode(VIEW[0].resize((64, 64)), "ICO", sizes=[(16, 16), (64, 64)])).count == 1
    assert further(film([VIEW[0], VIEW[0].resize((60, 44))], "MPO")).count == 1
    assert further(film([VIEW[0], VIEW[0].convert("L")], "MPO")).count == 1
    assert further(film(VIEW[:2], "MPO")).count == 2


def change_second_page(tags: dict[int, bytes]) -> bytes:
    """A TIFF of two pages, in the second of which entries are others: type, count and value of 10 bytes."""
    sheaf = bytearray(film(VIEW[:2], "TIFF"))
    at = struct.unpack_from("<I", sheaf, 4)[0]
    at = struct.unpack_from("<I", sheaf, at + 2 + 12 * struct.unpack_from("<H", sheaf, at)[0])[0]
    for number in range(int.from_bytes(sheaf[at : at + 2], "little")):
        entry = at + 2 + 12 * number
        tag = int.from_bytes(sheaf[entry : entry + 2], "little")
        if tag in tags:
            sheaf[entry + 2 : entry + 12] = tags[tag]
    return bytes(sheaf)


def test_a_page_that_declares_more_than_can_be_decoded_costs_no_more_than_itself() -> None:
    decoded = decode_image(
        change_second_page(dict.fromkeys((256, 257), struct.pack("<HII", 4, 1, 60_000))), DecodeLimits()
    )
    assert decoded.rgb.shape[:2] == (VIEW[0].height, VIEW[0].width)
    assert (decoded.further.count, decoded.further.grays) == (2, b"")


def test_a_document_whose_bytes_cannot_be_digested_is_no_still() -> None:
    found = further(change_second_page({279: struct.pack("<HII", 4, 3, 8)}))
    assert (found.count, found.places, found.digests) == (2, (1,), b"")


def test_pages_much_larger_than_the_first_are_counted_and_not_decoded() -> None:
    cover, sheet = Image.new("RGB", (100, 100), "red"), Image.new("RGB", (2_000, 1_900), "white")
    assert further(film([cover, sheet, sheet], "TIFF")).places == (1,)
    assert further(film([cover, sheet.resize((2_100, 2_000))], "TIFF")).count == 2
    assert further(film([cover, sheet.resize((2_100, 2_000))], "TIFF")).places == ()
    limits = DecodeLimits(max_pixels=1_000_000)
    assert decode_image(film([cover, sheet], "TIFF"), limits).further.places == ()


def test_a_film_that_ends_early_is_as_long_as_it_is() -> None:
    whole = film(VIEW, "GIF")
    cut = decode_image(whole[: len(whole) // 2], DecodeLimits())
    assert cut.image_format == "GIF"
    assert 1 < cut.further.count < 10


def test_a_film_of_a_thousand_frames_is_not_decoded_wholly() -> None:
    frames = [page_of_words(seed).resize((105, 148)) for seed in (1, 2)]
    short, long = film(frames * 20, "PNG"), film(frames * 500, "PNG")
    assert max(further(long).places) < MAX_REACH
    assert len(further(long).places) < MAX_FRAMES
    assert _seconds(long) < 5 * _seconds(short) + 0.05


def _seconds(data: bytes) -> float:
    began = time.perf_counter()
    further(data)
    return time.perf_counter() - began


def test_a_film_that_tells_no_times_is_not_decoded_wholly_either() -> None:
    frames = [page_of_words(seed).resize((105, 148)) for seed in range(60)]
    data = film(frames, "GIF", duration=0)
    assert max(further(data).places) < MAX_REACH
    assert set(further(data).moments) == {0}
