"""Pages, screens and drawings: how one is told from a photograph, and the finer record that only such pictures get.

Here belongs what a single picture tells. Whether two of them say the same is in `kernels/verify/pages/`.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled

Gray = NDArray[np.uint8]

MIN_PEAK_SHARPNESS: Final = 0.75
"""Of the pixels within 3 levels of the commonest gray, those within 1: pages and screens, recompressed too, measured 0.75 to
0.99, plain grounds of photographs 0.5 to 0.75 except where clipped."""
MIN_PLAIN_SHARE: Final = 0.33

STILL_LEVELS, SOFT_LEVELS, MAX_SOFT_SHARE = 2, 12, 0.28
"""Steps from pixel to pixel are soft, of 3 to 12 levels, in 0.38 of all in photographs (median of 622), in 0.27 at most in pages,
screens and drawings, scanned, crumpled, in shadow or on a desk too (942): so 86 of 100 photographs are told."""
MIN_STILL_SHARE: Final = 0.82
"""Signs on plain ground change by no more than 2 levels in 0.85 of all steps and more, photographs in 0.78 at most."""
GROUND_PX: Final = 4
"""The ground of a thumbnail is sought in steps of so many px, twice in the median of 5 x 5: writing and noise go, shadows stay."""
GROUND_LEVELS, STROKE_LEVELS, SPECK_PX = 8, 16, 4
SLOPE_WEIGHT, SPECK_WEIGHT, MIN_EVENNESS = 0.55, 2.4, -1.16
"""Fitted on 192 pages and screens in DejaVu and Aileron (drawn, at JPEG quality 30, scanned, photographed) and 311 photographs:
2 % of the pages are missed and 3 % of the photographs taken for one; on 192 in STIX, Computer Modern and Liberation and 311
other photographs 2 % and 2 %."""
MAX_SPECKS: Final = 0.4
TREND_PX, SIDES_PX, INK, MIN_INK_LEVELS, MIN_ONE_SIDED = 25, 33, 1.5, 6.4, 0.69
"""Where more of what stands out are specks it must be writing, which is of one polarity within 33 px: 0.70 and more of the ink of
scanned forms, 0.69 at most of photographs that pass all else, but for a moon above trees. 2 of 622 photographs pass then."""

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
    still, soft = _share_steps(gray)
    if soft > MAX_SOFT_SHARE:
        return False
    is_plain = plain_share(gray, np.ones(gray.shape, np.bool_)) >= MIN_PLAIN_SHARE
    if is_plain and still >= MIN_STILL_SHARE:
        return True
    ground, slope = _find_ground(gray)
    beside = np.asarray(cv2.absdiff(gray, ground), np.uint8)
    evenness = float((beside <= GROUND_LEVELS).mean()) - SLOPE_WEIGHT * slope
    if not is_plain and evenness < MIN_EVENNESS:
        return False
    specks = _share_specks(beside)
    if not is_plain and evenness - SPECK_WEIGHT * specks < MIN_EVENNESS:
        return False
    return specks <= MAX_SPECKS or _is_one_sided(gray)


@compiled
def _share_steps(gray: Gray) -> tuple[float, float]:
    """Return the shares of steps across and down that are still, and soft: of 0 to 2 and of 3 to 12 levels."""
    height, width = gray.shape
    still, soft = 0, 0
    for row in range(height - 1):
        line, below, calm, moved = gray[row], gray[row + 1], np.int32(0), np.int32(0)
        for at in range(width - 1):
            across = abs(np.int16(np.int16(line[at + 1]) - np.int16(line[at])))
            down = abs(np.int16(np.int16(below[at]) - np.int16(line[at])))
            calm += np.int32(across <= STILL_LEVELS) + np.int32(down <= STILL_LEVELS)
            moved += np.int32(across <= SOFT_LEVELS) + np.int32(down <= SOFT_LEVELS)
        still += int(calm)
        soft += int(moved - calm)
    count = max(1, 2 * (height - 1) * (width - 1))
    return still / count, soft / count


def _find_ground(gray: Gray) -> tuple[Gray, float]:
    """What strokes stand on, (h, w), and by how many levels a px it changes in the mean, across and down."""
    height, width = gray.shape
    steps = max(1, width // GROUND_PX), max(1, height // GROUND_PX)
    levels = cv2.resize(gray, steps, interpolation=cv2.INTER_AREA).astype(np.int16)
    levels = np.asarray(cv2.medianBlur(cv2.medianBlur(levels, 5), 5), np.int16)  # uint8 would take twenty times as long
    slopes = (np.abs(np.diff(levels, axis=axis)) for axis in (0, 1))
    slope = sum(float(each.mean()) for each in slopes if each.size) / GROUND_PX
    ground = cv2.resize(levels.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(ground, np.uint8), slope


def _share_specks(beside: Gray) -> float:
    """The share of those things that stand out from the ground which have less than 4 px; 0 where nothing does."""
    strokes = np.asarray(beside >= STROKE_LEVELS, np.uint8)
    count, labels = cv2.connectedComponents(strokes, connectivity=8, ltype=cv2.CV_16U)
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    return float((areas < SPECK_PX).mean()) if count > 1 else 0.0


def _is_one_sided(gray: Gray) -> bool:
    """Whether strokes are darker than what surrounds them here, or lighter, as writing is wherever one looks."""
    levels = gray.astype(np.float32)
    band = levels - cv2.boxFilter(levels, cv2.CV_32F, (TREND_PX, TREND_PX), borderType=cv2.BORDER_REPLICATE)
    ink = max(INK * float(np.sqrt(np.square(band).mean())), MIN_INK_LEVELS)
    signs = ((band < -ink).astype(np.float32), (band > ink).astype(np.float32))
    dark, light = (cv2.boxFilter(each, cv2.CV_32F, (SIDES_PX, SIDES_PX)) for each in signs)
    return float(np.maximum(dark, light).sum()) >= MIN_ONE_SIDED * float((dark + light).sum())


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
