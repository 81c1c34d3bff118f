from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets_tests.generation_metadata.samples import INFOTEXT, exif_block, image_file, user_comment


def test_items_of_an_avif_file_are_read() -> None:
    data = image_file("AVIF", exif_block(user_comment(INFOTEXT)), xmp=b"<xmp/>")
    assert read_carriers(data) == {"EXIF:UserComment": INFOTEXT, "XMP": "<xmp/>"}


def test_a_cut_item_is_reported() -> None:
    data = image_file("AVIF", exif_block(user_comment(INFOTEXT)))
    start = data.index(b"UNICODE")
    assert read_carriers(data[: start + 20]) == {"error": "a HEIF metadata item is cut"}
