"""Whether two pictures in which there is little to see differ by more than recompression explains.

Here belongs the comparison of mists, dark rooms, skies and nearly empty pages at one size. What it decides is in `pixel_tests.py`.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.exact.alignment import WINDOW_PX, measure_difference, windowed

COARSE_PX = 32
"""Longer side at which noise and blocks are averaged away, and the ridge of another mist is not."""
MIN_CONTENT_STD, MIN_CONTENT_SHARE = 6.0, 0.2
"""Gray levels, and share of the strongest window's, from which a window holds something: edges of words and of the moon, not mist,
nor what rings beside them."""
NOISE_SIGMAS = 6.0
"""Of the differences' robust deviation: noise that is everywhere reaches 5 of them somewhere in a thumbnail."""
MAX_SHIFT, MAX_COARSE = 8.0, 6.0
FINE_RANGE = 5.0, 10.0
MIN_CONTENT_CORRELATION, MIN_HELD_CORRELATION, MIN_CORRELATION = 0.75, 0.85, 0.95
"""Mists, skies, the moon, dark rooms and words on a dark ground, each as PNG, at JPEG quality 30 to 85, as WebP and at half and
two thirds of their size: among copies shift reached 4.0, coarse 5.6, and the least content was 0.85, its correlation 0.89; another
mist differed coarsely by 7.1, other words or another phase had content of 0.57 at most. Chosen on one of each, checked on
another."""


@dataclass(frozen=True, slots=True)
class PlainComparison:
    """How two pictures of one size differ; shift to noise in gray levels, 0..255, low is alike.

    shift        mean difference of any channel beside windows that hold something in either
    coarse       largest difference of any channel there at COARSE_PX, without that shift
    fine         largest difference of any channel there after a 3x3 mean
    noise        NOISE_SIGMAS robust deviations of that difference
    correlation  of the two as wholes, -1..1; 1 where neither varies
    content      least correlation of a window that holds something in either, -1..1; None where none does
    """

    shift: float
    coarse: float
    fine: float
    noise: float
    correlation: float
    content: float | None


def compare_plainly(
    left: NDArray[np.uint8], right: NDArray[np.uint8], measured: tuple[NDArray[np.float32], float] | None = None
) -> PlainComparison:
    """Compare two (h, w, 3) uint8 RGB pictures of one shape, `measured` where they are; it does not depend on which is left."""
    one, other = (picture.astype(np.float32) for picture in (left, right))
    difference, of_wholes = measured or measure_difference(left, right)
    correlation, holds = _correlate_windows(*(to_gray(picture).astype(np.float32) for picture in (left, right)))
    held = np.asarray(holds.any(axis=0), np.bool_)
    beside = cv2.dilate(held.astype(np.uint8), np.ones((WINDOW_PX, WINDOW_PX), np.uint8)) == 0
    shift = (one - other)[beside].mean(axis=0) if beside.any() else np.zeros(3, np.float32)
    return PlainComparison(
        shift=float(np.abs(shift).max()),
        coarse=_largest_of_areas((one - other - shift) * beside[..., None]),
        fine=float(difference[beside].max()) if beside.any() else 0.0,
        noise=NOISE_SIGMAS * 1.48 * float(np.median(difference)),
        correlation=of_wholes,
        content=float(correlation[held].min()) if held.any() else None,
    )


def is_recompression(seen: PlainComparison) -> bool:
    """Whether noise, blocks and resampling explain all that differs."""
    least, most = FINE_RANGE
    alike = seen.shift <= MAX_SHIFT and seen.coarse <= MAX_COARSE and seen.fine <= max(least, min(seen.noise, most))
    if seen.content is None:
        return alike and seen.correlation >= MIN_CORRELATION
    return alike and seen.correlation >= MIN_HELD_CORRELATION and seen.content >= MIN_CONTENT_CORRELATION


def _largest_of_areas(difference: NDArray[np.float32]) -> float:
    height, width = difference.shape[:2]
    factor = COARSE_PX / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return float(np.abs(cv2.resize(difference, size, interpolation=cv2.INTER_AREA)).max())


def _correlate_windows(
    one: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Correlation of each window, (h, w), and whether it holds something in the one and in the other, (2, h, w)."""
    means = [windowed(gray) for gray in (one, other)]
    variances = np.stack([windowed(gray * gray) - mean * mean for gray, mean in zip((one, other), means, strict=True)])
    covariance = windowed(one * other) - means[0] * means[1]
    least = max(MIN_CONTENT_STD**2, MIN_CONTENT_SHARE**2 * float(variances.max()))
    return covariance / np.sqrt(np.maximum(variances[0] * variances[1], 1.0)), variances >= least
