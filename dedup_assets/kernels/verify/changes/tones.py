"""Bringing two aligned frames to one tone: what exposure, filters, gray and uneven light change is no change of the picture.

Here belongs the photometric map between two frames. What differs after it is in `comparing.py`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

LEVELS_A_BIN, BINS = 8, 32
AREA_PX = 17
"""Side of the area that has one gain and one offset, of every second row and column: a quarter of a frame."""
HELD_PX = 5.0
"""A level that so few pixels have, of some 3,000, and only where something else is, is no tone of its own."""
ROUNDS = 2
MIN_RESIDUAL = 1.5
"""Gray levels within which nothing is an outlier."""
MAX_GAIN = 5.0
NOISE_VARIANCE = 4.0
"""Of an area, gray levels squared: where there is less, contrast says nothing of a gain."""
STIFFNESS = 100.0
"""Squared levels of colour by which the weights of colour are held at 0."""


@dataclass(frozen=True, slots=True)
class MatchedTones:
    """Two frames at one tone, (h, w) float32, local means at 0; where one has more contrast, the gain is shared by both.

    Their difference is what differs.
    """

    target: Plane
    laid: Plane


class Line(NamedTuple):
    """Mean levels of the target's luma and of the laid one, and the contrast of the target by that of the laid one."""

    mean: float
    laid_mean: float
    gain: float

    def levels(self) -> Plane:
        """For each of 256 levels of the laid luma that of the target."""
        return np.asarray(self.mean + self.gain * (np.arange(256) - self.laid_mean), np.float32)


def fit_line(luma: Plane, laid: Plane, compared: NDArray[np.bool_]) -> Line:
    """Match contrast and mean of two (h, w) float32 planes of luma where they are compared."""
    (mean, spread), (other, its) = (np.ravel(cv2.meanStdDev(p, mask=compared.view(np.uint8))) for p in (luma, laid))
    return Line(float(mean), float(other), float(spread) / max(1.0, float(its)))


def match_line(luma: Plane, laid: Plane, line: Line) -> MatchedTones:
    """Match two (h, w) float32 planes of luma by one line over all."""
    half = np.float32(np.sqrt(min(max(line.gain, 1 / MAX_GAIN), MAX_GAIN)))
    return MatchedTones((luma - np.float32(line.mean)) / half, (laid - np.float32(line.laid_mean)) * half)


def match_tones(target: Plane, laid: Plane, compared: NDArray[np.bool_]) -> MatchedTones:
    """Match two (h, w, 3) float32 frames of luma and Lab's a and b where they are compared, whatever a part of them shows.

    Luma by one curve and by colour over all (gamma, clipping, gray), then by a gain and an offset for each area; what differs
    strongly takes no part (iterated reweighting: Huber 1981). All is estimated on every second row and column.
    """
    thin = slice(None, None, 2), slice(None, None, 2)
    whole, all_laid = (np.ascontiguousarray(each[..., 0]) for each in (target, laid))
    luma, other = (np.ascontiguousarray(each[thin]) for each in (whole, all_laid))
    counted = np.ascontiguousarray(compared[thin])
    tints = [np.ascontiguousarray(each[thin][..., 1:]) for each in (target, laid)]
    side = int(np.vdot(tints[1], tints[1]) > np.vdot(tints[0], tints[0]))
    coloured, colours = (target, laid)[side][..., 1:], tints[side]
    line = fit_line(whole, all_laid, compared).levels()
    weights = _weigh(luma - line[other.astype(np.uint8)], counted)
    for _ in range(ROUNDS):
        curve = _fit_curve(line, luma, other, weights)
        toned = curve[other.astype(np.uint8)]
        share = _fit_colours(luma - toned, colours, weights)
        toned += colours @ share
        means, ratio = _match_areas(luma, toned, weights)
        weights = _weigh((luma - means[0]) / ratio - (toned - means[1]) * ratio, counted)
    toned = curve[all_laid.astype(np.uint8)] + coloured @ share
    size = compared.shape[::-1]
    here, there, ratio = (np.asarray(cv2.resize(each, size), np.float32) for each in (*means, ratio))
    return MatchedTones((whole - here) / ratio, (toned - there) * ratio)


def _weigh(rest: Plane, counted: NDArray[np.bool_]) -> Plane:
    """How much each pixel takes part, by how far its rest is an outlier, 0..1."""
    few = np.abs(rest[::2, ::2][counted[::2, ::2]])
    usual = max(MIN_RESIDUAL, 3 * float(np.median(few)) if few.size else 0.0)
    return np.asarray(counted / (1 + (rest / usual) ** 2), np.float32)


def _fit_curve(line: Plane, luma: Plane, laid: Plane, weights: Plane) -> Plane:
    """For each of 256 levels of the laid luma what the target shows there in the mean, held to a line where that is little."""
    levels = laid.astype(np.uint8)
    bins = levels.ravel() // np.uint8(LEVELS_A_BIN)
    counts = np.bincount(bins, weights.ravel(), BINS)
    sums = np.bincount(bins, (weights * (luma - line[levels])).ravel(), BINS)
    smooth = np.array([0.5, 1, 0.5])
    shifts = np.convolve(sums, smooth, "same") / (np.convolve(counts, smooth, "same") + HELD_PX)
    return np.asarray(line + np.interp(np.arange(256), (np.arange(BINS) + 0.5) * LEVELS_A_BIN, shifts), np.float32)


def _fit_colours(rest: Plane, colours: Plane, weights: Plane) -> Plane:
    """The share of each colour that explains most of a rest: grayscale and saturation weigh red, green and blue otherwise."""
    flat = colours.reshape(-1, colours.shape[2])
    weighted = flat * weights.reshape(-1, 1)
    normal = weighted.T @ flat + STIFFNESS * np.eye(flat.shape[1], dtype=np.float32)
    return np.asarray(np.linalg.solve(normal, weighted.T @ rest.ravel()), np.float32)


def _match_areas(luma: Plane, toned: Plane, weights: Plane) -> tuple[list[Plane], Plane]:
    """The local means of both, and the gain that each takes half of."""
    count = np.maximum(_area_mean(weights), np.float32(1e-3))
    means = [np.asarray(_area_mean(weights * plane) / count, np.float32) for plane in (luma, toned)]
    spreads = [
        np.maximum(_area_mean(weights * plane * plane) / count - mean * mean, 0) + np.float32(NOISE_VARIANCE)
        for plane, mean in zip((luma, toned), means, strict=True)
    ]
    gain = np.clip(np.sqrt(spreads[0] / spreads[1]), 1 / MAX_GAIN, MAX_GAIN)
    return means, np.asarray(np.sqrt(gain), np.float32)


def _area_mean(plane: Plane) -> Plane:
    area = AREA_PX, AREA_PX
    return np.asarray(cv2.boxFilter(plane, cv2.CV_32F, area, borderType=cv2.BORDER_REFLECT), np.float32)
