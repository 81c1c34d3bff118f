"""What one of two aligned pictures shows and the other does not, where all else agrees.

Here belong where two frames still differ once they are laid exactly and brought to one tone (`laying.py`, `tones.py`), and how
strongly against the noise of both. Whether what differs is a mark laid upon one picture, or a thing of the scene, is told by
`marks.py`.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.changes.laying import LaidFrame, lay_exactly, lay_frame
from dedup_assets.kernels.verify.changes.tones import MatchedTones, fit_line, match_line, match_tones
from dedup_assets.kernels.verify.clear.frames import Frame, frame_of
from dedup_assets.kernels.verify.evidence import VerifiableImage
from dedup_assets.kernels.verify.exact.alignment import SMOOTHING_PX, blurred, invert_map, trend_of

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

COMPARED_PLANES = slice(1, 4)
"""Of a frame: smoothed luma, Lab's a and b."""
OWN_BLUR_PX = 0.8
"""Of a px of the coarser picture, as `strokes.MAGNIFIED_SMOOTHING`."""
EDGE_PX = 3.0
"""Of the coarser picture, beside the edge of either: there one was smoothed with what the other does not have."""
DIFFERENCE_PX, TEXTURE_PX, WINDOW_PX = 5, 9, 9
MIN_LEVELS = 6.0
"""Root mean square difference, gray levels of 0..255, of an area without texture: JPEG at quality 12 leaves 2 to 3."""
TEXTURE_SHARE = 0.2
"""Of the squared texture that both have, what may differ beside that: a third of a px of misalignment."""
MIN_STRENGTH = 8.0
"""Times the usual squared difference of the two, from where a difference is strong."""
MIN_USUAL, MIN_USUAL_SHARE = 1.0, 0.01
MIN_CONTENT_VARIANCE = 9.0
BLEND_SMOOTHING_PX = 2.0
MAX_UNRELATED = 0.01
"""1 - correlation of a window, in the median: of 24 photographs JPEG at quality 12 left 0.003 at most, half the size at quality 12
0.013 (the others 0.004), locally equalised contrast 0.0097, fades of a quarter 0.015 from their middle and 0.003 from their end."""
MIN_WINDOWS = 30


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two frames laid upon each other, and where they differ; all (h, w) in px of the target frame.

    target, moving  the frames; `matrix`, 3x3, takes px of target to px of moving but for what `laid.field` adds
    compared        bool, what both show
    differs         bool, strongly against the noise of both
    blended         share, 0..1, of the windows with most content that do not correlate as noise and tone alone leave them
    gain            contrast of the target by that of the moving one
    """

    target: Frame
    moving: Frame
    matrix: NDArray[np.float64]
    laid: LaidFrame
    compared: Mask
    differs: Mask
    blended: float
    gain: float


def compare_exactly(
    left: VerifiableImage,
    right: VerifiableImage,
    matrix: NDArray[np.float64],
    onto_left: bool,
    max_blended: float = -1.0,
) -> Comparison | None:
    """Lay two pictures upon each other, from a map (3x3, px of the left thumbnail to px of the right one) exact to some px.

    Where they differ nowhere by half of what is visible as they lie under that map and one line of tone, and no more than half
    of `max_blended`, 0..1, shows through, that is the answer: what is laid exactly is more alike. Below 0 all is laid exactly.
    None where next to nothing is shown by both.
    """
    frames = frame_of(left, None), frame_of(right, None)
    sizes = [max(each.width_px, each.height_px) for each in (left, right)]
    if not onto_left:
        frames, sizes, matrix = frames[::-1], sizes[::-1], invert_map(matrix)
    target, moving = frames
    to_moving = moving.to_frame @ matrix @ invert_map(target.to_frame)
    scale = float(np.sqrt(abs(np.linalg.det(to_moving[:2, :2]))))
    planes, edge_px = _at_one_resolution(target, moving, scale, sizes), math.ceil(EDGE_PX / min(1.0, scale))
    if max_blended >= 0:
        laid = lay_frame(planes[1][..., :1], to_moving, planes[0].shape)
        seen = _look(planes[0], laid, edge_px, exactly=False)
        if seen is not None and 2 * seen[2] <= max_blended:
            return Comparison(target, moving, to_moving, laid, *seen)
    laid = lay_exactly(*planes, to_moving)
    seen = _look(planes[0], laid, edge_px, exactly=True)
    return Comparison(target, moving, to_moving, laid, *seen) if seen else None


def _look(planes: Plane, laid: LaidFrame, edge_px: int, exactly: bool) -> tuple[Mask, Mask, float, float] | None:
    """What is compared, where that differs, how much is blended, and the gain, as `Comparison`; None where little is compared.

    Not exactly, under one line of tone: None too where anything might differ.
    """
    compared = _inner_part(laid.inside, edge_px)
    if compared.sum() < MIN_WINDOWS:
        return None
    luma, other = (np.ascontiguousarray(each[..., 0]) for each in (planes, laid.planes))
    line = fit_line(luma, other, compared)
    tones = match_tones(planes, laid.planes, compared) if exactly else match_line(luma, other, line)
    differs = _differing(tones, compared) if exactly else _measure(tones, compared, MIN_LEVELS**2 / 2)[0]
    if not exactly and differs.any():
        return None
    agreeing = compared & (cv2.dilate(differs.view(np.uint8), np.ones((WINDOW_PX, WINDOW_PX), np.uint8)) == 0)
    alike = np.where(agreeing, other, line.laid_mean + (luma - line.mean) / max(line.gain, 0.01))
    return compared, differs, _blended(luma, np.asarray(alike, np.float32), agreeing), line.gain


def _at_one_resolution(target: Frame, moving: Frame, scale: float, sizes: list[int]) -> tuple[Plane, Plane]:
    """The compared planes of both, the luma of the sharper one blurred until it shows no more than the other.

    scale: px of the moving frame for each px of the target; sizes: longer sides of the two pictures, px.
    """
    planes = [np.ascontiguousarray(each.planes[..., COMPARED_PLANES]) for each in (target, moving)]
    blurs = []
    for each, size in zip(planes, sizes, strict=True):
        enlarged = max(1.0, max(each.shape) / size)
        blurs.append(SMOOTHING_PX**2 + OWN_BLUR_PX**2 * (enlarged**2 - 1))
    missing = blurs[1] / scale**2 - blurs[0]
    sharper, sigma = (0, np.sqrt(max(missing, 0))) if missing > 0 else (1, scale * np.sqrt(-missing))
    if sigma > 0.3:
        planes[sharper][..., 0] = blurred(planes[sharper][..., 0], sigma)
    return planes[0], planes[1]


def _inner_part(inside: NDArray[np.uint8], edge_px: int) -> Mask:
    side = 2 * edge_px + 1
    eroded = cv2.erode(inside, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(eroded > 0)


def _measure(tones: MatchedTones, compared: Mask, least: float) -> tuple[Mask, Plane, Plane]:
    """Where the difference is more than `least` and texture that lies a little beside its place; it, and the texture."""
    rest = tones.target - tones.laid
    difference = _mean(rest * rest, DIFFERENCE_PX)
    texture = np.minimum(*(_variance(plane, TEXTURE_PX) for plane in (tones.target, tones.laid)))
    return compared & (difference > least + TEXTURE_SHARE * texture), difference, texture


def _differing(tones: MatchedTones, compared: Mask) -> Mask:
    """Where the difference is visible, and more than what is usual for the two."""
    visible, difference, texture = _measure(tones, compared, MIN_LEVELS**2)
    if not visible.any():
        return visible
    of_difference, of_texture = (plane[::2, ::2][compared[::2, ::2]] for plane in (difference, texture))
    plain = of_texture <= np.quantile(of_texture, 1 / 3)
    usual = max(MIN_USUAL, float(np.median(of_difference[plain])))
    shares = of_difference[~plain] / (of_texture[~plain] + 1)
    share = max(MIN_USUAL_SHARE, float(np.median(shares)) if shares.size else 0.0)
    return np.asarray(visible & (difference > MIN_STRENGTH * (usual + share * texture)))


def _blended(target: Plane, laid: Plane, compared: Mask) -> float:
    """Share of the windows of most content in which the two do not correlate; tone, noise and compression leave few."""
    one, other = (blurred(plane, BLEND_SMOOTHING_PX) for plane in (target, laid))
    one, other = (plane - trend_of(plane) for plane in (one, other))
    means = [_mean(plane, WINDOW_PX) for plane in (one, other)]
    variances = [_mean(each * each, WINDOW_PX) - mean * mean for each, mean in zip((one, other), means, strict=True)]
    covariance = _mean(one * other, WINDOW_PX) - means[0] * means[1]
    spread = np.sqrt(variances[0] * variances[1] + 1)
    content = compared & (np.maximum(*variances) > MIN_CONTENT_VARIANCE)
    if content.sum() < MIN_WINDOWS:
        return 0.0
    content &= spread >= np.median(spread[content])
    return float((1 - covariance[content] / spread[content] >= MAX_UNRELATED).mean())


def _mean(plane: Plane, side: int) -> Plane:
    return np.asarray(cv2.boxFilter(plane, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def _variance(plane: Plane, side: int) -> Plane:
    return _mean(plane * plane, side) - _mean(plane, side) ** 2
