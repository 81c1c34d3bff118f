from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets_tests.generation_metadata.samples import INFOTEXT, exif_block, image_file, user_comment


def test_comments_exif_and_xmp_are_read() -> None:
    data = image_file("JPEG", exif_block(user_comment("x"), "a description"), comment=INFOTEXT.encode(), xmp=b"<xmp/>")
    assert read_carriers(data) == {
        "EXIF:ImageDescription": "a description",
        "EXIF:UserComment": "x",
        "XMP": "<xmp/>",
        "COM": INFOTEXT,
    }


def test_fill_bytes_between_segments_are_skipped() -> None:
    data = image_file("JPEG", comment=b"hello")
    assert read_carriers(data[:2] + b"\xff\xff\xff" + data[2:]) == {"COM": "hello"}


def test_what_looks_like_a_segment_among_the_pixels_is_none() -> None:
    assert read_carriers(image_file("JPEG") + b"\xff\xfe\x00\x07hello") == {}


def test_a_cut_segment_is_reported() -> None:
    data = b"\xff\xd8\xff\xfe\x10\x00hello"
    assert read_carriers(data) == {"error": "a JPEG metadata segment is cut"}


def test_millions_of_empty_segments_end_in_bounded_time() -> None:
    assert read_carriers(b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1_000_000) == {
        "error": "there are more than 5000 JPEG segments"
    }
