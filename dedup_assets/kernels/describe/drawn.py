"""Pages, screens and drawings: how one is told from a photograph, and the finer record that only such pictures get.

Here belongs what a single picture tells. Whether two of them say the same is in `kernels/verify/pages/`.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

MIN_PEAK_SHARPNESS: Final = 0.75
"""Of the pixels within 3 levels of the commonest gray, those within 1: pages and screens, recompressed too, measured 0.75 to
0.99, plain grounds of photographs 0.5 to 0.75 except where clipped."""
MIN_PLAIN_SHARE: Final = 0.33
GROUND_PX: Final = 4
"""The ground of a thumbnail is sought in steps of so many px, twice in the median of 5 x 5: writing and noise go, shadows stay."""
GROUND_LEVELS, STROKE_LEVELS, SPECK_PX = 8, 16, 4
SLOPE_WEIGHT, SPECK_WEIGHT, MIN_EVENNESS = 0.55, 2.4, -1.16
"""Fitted on 192 pages and screens in DejaVu and Aileron (drawn, at JPEG quality 30, scanned, photographed) and 311 photographs:
2 % of the pages are missed and 3 % of the photographs taken for one; on 192 in STIX, Computer Modern and Liberation and 311
other photographs 2 % and 2 %."""

FINE_SIDE_PX: Final = 1024
FINE_PIXELS: Final = 1_000_000
"""A4 in 10 points has digits of 10 px then, and a word of a chat 20 px."""
FINE_QUALITY: Final = 55
"""JPEG with Huffman codes of its own: 28 KB in the median and 2 ms, where WebP takes a third less and 20 ms. At quality 40 two more
of 71 changed words are missed."""


def plain_share(gray: Gray, compared: NDArray[np.bool_]) -> float:
    """Share, 0..1, of the compared pixels of a (h, w) uint8 picture within one level of its commonest gray.

    0 where the peak is broad: paper and screens are of one level, a photographed ground spreads over several.
    """
    counts = cv2.calcHist([gray], [0], compared.view(np.uint8), [256], [0, 256]).ravel()
    narrow, broad = (float(np.convolve(counts, np.ones(2 * levels + 1)).max()) for levels in (1, 3))
    return narrow / max(1.0, float(counts.sum())) if narrow >= MIN_PEAK_SHARPNESS * broad else 0.0


def is_drawn(gray: Gray) -> bool:
    """Whether a thumbnail, (h, w) uint8 luma, shows a page, a screen or a drawing; scanned or photographed, too."""
    if plain_share(gray, np.ones(gray.shape, np.bool_)) >= MIN_PLAIN_SHARE:
        return True
    ground, slope = _find_ground(gray)
    beside = np.asarray(cv2.absdiff(gray, ground), np.uint8)
    evenness = float((beside <= GROUND_LEVELS).mean()) - SLOPE_WEIGHT * slope
    if evenness < MIN_EVENNESS:
        return False
    _, _, areas, _ = cv2.connectedComponentsWithStats((beside >= STROKE_LEVELS).astype(np.uint8), connectivity=8)
    specks = areas[1:, cv2.CC_STAT_AREA] < SPECK_PX
    return evenness - SPECK_WEIGHT * float(specks.mean() if len(specks) else 0.0) >= MIN_EVENNESS


def _find_ground(gray: Gray) -> tuple[Gray, float]:
    """What strokes stand on, (h, w), and by how many levels a px it changes in the mean, across and down."""
    height, width = gray.shape
    steps = max(1, width // GROUND_PX), max(1, height // GROUND_PX)
    small = cv2.medianBlur(cv2.medianBlur(cv2.resize(gray, steps, interpolation=cv2.INTER_AREA), 5), 5)
    levels = small.astype(np.int16)
    slopes = (np.abs(np.diff(levels, axis=axis)) for axis in (0, 1))
    slope = sum(float(each.mean()) for each in slopes if each.size) / GROUND_PX
    ground = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(ground, np.uint8), slope


def pack_fine_gray(gray: Gray) -> bytes:
    """The finer record of a (h, w) uint8 picture: a gray JPEG file, of at most FINE_PIXELS."""
    height, width = gray.shape
    share = min(1.0, float(np.sqrt(FINE_PIXELS / (height * width))))
    if share < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        gray = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, FINE_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return cv2.imencode(".jpg", gray, options)[1].tobytes()


def unpack_fine_gray(data: bytes) -> Gray:
    """The picture of a finer record, (h, w) uint8."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
