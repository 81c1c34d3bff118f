"""Whether two aligned pictures have the same colours, whatever their exposure, tone curve and saturation.

Here belongs the comparison of hues in Lab, pixel by pixel. What happened to all of them together is in `colour_changes.py`;
aligning the pictures, and weighing colour against structure, belong elsewhere.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.exact.colour_changes import (
    MAX_GRAY_CHROMA,
    MIN_CHROMA,
    MIN_CHROMA_SPREAD,
    MIN_TURN,
    MIN_TURNED_CORRELATION,
    Chroma,
    Lightness,
    are_hues_turned,
    is_other_shade,
    is_toned_copy,
    measure_turn,
    spread_of,
    without_tone,
)

MIN_HUE_COSINE = 0.8
"""Hues more than 37 degrees apart are two colours: red and yellow are 50 apart in Lab; gamma 1.5 turns hues by up to 15."""
MAX_GRAY_SHIFT = 20.0
"""Levels of luma, 0..255: what a grayscale copy keeps within 3, and a black shoe in place of a red or blue one does not."""
MIN_CHROMATIC_SHARE = 0.03
"""Below this share of coloured pixels a picture counts as gray: a stamp or a logo is not the colour of a picture."""
LOST_CHROMA = 0.2
"""A pixel that keeps less than this share of the chroma that the picture's own change of saturation predicts lost its colour."""
MIN_LIT_CORRELATION = 0.95
"""Of chroma without what luma explains, from which one light or white balance explains the rest."""
LIT_SLACK, LIT_SHARE = 6.0, 0.25
"""Chroma by which a pixel may lie beside what that light makes of it: so much, and so much of its own."""


@dataclass(frozen=True, slots=True)
class ColourComparison:
    """How two aligned pictures differ in colour.

    agreement          share of the coloured pixels whose hues agree, 0..1, high is alike; where one picture is gray, whose
                       luma does; 1 where both are
    chromatic_share    share of the compared pixels that are coloured in either picture, 0..1
    one_is_gray        exactly one of them has no colours at all, or is toned in one
    """

    agreement: float
    chromatic_share: float
    one_is_gray: bool


def compare_colours(left: NDArray[np.uint8], right: NDArray[np.uint8], compared: NDArray[np.bool_]) -> ColourComparison:
    """Compare hues pixel by pixel, after the change of saturation that fits best.

    left, right: (h, w, 3) uint8 RGB, aligned; compared: (h, w) bool, which pixels count. The result does not depend on
    which picture is left. A grayscale or toned copy keeps the luma of what was coloured. Chroma is Lab's
    a + ib, so a hue is an angle (CIE 1976); exposure and tone move L alone, saturation the length alone. White balance moves
    all chroma one way; where all hues turn instead, it is another colour from MIN_TURN on.
    """
    (one, here), (other, there) = (_chroma_and_lightness(picture[compared]) for picture in (left, right))
    if not one.size:
        return ColourComparison(1.0, 0.0, False)
    shades = to_gray(left), to_gray(right)
    lumas = shades[0][compared], shades[1][compared]
    grays = [bool((np.abs(chroma) > MIN_CHROMA).mean() < MIN_CHROMATIC_SHARE) for chroma in (one, other)]
    chromatic = np.maximum(np.abs(one), np.abs(other)) > MIN_CHROMA
    is_toned = is_toned_copy(one, other, here, there) or is_toned_copy(other, one, there, here)
    is_lost = any(grays) and not all(grays) and _is_colourless(one[chromatic], other[chromatic])
    if is_other_shade(shades[0], shades[1], compared) or is_other_shade(shades[1], shades[0], compared):
        agreement = 0.0
    elif all(grays) or is_toned:
        agreement = 1.0
    elif is_lost:
        is_neutral = min(abs(chroma[chromatic].mean()) for chroma in (one, other)) <= MAX_GRAY_CHROMA
        agreement = _agreement_of_lumas(*(luma[chromatic] for luma in lumas)) if is_neutral else 0.0
    else:
        agreement = _agreement_of_hues(one, other, here, there, chromatic)
    return ColourComparison(agreement, float(chromatic.mean()), is_lost or is_toned)


def _agreement_of_lumas(luma: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float((np.abs(luma.astype(np.int16) - other) <= MAX_GRAY_SHIFT).mean())


def _agreement_of_hues(
    one: Chroma, other: Chroma, here: Lightness, there: Lightness, chromatic: NDArray[np.bool_]
) -> float:
    """Share of the coloured pixels that are one colour, under one light or as they are."""
    tones = np.stack([np.ones_like(here), here, there], axis=1)
    without = without_tone(one, tones), without_tone(other, tones)
    correlation, turn, spread = measure_turn(*without)
    is_explained = spread >= MIN_CHROMA_SPREAD and correlation >= MIN_TURNED_CORRELATION - 0.05
    turned = are_hues_turned(one, other, turn if is_explained else None)
    least = float(np.cos(np.radians(MIN_TURN))) if turned else MIN_HUE_COSINE
    alike = _same_hue(one[chromatic], other[chromatic], least)
    if spread >= MIN_CHROMA_SPREAD and correlation >= MIN_LIT_CORRELATION and abs(turn) < MIN_TURN:
        ratio = spread_of(without[1]) / spread_of(without[0])
        beside = np.abs(ratio**0.5 * without[0] - ratio**-0.5 * without[1])[chromatic]
        own = np.sqrt(np.abs(one) * np.abs(other))[chromatic]
        alike |= beside <= LIT_SLACK + LIT_SHARE * own
    return float(alike.mean())


def _is_colourless(one: Chroma, other: Chroma) -> bool:
    """Whether one picture has no colour where the other has; a pale picture of the same hues is not colourless."""
    medians = sorted(float(np.median(np.abs(chroma))) for chroma in (one, other))
    return medians[0] < LOST_CHROMA * medians[1]


def _same_hue(one: Chroma, other: Chroma, least_cosine: float) -> NDArray[np.bool_]:
    """Whether each pair of chroma values is one colour at two saturations; both (n,)."""
    lengths = np.stack([np.abs(one), np.abs(other)])
    medians = np.maximum(np.median(lengths, axis=1, keepdims=True), 1.0)
    relative = lengths / medians
    kept = relative.min(axis=0) >= LOST_CHROMA * relative.max(axis=0)
    cosine = (one * other.conj()).real / np.maximum(lengths[0] * lengths[1], 1e-6)
    return np.asarray(kept & (cosine >= least_cosine), np.bool_)


def _chroma_and_lightness(pixels: NDArray[np.uint8]) -> tuple[Chroma, Lightness]:
    """Lab's a + ib and L*, each (n,), of (n, 3) uint8 RGB."""
    if not pixels.size:
        return np.empty(0, np.complex64), np.empty(0, np.float32)
    lab = cv2.cvtColor(pixels[None].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    return (lab[:, 1] + 1j * lab[:, 2]).astype(np.complex64), np.asarray(lab[:, 0], np.float32)
