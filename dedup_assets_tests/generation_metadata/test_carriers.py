import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.generation_metadata.carrier_texts import ERROR_CARRIER
from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets_tests.generation_metadata.samples import (
    INFOTEXT,
    exif_block,
    image_file,
    png_file,
    text_chunk,
    user_comment,
)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_user_comment_is_read_from_every_container(image_format: str) -> None:
    data = image_file(image_format, exif_block(user_comment(INFOTEXT)))
    assert read_carriers(data) == {"EXIF:UserComment": INFOTEXT}


def test_a_file_without_metadata_or_of_an_unknown_format_has_no_carriers() -> None:
    assert read_carriers(image_file("JPEG")) == {}
    assert read_carriers(image_file("BMP")) == {}
    assert read_carriers(b"") == {}


def test_no_file_can_write_the_error_carrier() -> None:
    carriers = read_carriers(png_file(text_chunk(ERROR_CARRIER, "forged")))
    assert carriers == {f"{ERROR_CARRIER} (2)": "forged"}


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_file_cut_anywhere_gives_only_what_was_whole(image_format: str) -> None:
    data = image_file(image_format, exif_block(user_comment(INFOTEXT)))
    for end in range(len(data)):
        carriers = read_carriers(data[:end])
        assert carriers.get("EXIF:UserComment", INFOTEXT) == INFOTEXT


@given(
    head=st.sampled_from(
        [
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8",
            b"RIFF\x00\x00\x00\x00WEBP",
            b"II*\x00",
            b"MM\x00*",
            b"\x00\x00\x00\x18ftypavif",
        ]
    ),
    body=st.binary(max_size=400),
)
def test_no_bytes_raise(head: bytes, body: bytes) -> None:
    assert all(isinstance(text, str) for text in read_carriers(head + body).values())


@given(
    image_format=st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
)
def test_no_damaged_file_raises(image_format: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(image_file(image_format, exif_block(user_comment("Steps: 1, Seed: 2"))))
    for position, value in changes:
        data[position % len(data)] = value
    assert ERROR_CARRIER not in read_carriers(bytes(data)) or read_carriers(bytes(data))[ERROR_CARRIER]


def test_millions_of_empty_chunks_end_in_bounded_time() -> None:
    head = b"\x89PNG\r\n\x1a\n"
    start = time.perf_counter()
    carriers = read_carriers(head + struct.pack(">I4sI", 0, b"tIME", 0) * 2_000_000)
    assert time.perf_counter() - start < 5
    assert carriers == {ERROR_CARRIER: "there are more than 100000 PNG chunks"}


def test_many_large_texts_are_kept_up_to_the_limit() -> None:
    chunk = text_chunk("big", "x" * 1_000_000)
    carriers = read_carriers(png_file(chunk * 6))
    assert sum(map(len, carriers.values())) < 4 * 1024 * 1024 + 200
    assert list(carriers) == ["big", "big (2)", "big (3)", "big (4)", ERROR_CARRIER]
