from io import BytesIO

import numpy as np
from PIL import Image

from dedup_assets.report.contact_sheet import MAX_SHEET_BYTES, contact_sheet
from dedup_assets_tests.report.sample_gallery import PHOTOS, jpeg, photo


def opened(sheet: bytes) -> Image.Image:
    """The sheet, decoded."""
    image = Image.open(BytesIO(sheet))
    assert image.format == "JPEG"
    return image


def greenness(image: Image.Image, left: int, top: int) -> int:
    """How much more green than red and blue a pixel is."""
    red, green, blue = (int(value) for value in np.asarray(image)[top, left])
    return green - max(red, blue)


def test_groups_are_rows_and_only_the_first_of_each_has_the_green_frame() -> None:
    sheet = opened(contact_sheet([[jpeg(photo(name))] * 3 for name in ("astronaut.png", "astronaut.png")]))
    assert sheet.size == (3 * 152 + 8, 2 * 152 + 8)
    middles = [[greenness(sheet, 8 + column * 152 + 72, 10 + row * 152) for column in range(3)] for row in range(2)]
    assert all(kept > 40 and max(others) < 15 for kept, *others in middles)


def test_what_does_not_fit_is_counted_at_the_end_of_the_row() -> None:
    picture = jpeg(photo("coffee.png"))
    full, more = opened(contact_sheet([[picture] * 6])), opened(contact_sheet([[picture] * 106]))
    assert more.width > full.width
    assert np.asarray(more)[:, full.width :].min() < 180
    assert opened(contact_sheet([[picture]] * 20)).size == opened(contact_sheet([[picture]] * 8)).size


def test_even_noise_stays_below_the_limit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert len(contact_sheet([[jpeg(Image.fromarray(noise), 95)] * 7] * 9)) < MAX_SHEET_BYTES


def test_broken_thumbnails_and_no_groups_still_give_a_sheet() -> None:
    whole = jpeg(photo("coffee.png"))
    assert opened(contact_sheet([[whole, b"", b"not an image", whole[:300]]])).width > 4 * 144
    assert opened(contact_sheet([])).size == opened(contact_sheet([[]])).size


def test_the_same_thumbnails_give_the_same_bytes() -> None:
    groups = [[jpeg(photo(name))] * 2 for name in PHOTOS]
    assert contact_sheet(groups) == contact_sheet(groups)
