"""Forms, codes, sayings, films and cut-outs differ in what they say they differ in, and in nothing else."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets.kernels.planted_edits import WHITE, Picture, scaled
from dedup_assets.kernels.planted_files import (
    FILM_FRAMES,
    FORM_PX,
    cut_out,
    film,
    flattened,
    form,
    scanned,
    with_code,
    with_saying,
)
from dedup_assets_tests.kernels.photographs import load_photograph, mean_difference


@pytest.fixture
def picture() -> Picture:
    return scaled(np.array(load_photograph("coffee.png")), 0.5)


def frames_of(data: bytes) -> list[Picture]:
    with Image.open(io.BytesIO(data)) as image:
        return [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("size", [(300, 500), (500, 100), (64, 640)])
def test_two_forms_differ_in_one_field_whatever_is_glued_on_them(picture: Picture, size: tuple[int, int]) -> None:
    glued = np.asarray(cv2.resize(picture, size), np.uint8)
    one, other = form(glued, "1 204.50"), form(glued, "1 264.50")
    assert one.shape == (FORM_PX[1], FORM_PX[0], 3)
    rows, columns = np.nonzero((one != other).any(axis=2))
    assert 0 < np.ptp(rows) < 30
    assert 0 < np.ptp(columns) < 30


def test_a_scan_is_the_sheet_a_little_turned_and_gray(picture: Picture) -> None:
    sheet = form(picture, "1 204.50")
    scan = np.array(Image.open(io.BytesIO(scanned(sheet))))
    assert scan[5:50, 5:50].std() > 1
    assert 220 < scan[5:50, 5:50].mean() < 250
    assert mean_difference(scan, sheet) < 40


def test_a_code_says_its_words_in_the_corner_and_a_saying_stands_below(picture: Picture) -> None:
    side = min(picture.shape[:2]) // 3
    coded = with_code(picture, "ticket 10007")
    large = cv2.resize(coded[:side, :side], None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert cv2.QRCodeDetector().detectAndDecode(large)[0] == "ticket 10007"
    assert np.array_equal(coded[side + 1 :], picture[side + 1 :])
    said = with_saying(picture, "MONDAY AGAIN")
    assert np.array_equal(said[: len(picture) // 2], picture[: len(picture) // 2])
    assert mean_difference(said, with_saying(picture, "LOOK AT THIS")) > 1


def test_two_films_begin_alike_and_one_turns_back(picture: Picture) -> None:
    one, other = (frames_of(film(picture, "WEBP", other=other)) for other in (False, True))
    assert len(one) == len(other) == FILM_FRAMES
    differences = [mean_difference(*both) for both in zip(one, other, strict=True)]
    assert max(differences[:4]) < 3
    assert min(differences[4:]) > 10


def test_a_film_is_smaller_by_its_factor_and_the_same_as_a_gif(picture: Picture) -> None:
    one, small, gif = (frames_of(data) for data in (
        film(picture, "WEBP"), film(picture, "WEBP", factor=0.5), film(picture, "GIF"),
    ))  # fmt: skip
    assert small[0].shape[1] == pytest.approx(one[0].shape[1] / 2, abs=1)
    assert max(mean_difference(*both) for both in zip(one, gif, strict=True)) < 12


def test_two_cut_outs_show_two_halves_and_a_flattened_one_shows_its_own(picture: Picture) -> None:
    one, other = (np.array(Image.open(io.BytesIO(cut_out(picture, other=other)))) for other in (False, True))
    assert np.array_equal(one[..., :3], picture)
    assert ((one[..., 3] > 0) & (other[..., 3] > 0)).mean() < 0.01
    assert 0.2 < (one[..., 3] > 0).mean() < 0.3
    flat = decode_image(flattened(picture, WHITE), DecodeLimits()).rgb
    assert mean_difference(flat, np.where(one[..., 3:] > 0, picture, 255).astype(np.uint8)) < 4
