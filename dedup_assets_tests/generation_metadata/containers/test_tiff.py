import struct

import pytest

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.generation_metadata.containers.tiff import decode_user_comment
from dedup_assets_tests.generation_metadata.samples import exif_block, image_file, user_comment


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_a_unicode_comment_is_read_in_either_byte_order(order: str) -> None:
    data = image_file("JPEG", exif_block(user_comment("a fox, テスト", order)))
    assert read_carriers(data) == {"EXIF:UserComment": "a fox, テスト"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ASCII\0\0\0a fox", "a fox"),
        (b"\0\0\0\0\0\0\0\0a fox", "a fox"),
        (b"JIS\0\0\0\0\0" + "狐".encode("iso2022_jp"), "狐"),
        ("狐".encode(), "狐"),
        (b"", ""),
    ],
)
def test_a_comment_is_decoded_by_its_character_code(raw: bytes, text: str) -> None:
    decoded = decode_user_comment(raw, big_endian_hint=True)
    assert decoded == text


def test_a_comment_in_the_first_directory_is_read() -> None:
    exif = struct.pack("<4sIHHHI4sI", b"II*\0", 8, 1, 0x9286, 2, 13, struct.pack("<I", 26), 0) + b'{"seed": 123}'
    data = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif + b"\xff\xd9"
    assert read_carriers(data) == {"EXIF:UserComment": '{"seed": 123}'}


def test_directories_that_point_nowhere_or_at_themselves_end() -> None:
    nowhere = struct.pack("<4sI", b"II*\0", 0xFFFFFFFF)
    itself = struct.pack("<4sIHHHI4sI", b"II*\0", 8, 1, 0x8769, 4, 1, struct.pack("<I", 8), 8)
    assert read_carriers(nowhere) == {"error": "the EXIF block is cut"}
    assert read_carriers(itself) == {}


def test_a_text_that_points_outside_is_reported() -> None:
    data = struct.pack("<4sIHHHI4sI", b"II*\0", 8, 1, 0x010E, 2, 0xFFFFFFFF, struct.pack("<I", 8), 0)
    assert read_carriers(data) == {"error": "an EXIF text is cut"}
