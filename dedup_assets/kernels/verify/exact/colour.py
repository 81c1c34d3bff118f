"""Whether two aligned pictures have the same colours, whatever their exposure, tone curve and saturation.

Here belongs the comparison of hues in Lab. Aligning the pictures, and weighing colour against structure, belong elsewhere.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import to_gray

MIN_CHROMA = 10.0
"""Lab chroma below which a hue means nothing: JPEG at quality 12 tints gray by up to 6, the eye calls 10 coloured."""
MIN_HUE_COSINE = 0.8
"""Hues more than 37 degrees apart are two colours: red and yellow are 50 apart in Lab; gamma 1.5 turns hues by up to 15."""
MAX_GRAY_SHIFT = 20.0
"""Levels of luma, 0..255: what a grayscale copy keeps within 3, and a black shoe in place of a red or blue one does not."""
MIN_CHROMATIC_SHARE = 0.03
"""Below this share of coloured pixels a picture counts as gray: a stamp or a logo is not the colour of a picture."""
LOST_CHROMA = 0.2
"""A pixel that keeps less than this share of the chroma that the picture's own change of saturation predicts lost its colour."""


@dataclass(frozen=True, slots=True)
class ColourComparison:
    """How two aligned pictures differ in colour.

    agreement          share of the coloured pixels whose hues agree, 0..1, high is alike; where one picture is gray, whose
                       luma does; 1 where both are
    chromatic_share    share of the compared pixels that are coloured in either picture, 0..1
    one_is_gray        exactly one of them has no colours at all
    """

    agreement: float
    chromatic_share: float
    one_is_gray: bool


def compare_colours(left: NDArray[np.uint8], right: NDArray[np.uint8], compared: NDArray[np.bool_]) -> ColourComparison:
    """Compare hues pixel by pixel, after the change of saturation that fits best.

    left, right: (h, w, 3) uint8 RGB, aligned; compared: (h, w) bool, which pixels count. The result does not depend on
    which picture is left. A grayscale copy keeps the luma of what was coloured. Chroma is Lab's
    a + ib, so a hue is an angle (CIE 1976); exposure and tone move L alone, saturation the length alone.
    """
    one, other = (_chroma(picture)[compared] for picture in (left, right))
    if not one.size:
        return ColourComparison(1.0, 0.0, False)
    gray = [bool((np.abs(chroma) > MIN_CHROMA).mean() < MIN_CHROMATIC_SHARE) for chroma in (one, other)]
    lengths = np.abs(one), np.abs(other)
    chromatic = np.maximum(*lengths) > MIN_CHROMA
    share = float(chromatic.mean())
    if all(gray):
        return ColourComparison(1.0, share, False)
    if any(gray) and _is_colourless(*(chroma[chromatic] for chroma in (one, other))):
        lumas = [to_gray(picture)[compared][chromatic].astype(np.int16) for picture in (left, right)]
        return ColourComparison(float((np.abs(lumas[0] - lumas[1]) <= MAX_GRAY_SHIFT).mean()), share, True)
    return ColourComparison(float(_same_hue(one[chromatic], other[chromatic]).mean()), share, False)


def _is_colourless(one: NDArray[np.complex64], other: NDArray[np.complex64]) -> bool:
    """Whether one picture has no colour where the other has; a pale picture of the same hues is not colourless."""
    medians = sorted(float(np.median(np.abs(chroma))) for chroma in (one, other))
    return medians[0] < LOST_CHROMA * medians[1]


def _same_hue(one: NDArray[np.complex64], other: NDArray[np.complex64]) -> NDArray[np.bool_]:
    """Whether each pair of chroma values is one colour at two saturations; both (n,)."""
    lengths = np.stack([np.abs(one), np.abs(other)])
    medians = np.maximum(np.median(lengths, axis=1, keepdims=True), 1.0)
    relative = lengths / medians
    kept = relative.min(axis=0) >= LOST_CHROMA * relative.max(axis=0)
    cosine = (one * other.conj()).real / np.maximum(lengths[0] * lengths[1], 1e-6)
    return np.asarray(kept & (cosine >= MIN_HUE_COSINE), np.bool_)


def _chroma(picture: NDArray[np.uint8]) -> NDArray[np.complex64]:
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return (lab[..., 1] + 1j * lab[..., 2]).astype(np.complex64)
