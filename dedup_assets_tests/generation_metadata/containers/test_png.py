from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets_tests.generation_metadata.samples import (
    INFOTEXT,
    compressed_chunk,
    exif_block,
    image_file,
    international_chunk,
    png_chunk,
    png_file,
    text_chunk,
    user_comment,
)


def test_texts_before_and_after_the_pixels_are_read() -> None:
    data = png_file(text_chunk("parameters", "before"), text_chunk("prompt", "after"))
    assert read_carriers(data) == {"parameters": "before", "prompt": "after"}


def test_all_text_chunks_are_read() -> None:
    chunks = (
        text_chunk("a", "é")
        + compressed_chunk("b", "é".encode("latin-1"))
        + international_chunk("c", "テスト")
        + international_chunk("d", "テスト", compressed=True)
    )
    assert read_carriers(png_file(chunks)) == {"a": "é", "b": "é", "c": "テスト", "d": "テスト"}


def test_utf8_in_a_latin1_chunk_is_read_as_utf8() -> None:
    assert read_carriers(png_file(png_chunk(b"tEXt", "parameters\0テスト".encode()))) == {"parameters": "テスト"}


def test_a_compression_bomb_is_reported_and_never_unpacked() -> None:
    carriers = read_carriers(
        png_file(compressed_chunk("bomb", b"\0" * 100_000_000) + text_chunk("parameters", INFOTEXT))
    )
    assert carriers == {"parameters": INFOTEXT, "error": "the metadata is larger than 4194304 bytes"}


def test_a_damaged_compressed_text_is_reported() -> None:
    carriers = read_carriers(png_file(png_chunk(b"zTXt", b"prompt\0\0no zlib")))
    assert carriers == {"error": "the compressed text 'prompt' is damaged"}


def test_a_compressed_text_whose_stream_ends_early_gives_what_was_whole() -> None:
    chunk = compressed_chunk("prompt", INFOTEXT.encode())[8:-4]
    carriers = read_carriers(png_file(png_chunk(b"zTXt", chunk[:-30])))
    assert INFOTEXT.startswith(carriers["prompt"])
    assert carriers["error"] == "the compressed text 'prompt' is cut"


def test_a_cut_chunk_is_reported_and_what_stands_before_it_is_kept() -> None:
    data = png_file(text_chunk("parameters", "whole") + text_chunk("prompt", "x" * 500))
    assert read_carriers(data[:300]) == {"parameters": "whole", "error": "a PNG tEXt chunk is cut"}


def test_a_chunk_that_claims_4_gigabytes_is_reported() -> None:
    data = png_file(text_chunk("parameters", "whole"))[:-12] + b"\xff\xff\xff\xfftEXtprompt\0x"
    assert read_carriers(data) == {"parameters": "whole", "error": "a PNG tEXt chunk is too large or cut"}


def test_exif_as_imagemagick_stores_it_is_read() -> None:
    block = b"Exif\0\0" + exif_block(user_comment(INFOTEXT)).removeprefix(b"Exif\0\0")
    profile = b"\nexif\n" + str(len(block)).encode() + b"\n" + block.hex().encode()
    assert read_carriers(png_file(compressed_chunk("Raw profile type exif", profile))) == {"EXIF:UserComment": INFOTEXT}


def test_an_exif_chunk_written_by_pillow_is_read() -> None:
    assert read_carriers(image_file("PNG", exif_block(b"ASCII\0\0\0hello"))) == {"EXIF:UserComment": "hello"}
