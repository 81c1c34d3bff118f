"""Chunks are walked from one to the next, whatever their lengths say."""

import struct

import pytest

from dedup_assets.kernels.decode.chunks import walk_png, walk_riff

PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    struct.pack(">I", len(content)) + kind + content + b"sum!"
    for kind, content in ((b"IHDR", b"header"), (b"IDAT", b""), (b"IEND", b""))
)
RIFF = b"RIFF\0\0\0\0WEBP" + b"".join(
    kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    for kind, content in ((b"VP8X", b"odd"), (b"ANMF", b"even"), (b"VP8L", b""))
)


def test_every_chunk_comes_with_where_its_content_lies() -> None:
    assert [(kind, PNG[begin:end]) for kind, begin, end in walk_png(PNG)] == [
        (b"IHDR", b"header"), (b"IDAT", b""), (b"IEND", b""),
    ]  # fmt: skip
    assert [(kind, RIFF[begin:end]) for kind, begin, end in walk_riff(RIFF)] == [
        (b"VP8X", b"odd"), (b"ANMF", b"even"), (b"VP8L", b""),
    ]  # fmt: skip


@pytest.mark.parametrize("length", range(len(PNG)))
def test_a_file_that_is_cut_has_the_chunks_that_have_begun(length: int) -> None:
    for walk, data in ((walk_png, PNG), (walk_riff, RIFF)):
        whole, cut = list(walk(data)), list(walk(data[:length]))
        assert cut == [chunk for chunk in whole if chunk[1] <= length]


def test_a_length_beyond_the_end_ends_the_walk() -> None:
    assert list(walk_png(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT")) == [(b"IDAT", 16, 16 + 0xFFFFFFFF)]
    assert list(walk_riff(b"RIFF\0\0\0\0WEBPVP8 \xff\xff\xff\xff")) == [(b"VP8 ", 20, 20 + 0xFFFFFFFF)]
