"""Pages, screens and drawings are told from photographs by their thumbnails, and only they get a finer record."""

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.decode.limits import DecodeLimits
from dedup_assets.kernels.describe.description import describe_image
from dedup_assets.kernels.describe.drawn import FINE_PIXELS, pack_fine_gray, unpack_fine_gray
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.pages.sheets import (
    CHECKED,
    CHOSEN,
    Picture,
    chat,
    crumpled,
    form,
    letter,
    photographed,
    scanned,
    sign,
)


def file_of(picture: Picture, suffix: str = ".jpg", quality: int = 85) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    return cv2.imencode(suffix, np.ascontiguousarray(picture[..., ::-1]), options)[1].tobytes()


@pytest.mark.parametrize("typeface", [*CHOSEN, *CHECKED])
def test_pages_and_screens_get_a_record_drawn_scanned_and_photographed(typeface: str) -> None:
    for page in (
        letter(typeface),
        form(typeface, {1: "Anna"}),
        chat(typeface, "yes"),
        chat(typeface, "yes", dark=True),
    ):
        for seen in (page, scanned(page), photographed(page)):
            assert describe_image(file_of(seen), DecodeLimits()).fine_gray is not None


@pytest.mark.parametrize("typeface", [*CHOSEN, *CHECKED])
def test_sheets_in_bad_light_get_a_record(typeface: str) -> None:
    for page in (letter(typeface), form(typeface, {1: "Anna"})):
        for seen in (crumpled(page, 0.5), scanned(photographed(page), 2, 2.0)):
            assert describe_image(file_of(seen), DecodeLimits()).fine_gray is not None


@pytest.mark.parametrize("quality", [60, 85])
@pytest.mark.parametrize("symbol", ["arrow", "R", "OK"])
def test_signs_get_a_record_large_and_small(symbol: str, quality: int) -> None:
    for side in (200, 400, 1200):
        seen = np.asarray(cv2.resize(sign(symbol), (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        assert describe_image(file_of(seen, quality=quality), DecodeLimits()).fine_gray is not None


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png"])
def test_photographs_get_none_and_those_within_a_wide_frame_neither(name: str) -> None:
    picture = np.array(load_photograph(name).convert("RGB"))
    side = max(picture.shape) // 4
    for seen in (picture, cv2.copyMakeBorder(picture, side, side, side, side, cv2.BORDER_CONSTANT)):
        assert describe_image(file_of(np.asarray(seen, np.uint8)), DecodeLimits()).fine_gray is None


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_record_is_of_the_full_size_up_to_a_megapixel(suffix: str) -> None:
    page = letter(CHOSEN[0])
    large = np.asarray(cv2.resize(page, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR), np.uint8)
    for picture, shape in ((page, page.shape[:2]), (sign("arrow"), (400, 400))):
        record = describe_image(file_of(picture, suffix), DecodeLimits()).fine_gray
        assert record is not None
        assert unpack_fine_gray(record).shape == shape
    record = describe_image(file_of(large, suffix), DecodeLimits()).fine_gray
    assert record is not None
    height, width = unpack_fine_gray(record).shape
    assert 0.99 * FINE_PIXELS < height * width <= 1.01 * FINE_PIXELS


def test_a_record_keeps_the_gray_levels() -> None:
    gray = cv2.cvtColor(letter(CHECKED[2]), cv2.COLOR_RGB2GRAY)
    kept = unpack_fine_gray(pack_fine_gray(np.asarray(gray, np.uint8)))
    assert float(np.abs(kept.astype(int) - gray).mean()) < 3
