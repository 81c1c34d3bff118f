"""One other word, digit or tick is another page; the same page scanned, recompressed, halved or cropped is not."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.planted_edits import dated
from dedup_assets.kernels.verify.cascade import VerifiableImage, verify_pair
from dedup_assets.kernels.verify.pages.words import is_written
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify import drawings
from dedup_assets_tests.kernels.verify.pages.sheets import (
    CHECKED,
    CHOSEN,
    Picture,
    chat,
    form,
    letter,
    scanned,
    stored,
)

TYPEFACES = (*CHOSEN, *CHECKED)
FILES: dict[str, Callable[[Picture], VerifiableImage]] = {
    "recompressed": lambda p: stored(p, 30),
    "halved": lambda p: stored(p, 85, 0.5),
    "scanned": lambda p: stored(scanned(p), 85),
    "cropped": lambda p: stored(np.ascontiguousarray(p[20:-30, 24:-12]), 75),
}


@pytest.mark.parametrize("made", FILES)
@pytest.mark.parametrize("typeface", [CHOSEN[0], CHECKED[0]])
def test_the_same_page_in_another_file_is_the_same(typeface: str, made: str) -> None:
    pages = letter(typeface), form(typeface, {0: "Miller", 2: "17 May 1990"}, (1, 4)), chat(typeface, "it is negative")
    assert all(verify_pair(stored(page), FILES[made](page), "identity").verdict for page in pages)


READABLE: dict[str, Callable[[Picture], VerifiableImage]] = {
    **{how: made for how, made in FILES.items() if how != "halved"},
    "smaller": lambda p: stored(p, 85, 0.7),
}
"""At half the size letters of these pages have 5 px."""


@pytest.mark.parametrize("made", READABLE)
@pytest.mark.parametrize("typeface", [CHOSEN[0], CHECKED[0]])
def test_another_word_is_another_page(typeface: str, made: str) -> None:
    one, other = letter(typeface), letter(typeface, {100: "negative"})
    evidence = verify_pair(stored(one), READABLE[made](other), "identity")
    assert (evidence.verdict, evidence.decided_by) == (False, "words")
    assert 0 < (evidence.differing_tiles or 0) < 0.03 * (evidence.tiles or 0)


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_another_digit_of_a_clean_page_is_another_page(typeface: str) -> None:
    one, other = stored(letter(typeface, {99: "4831"})), stored(letter(typeface, {99: "4838"}), 60)
    assert verify_pair(one, other, "identity").decided_by == "words"


@pytest.mark.parametrize("dark", [False, True])
def test_another_message_is_another_screen(dark: bool) -> None:
    one, other = (stored(chat(CHECKED[0], f"it is {word}", dark)) for word in ("negative", "positive"))
    assert verify_pair(one, other, "identity").decided_by == "words"


@pytest.mark.parametrize("how", [stored, lambda picture: stored(scanned(picture), 80)], ids=["drawn", "scanned"])
@pytest.mark.parametrize("typeface", TYPEFACES)
def test_forms_filled_in_otherwise_are_apart_and_none_is_a_copy_of_the_blank_one(
    typeface: str, how: Callable[[Picture], VerifiableImage]
) -> None:
    sheets = form(typeface, {}), form(typeface, {0: "Miller"}, (0,)), form(typeface, {0: "Miller"}, (6,))
    for left, right in combinations(sheets, 2):
        assert not verify_pair(stored(left), how(right), "identity").verdict


@pytest.mark.parametrize("colour", [(200, 30, 30), (40, 40, 40), (230, 190, 40)])
def test_a_date_over_a_product_on_white_says_nothing_else(colour: tuple[int, int, int]) -> None:
    product = drawings.shoe(colour)
    assert verify_pair(stored(product), stored(dated(product), 85), "identity").verdict


def test_without_a_record_on_either_side_thumbnails_decide_as_they_did() -> None:
    one, other = stored(letter(CHOSEN[0])), stored(letter(CHOSEN[0], {100: "negative"}))
    assert verify_pair(one, replace(other, fine_gray=None), "identity").verdict


def test_swapping_two_pages_changes_nothing() -> None:
    one, other = stored(letter(CHOSEN[0])), stored(scanned(letter(CHOSEN[0], {100: "negative"})), 85, 0.8)
    there, back = verify_pair(one, other, "identity"), verify_pair(other, one, "identity")
    assert (there.decided_by, there.differing_tiles, there.tiles) == (back.decided_by, back.differing_tiles, back.tiles)


def test_letters_and_forms_are_written_and_products_on_white_are_not() -> None:
    gray = [
        cv2.cvtColor(page, cv2.COLOR_RGB2GRAY) for page in (letter(CHECKED[1]), form(CHECKED[0], {}), drawings.page(1))
    ]
    assert all(is_written(np.asarray(page, np.uint8)) for page in gray)
    beans = np.full((900, 900, 3), 240, np.uint8)
    beans[240:640, 200:680] = cv2.resize(np.array(load_photograph("coffee.png")), (480, 400))
    others = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (drawings.shoe((40, 40, 40)), beans)]
    assert not any(is_written(np.asarray(page, np.uint8)) for page in others)
