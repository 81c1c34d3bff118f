"""Two pictures under a map, compared on frames of 128 px.

Here belong frames and what is measured on them; the loops over their pixels are in `frame_passes.py`. The measures are the
exact ones of alignment, colour and strokes (`kernels/verify/exact/`), but for three things: a picture is blurred and cleared of
its trend once for all its pairs, before it is laid upon another one; its border is cut away before that, not after; and medians
are read from histograms. What is clear by them is decided in `cases.py`.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.drawn import plain_share
from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.verify.clear.frame_passes import (
    CHROMA_BINS,
    CHROMA_STEP,
    LOST_CHROMA,
    MAX_NEUTRAL,
    MIN_CHROMATIC_SHARE,
    Kinds,
    Map,
    Planes,
    correlate_tones,
    count_one_hue,
    lay_upon,
    mark_agreement,
    measure_turn,
    take_hues,
)
from dedup_assets.kernels.verify.evidence import VerifiableImage
from dedup_assets.kernels.verify.exact.alignment import SMOOTHING_PX, blurred, frame_size, invert_map, trend_of


@dataclass(frozen=True, slots=True)
class Frame:
    """What is made once of a picture, or of the part within its border; 0.3 MB.

    planes       (h, w, 5) float32, longer side 128 px: smoothed luma without its trend, smoothed luma, Lab's a and b, luma
    to_frame     (3, 3) float64, px of the thumbnail to px of the frame
    plain_share  as `drawn.plain_share`, 0..1
    """

    planes: Planes
    to_frame: Map
    plain_share: float


@dataclass(frozen=True, slots=True)
class FrameComparison:
    """How two frames agree where both show the same; the first four as in `alignment.StructureComparison`.

    colour_of_all        share of coloured pixels whose hues agree, 0..1, where structure agrees or both are flat
    colour_of_structure  the same where structure agrees; `compare_colours` lies between the two, but for the next
    turned_correlation   of both chromas after the turn that fits best, 0..1
    turn                 degrees by which all hues turned together
    is_tinted_gray       one of the two alone has no colours or few, but is not neutral
    """

    agreement: float
    correlation: float
    content_share: float
    tone: float
    colour_of_all: float
    colour_of_structure: float
    turned_correlation: float
    turn: float
    is_tinted_gray: bool


def frame_of(image: VerifiableImage, box: tuple[float, ...] | None) -> Frame:
    """The frame of an image, or of a box within it; made once."""
    return image.once((make_frame, box), lambda: make_frame(image.thumbnail, box))


def make_frame(thumbnail: NDArray[np.uint8], box: tuple[float, ...] | None) -> Frame:
    """The frame of a thumbnail (h, w, 3) uint8 RGB, or of a box (left, top, width, height as shares) within it; 0.4 ms."""
    left, top, width, height = box or (0.0, 0.0, 1.0, 1.0)
    rows, columns = thumbnail.shape[:2]
    x, y = math.ceil(left * columns - 0.01), math.ceil(top * rows - 0.01)
    part = thumbnail[y : math.floor((top + height) * rows + 0.01), x : math.floor((left + width) * columns + 0.01)]
    small = resize_into(part, frame_size(part.shape[1], part.shape[0]))
    gray = to_gray(small)
    luma, lab = gray.astype(np.float32), cv2.cvtColor(small, cv2.COLOR_RGB2Lab)
    smooth = blurred(luma, SMOOTHING_PX)
    hues = [lab[..., channel].astype(np.float32) - 128 for channel in (1, 2)]
    planes = np.asarray(cv2.merge([smooth - trend_of(smooth), smooth, *hues, luma]), np.float32)
    across, down = gray.shape[1] / part.shape[1], gray.shape[0] / part.shape[0]
    to_frame = np.array([[across, 0, across * (0.5 - x) - 0.5], [0, down, down * (0.5 - y) - 0.5], [0, 0, 1.0]])
    return Frame(planes, to_frame, plain_share(gray, np.ones(gray.shape, np.bool_)))


def compare_frames(left: Frame, right: Frame, matrix: Map, onto_left: bool) -> FrameComparison:
    """Compare two frames; `matrix`, 3x3 and affine, takes px of the left thumbnail to px of the right one. 0.3 ms."""
    target, moving, there = (left, right, matrix) if onto_left else (right, left, invert_map(matrix))
    planes = target.planes
    laid, inside = np.empty_like(planes), np.empty(planes.shape[:2], np.uint8)
    lay_upon(moving.planes, moving.to_frame @ there @ invert_map(target.to_frame), laid, inside)
    kinds = np.zeros(inside.shape, np.uint8)
    content, agreeing, total = mark_agreement(planes, laid, inside, kinds)
    compared, tone = correlate_tones(planes, laid, kinds)
    found, turn = max(1, content), measure_turn(planes, laid, kinds)
    shares = agreeing / found, total / found, content / max(1, compared)
    of_all, of_structure, is_tinted_gray = _compare_hues(planes, laid, kinds)
    return FrameComparison(*shares, tone, of_all, of_structure, *turn, is_tinted_gray)


def _compare_hues(target: Planes, laid: Planes, kinds: Kinds) -> tuple[float, float, bool]:
    """Shares of coloured pixels of one hue, of kinds AGREES and FLAT, and of AGREES alone, as `colour.compare_colours` where no
    light and no turn is looked for; and whether one picture alone is gray, but not neutrally so."""
    hues, counts = np.empty((kinds.size, 5), np.float32), np.zeros((2, CHROMA_BINS), np.int64)
    coloured, count, *of_each = take_hues(target, laid, kinds, hues, counts)
    gray = [each < MIN_CHROMATIC_SHARE * count for each in of_each]
    if coloured == 0 or all(gray):
        return 1.0, 1.0, False
    medians = [(float(np.searchsorted(2 * each.cumsum(), coloured)) + 0.5) * CHROMA_STEP for each in counts]
    lost = any(gray) and min(medians) < LOST_CHROMA * max(medians)
    of_all, of_structure, structure = count_one_hue(hues[:coloured], max(medians[0], 1.0), max(medians[1], 1.0), lost)
    is_tinted_gray = any(gray) and min(medians) > MAX_NEUTRAL
    return of_all / coloured, of_structure / structure if structure else 1.0, is_tinted_gray
