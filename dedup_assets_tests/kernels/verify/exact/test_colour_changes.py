"""What happened to all colours of a picture together: they turned, were lit otherwise, toned, or dyed in another shade."""

import numpy as np
import pytest

from dedup_assets.kernels.verify.exact.colour_changes import (
    Chroma,
    are_hues_turned,
    is_other_shade,
    is_toned_copy,
    measure_turn,
    spread_of,
    without_tone,
)

RANDOM = np.random.default_rng(0)
LIGHTNESS = RANDOM.uniform(10, 90, 4_000).astype(np.float32)
VARIED: Chroma = (RANDOM.normal(0, 20, 4_000) + 1j * RANDOM.normal(8, 12, 4_000)).astype(np.complex64)


def turned(chroma: Chroma, degrees: float) -> Chroma:
    return np.asarray(chroma * np.exp(1j * np.radians(degrees)), np.complex64)


@pytest.mark.parametrize("degrees", [-44, -13, 0, 30, 120])
def test_a_turn_is_measured_beside_any_light(degrees: float) -> None:
    correlation, turn, _ = measure_turn(turned(VARIED, degrees), 0.7 * VARIED + (12 - 5j))
    assert correlation == pytest.approx(1, abs=1e-3)
    assert turn == pytest.approx(degrees, abs=0.1)


def test_hues_are_turned_from_thirteen_degrees_on_and_by_light_they_are_not() -> None:
    assert are_hues_turned(turned(VARIED, 20), VARIED, 20)
    assert not are_hues_turned(turned(VARIED, 9), VARIED, 9)
    assert not are_hues_turned(turned(VARIED, 20), VARIED, -2)


def test_of_one_colour_a_ground_that_stayed_neutral_tells() -> None:
    cloth = np.where(np.arange(4_000) < 1_000, 60 + 0j, 0).astype(np.complex64)
    assert are_hues_turned(turned(cloth, 25), cloth, None)
    assert not are_hues_turned(turned(cloth, 25) + np.complex64(10), cloth, None)
    assert not are_hues_turned(turned(cloth, 15), cloth, None)


def test_what_luma_explains_is_taken_away() -> None:
    terms = np.stack([np.ones_like(LIGHTNESS), LIGHTNESS], axis=1)
    tinted = (VARIED + LIGHTNESS * (0.2 + 0.1j)).astype(np.complex64)
    assert spread_of(without_tone((LIGHTNESS * (0.2 + 0.1j)).astype(np.complex64), terms)) < 1e-2
    assert np.abs(without_tone(tinted, terms) - without_tone(VARIED, terms)).max() < 1e-2


def test_a_toned_copy_is_one_curve_of_luma_and_its_original_is_none() -> None:
    toned = (25 * np.sin(LIGHTNESS / 100 * np.pi) * np.exp(1j)).astype(np.complex64)
    gray = np.zeros_like(toned)
    assert is_toned_copy(toned, VARIED, LIGHTNESS, LIGHTNESS)
    assert is_toned_copy(toned, gray, LIGHTNESS, LIGHTNESS)
    assert not is_toned_copy(VARIED, toned, LIGHTNESS, LIGHTNESS)
    assert not is_toned_copy(toned, turned(toned, 90), LIGHTNESS, LIGHTNESS)
    assert not is_toned_copy(toned, VARIED, LIGHTNESS, RANDOM.permutation(LIGHTNESS))


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(150, 25, True), (150, 110, False), (90, 163, True), (60, 60, False)]
)
def test_a_shade_on_a_white_ground_is_another_where_no_tone_curve_explains_it(
    one: int, other: int, expected: bool
) -> None:
    pictures = []
    for shade in (one, other):
        picture = np.full((60, 80), 255, np.uint8)
        picture[15:45, 20:60] = shade
        pictures.append(picture)
    everywhere = np.ones((60, 80), np.bool_)
    assert is_other_shade(pictures[0], pictures[1], everywhere) is expected
    assert is_other_shade(pictures[1], pictures[0], everywhere) is expected
    dark = [np.minimum(picture, 200) for picture in pictures]
    assert not is_other_shade(dark[0], dark[1], everywhere)
