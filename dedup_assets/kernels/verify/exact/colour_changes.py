"""What light, tone curves and dyes do to the colours of a whole picture, told apart.

Here belong measures over all pixels together: hues that turned, a picture in one tone, a shade that no exposure makes. Comparing
pixel by pixel is in `colour.py`. Chroma is Lab's a + ib (CIE 1976), (n,) complex64; lightness its L*, (n,) float32, 0..100.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Chroma = NDArray[np.complex64]
Lightness = NDArray[np.float32]

MIN_CHROMA = 10.0
"""Lab chroma below which a hue means nothing: JPEG at quality 12 tints gray by up to 6, the eye calls 10 coloured."""
MAX_GRAY_CHROMA = 1.5
"""Mean chroma of a grayscale copy, where the original is coloured: neutral pixels, recompressed, stay within 1; black and gray
cloth that is a little blue has 3."""
MIN_TURN = 13.0
"""Degrees by which all hues turned together, from which each pixel's hue is held against it. Of 176 photographs in 19 edits
that leave colours alone (gamma 0.67 to 1.5, exposure, saturation, contrast, palettes, JPEG at quality 12, white balance by 8
and 15 %) 7 of 3,300 turned by as much; of their hues turned by 44 degrees, or 60, 0.90 did, by 30 degrees 0.82. Chosen on
85 of the photographs; on the others 4 of 1,700, 0.93 and 0.84."""
MIN_ANCHORED_TURN = 17.0
"""The same of pictures of one colour, on a ground that stayed neutral: one light falls on both."""
MIN_TURNED_CORRELATION = 0.85
"""Of the two pictures' chroma, turned back: hues that turned each by itself reach 0.6 to 0.8."""
MIN_CHROMA_SPREAD = 4.0
"""Standard deviation of chroma that luma does not explain: below it there is one colour, or two."""
MAX_NEUTRAL_CHROMA, MAX_TINT, MIN_NEUTRAL_SHARE = 6.0, 4.0, 0.05

MIN_TONED_SHARE, MIN_TONED_RANGE = 0.3, 8.0
"""What is coloured of a toned picture (sepia, cyanotype), and the standard deviation of its L*, 0..100: a photograph has 10 and
more, cloth of one colour 3."""
MAX_TONED_RESIDUAL = 2.5
"""Chroma of a toned picture that a cubic curve of its luma does not explain; the original has twice as much, or none."""
MIN_TONED_CORRELATION = 0.97
WHITE, MIN_WHITE_SHARE = 240, 0.25
"""Luma of a white ground, and its least share of both pictures: it tells that neither was exposed otherwise."""
SHADE_LEVELS, MIN_SHADE_SHARE = 16, 0.03
AREA_PX, MAX_AREA_RANGE = 5, 48
MAX_SHADE_GAMMA, MAX_SHADE_SLOPE = 1.8, 1.45
"""How far a tone curve that leaves white alone may move a shade of such a ground's picture: gamma 1.5 and contrast 1.4 do not; from
a gray shirt to a black one it were 4.4 and 2.2."""


def are_hues_turned(one: Chroma, other: Chroma, turn_under_one_light: float | None) -> bool:
    """Whether all hues turned the same way, but for what a light or a tone curve does."""
    correlation, turn, _ = measure_turn(one, other)
    if abs(turn) < MIN_TURN or correlation < MIN_TURNED_CORRELATION:
        return False
    if turn_under_one_light is not None:
        return turn * turn_under_one_light > 0 and abs(turn_under_one_light) >= MIN_TURN
    neutral = np.minimum(np.abs(one), np.abs(other)) < MAX_NEUTRAL_CHROMA
    if neutral.mean() < MIN_NEUTRAL_SHARE or abs(turn) < MIN_ANCHORED_TURN:
        return False
    return bool(abs((other - one)[neutral].mean()) <= MAX_TINT)


def measure_turn(one: Chroma, other: Chroma) -> tuple[float, float, float]:
    """Correlation, 0..1, of two chromas about their means, the angle between them in degrees, and the lesser spread."""
    here, there = one - one.mean(), other - other.mean()
    product = complex((here * there.conj()).mean())
    spreads = spread_of(here), spread_of(there)
    return abs(product) / max(spreads[0] * spreads[1], 1e-6), float(np.degrees(np.angle(product))), min(spreads)


def without_tone(chroma: Chroma, terms: NDArray[np.float32]) -> Chroma:
    """What the terms, (n, k), do not explain of the chroma, (n,), by least squares."""
    square = terms.T.astype(np.float64) @ terms
    return np.asarray(chroma - terms @ np.linalg.lstsq(square, terms.T @ chroma, rcond=None)[0], np.complex64)


def spread_of(chroma: Chroma) -> float:
    """Standard deviation of chroma, about its mean."""
    return float(np.sqrt((np.abs(chroma - chroma.mean()) ** 2).mean()))


def is_toned_copy(toned: Chroma, other: Chroma, lightness: Lightness, of_other: Lightness) -> bool:
    """Whether the first picture, of many shades, is one colour by its luma, and the second has others or none."""
    coloured = np.abs(toned) > MIN_CHROMA
    if coloured.mean() < MIN_TONED_SHARE or lightness[coloured].std() < MIN_TONED_RANGE:
        return False
    left = spread_of(without_tone(toned, _curve(lightness)))
    if left > MAX_TONED_RESIDUAL or np.corrcoef(lightness, of_other)[0, 1] < MIN_TONED_CORRELATION:
        return False
    is_gray = bool(np.sqrt((np.abs(other) ** 2).mean()) <= MAX_GRAY_CHROMA)
    return is_gray or spread_of(without_tone(other, _curve(of_other))) >= 2 * left + 1


def _curve(lightness: Lightness) -> NDArray[np.float32]:
    return np.stack([(lightness / 100) ** power for power in range(4)], axis=1)


def is_other_shade(one: NDArray[np.uint8], other: NDArray[np.uint8], compared: NDArray[np.bool_]) -> bool:
    """Whether a shade of the first picture, on a ground that is white in both, is one in the second that no tone curve makes.

    one, other: (h, w) uint8 luma, aligned; compared: (h, w) bool. Areas count, not strokes and edges, which may lie a pixel beside.
    """
    if ((one >= WHITE) & (other >= WHITE))[compared].mean() < MIN_WHITE_SHARE:
        return False
    even = compared & _is_even(one) & _is_even(other)
    here, there = one[even], other[even]
    shades = here // SHADE_LEVELS
    for shade in np.flatnonzero(np.bincount(shades) >= MIN_SHADE_SHARE * compared.sum()):
        medians = sorted(float(np.median(luma[shades == shade])) for luma in (here, there))
        if medians[1] < WHITE and _is_beyond_tone(*medians):
            return True
    return False


def _is_even(luma: NDArray[np.uint8]) -> NDArray[np.bool_]:
    around = np.ones((AREA_PX, AREA_PX), np.uint8)
    return np.asarray(cv2.dilate(luma, around) - cv2.erode(luma, around) <= MAX_AREA_RANGE, np.bool_)


def _is_beyond_tone(darker: float, lighter: float) -> bool:
    gamma = np.log(max(darker, 1) / 255) / np.log(max(lighter, 1) / 255)
    return bool(gamma > MAX_SHADE_GAMMA and (255 - darker) / (255 - lighter) > MAX_SHADE_SLOPE)
