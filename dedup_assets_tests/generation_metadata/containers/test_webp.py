from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets_tests.generation_metadata.samples import INFOTEXT, exif_block, image_file, user_comment


def test_chunks_behind_the_pixels_are_read() -> None:
    data = image_file("WEBP", exif_block(user_comment(INFOTEXT)), xmp=b"<xmp/>")
    assert read_carriers(data) == {"EXIF:UserComment": INFOTEXT, "XMP": "<xmp/>"}


def test_a_cut_chunk_is_reported() -> None:
    data = image_file("WEBP", exif_block(user_comment(INFOTEXT)))
    assert read_carriers(data[:-50]) == {"error": "a WebP metadata chunk is too large or cut"}
