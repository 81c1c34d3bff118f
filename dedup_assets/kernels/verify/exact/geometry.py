"""The geometry that maps one picture's local features onto another's.

Here belongs the fit. Detecting and matching features is in `local_features.py`; whether the pixels agree under the fitted
map is in `overlap.py`; whether that makes two pictures copies of each other is in `kernels/verify/cascade.py`.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.exact.local_features import LocalFeatures, match_features, mirror_features

LOOSE_PX = 14.0
"""One feature's scale and angle predict the others' places this well over 256 px (5 %): angle ±5°, scale ±10 %."""
TIGHT_PX = 4.0
MAX_HYPOTHESES = 4
MIN_FIT = 4
MIN_DETERMINANT = 1e-4
EXACT_PX, NEAR_PX = 1.5, 24.0
MIN_NEAR_MATCHES = 20
"""Fewer say nothing of how exact a map is: of 15 matches of a heavily degraded copy 6 lay beside their place."""


@dataclass(frozen=True, slots=True)
class GeometricFit:
    """A map between two canvases.

    matrix     (3, 3) float64, takes px of the left canvas to px of the right one
    inliers    matches that the map explains within TIGHT_PX
    matches    mutual matches that were offered
    hull_left  area of the convex hull of the inliers, as a share of the left canvas, 0..1
    hull_right the same of the right canvas
    strays     share of the matches that lie near their place, within NEAR_PX, but not at it, within EXACT_PX; 0..1
    """

    matrix: NDArray[np.float64]
    inliers: int
    matches: int
    hull_left: float
    hull_right: float
    strays: float


def fit_geometry(left: LocalFeatures, right: LocalFeatures) -> GeometricFit | None:
    """The map under which most mutual matches agree, or None where fewer than MIN_FIT do or all lie on a line.

    Every match proposes a similarity from its own scale and angle (Philbin et al. 2007), so nothing is drawn at
    random; the best proposals are refined to affine maps and, where that explains more, to a homography.
    """
    rows, others = match_features(left, right)
    if len(rows) < MIN_FIT:
        return None
    source, target = left.points[rows].astype(np.float64), right.points[others].astype(np.float64)
    angles = (right.angles[others] - left.angles[rows]).astype(np.float64)
    scales = (right.scales[others] / left.scales[rows]).astype(np.float64)
    fits = [_refine(source, target, chosen) for chosen in _proposals(source, target, scales, angles)]
    matrix, inside = max(fits, key=lambda fit: int(fit[1].sum()), default=(np.eye(3), np.zeros(len(rows), np.bool_)))
    if int(inside.sum()) < MIN_FIT or abs(np.linalg.det(matrix[:2, :2])) < MIN_DETERMINANT:
        return None
    errors = _errors(matrix, source, target)
    return GeometricFit(
        matrix=matrix,
        inliers=int(inside.sum()),
        matches=len(rows),
        hull_left=_hull_share(source[inside], left.size),
        hull_right=_hull_share(target[inside], right.size),
        strays=_stray_share(errors),
    )


def fit_mirrored_geometry(left: LocalFeatures, right: LocalFeatures) -> GeometricFit | None:
    """As `fit_geometry`, for a right picture of the other handedness."""
    fit = fit_geometry(mirror_features(left), right)
    if fit is None:
        return None
    mirror = np.array([[-1.0, 0.0, left.size[0] - 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return replace(fit, matrix=fit.matrix @ mirror)


def _proposals(
    source: NDArray[np.float64], target: NDArray[np.float64], scales: NDArray[np.float64], angles: NDArray[np.float64]
) -> list[NDArray[np.bool_]]:
    """For the best few similarities, which matches they explain loosely."""
    here, there = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    turns = scales * np.exp(1j * angles)
    predicted = turns[:, None] * (here[None, :] - here[:, None]) + there[:, None]
    tolerance = LOOSE_PX * np.maximum(1.0, scales)[:, None]
    explained = (np.abs(predicted - there[None, :]) <= tolerance) & (
        np.abs(np.log(scales[None, :] / scales[:, None])) < 0.7
    )
    votes = explained.sum(axis=1)
    order = np.lexsort((np.arange(len(votes)), -votes))[:MAX_HYPOTHESES]
    return [explained[row] for row in order if votes[row] >= MIN_FIT]


def _refine(
    source: NDArray[np.float64], target: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Least squares on what is explained, with a shrinking tolerance; a homography where it explains more."""
    matrix = np.eye(3)
    for tolerance in (2 * TIGHT_PX, 1.5 * TIGHT_PX, TIGHT_PX, TIGHT_PX):
        if int(chosen.sum()) < MIN_FIT:
            return matrix, chosen
        matrix = _fit_affine(source[chosen], target[chosen])
        chosen = _errors(matrix, source, target) <= tolerance
    wide = _errors(matrix, source, target) <= 2 * LOOSE_PX
    for tolerance in (2 * TIGHT_PX, TIGHT_PX):
        if int(wide.sum()) < 3 * MIN_FIT:
            return matrix, chosen
        homography = np.asarray(cv2.findHomography(source[wide], target[wide], 0)[0], np.float64)
        if homography.shape != (3, 3):
            return matrix, chosen
        wide = _errors(homography, source, target) <= tolerance
    if int(wide.sum()) > int(chosen.sum()):
        return homography, wide
    return matrix, chosen


def _fit_affine(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    design = np.column_stack([source, np.ones(len(source))])
    solution = np.linalg.lstsq(design, target, rcond=None)[0]
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def _errors(
    matrix: NDArray[np.float64], source: NDArray[np.float64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance of each mapped point from its target, in px of the finer of the two canvases."""
    mapped = np.column_stack([source, np.ones(len(source))]) @ matrix.T
    scale = max(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - target, axis=1) / scale
    return np.where(np.isfinite(distance), distance, np.inf)


def _stray_share(errors: NDArray[np.float64]) -> float:
    near = errors[errors <= NEAR_PX]
    return float((near > EXACT_PX).mean()) if len(near) >= MIN_NEAR_MATCHES else 0.0


def _hull_share(points: NDArray[np.float64], size: tuple[int, int]) -> float:
    hull = cv2.convexHull(points.astype(np.float32))
    return float(cv2.contourArea(hull)) / (size[0] * size[1])
