"""Compiled passes over frames, one picture laid upon another.

Here belong the loops over pixels. What frames are, and what the figures mean, is in `frames.py`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled

Planes = NDArray[np.float32]
Kinds = NDArray[np.uint8]
Map = NDArray[np.float64]

WINDOW_PX = 13
MIN_CONTENT_VARIANCE, MIN_CORRELATION = 16.0, 0.5
MIN_CHROMA, MIN_HUE_COSINE, MIN_CHROMATIC_SHARE, LOST_CHROMA, MAX_GRAY_SHIFT = 10.0, 0.8, 0.03, 0.2, 20.0
"""As in the exact tests of alignment and colour; compiled loops know numbers of their own module alone."""
CHROMA_STEP, CHROMA_BINS = 0.25, 1024
MAX_NEUTRAL = 0.5
"""Median chroma, in steps of 8 bits, of what is gray beyond doubt."""
STRUCTURE, SMOOTH, A, B, LUMA = range(5)
"""The planes of a frame, in their order."""
NOT_COMPARED, DIFFERS, AGREES, FLAT = range(4)
"""Kinds of pixels: by the window around each."""
REACH = WINDOW_PX // 2


@compiled
def lay_upon(moving: Planes, matrix: Map, laid: Planes, inside: Kinds) -> None:
    """Sample `moving` (h', w', 5) bilinearly where the affine map takes each pixel of `laid` (h, w, 5); `inside` (h, w) says
    where that is within it, and edges go on beyond."""
    rows, columns = moving.shape[:2]
    last_x, last_y, half = np.float32(columns - 1), np.float32(rows - 1), np.float32(0.5)
    across_u, across_v = np.float32(matrix[0, 0]), np.float32(matrix[1, 0])
    for y in range(laid.shape[0]):
        start_u = np.float32(matrix[0, 1] * y + matrix[0, 2])
        start_v = np.float32(matrix[1, 1] * y + matrix[1, 2])
        for x in range(laid.shape[1]):
            u, v = start_u + across_u * np.float32(x), start_v + across_v * np.float32(x)
            inside[y, x] = (-half <= u) & (u < last_x + half) & (-half <= v) & (v < last_y + half)
            u, v = min(max(u, np.float32(0)), last_x), min(max(v, np.float32(0)), last_y)
            i, j = np.int32(v), np.int32(u)
            below, beside = min(i + 1, rows - 1), min(j + 1, columns - 1)
            down, right = v - np.float32(i), u - np.float32(j)
            w11 = down * right
            w10, w01 = down - w11, right - w11
            w00 = np.float32(1) - right - w10
            for c in range(5):
                upper = w00 * moving[i, j, c] + w01 * moving[i, beside, c]
                laid[y, x, c] = upper + w10 * moving[below, j, c] + w11 * moving[below, beside, c]


@compiled
def mark_agreement(target: Planes, laid: Planes, inside: Kinds, kinds: Kinds) -> tuple[int, int, float]:
    """Correlate structure in every window that lies inside, as `alignment.compare_structure`, by running sums.

    `kinds` (h, w) receives what each is. Returns how many windows have content, how many of these agree, and the sum of
    their correlations.
    """
    height, width = inside.shape
    columns, covered = np.zeros((width, 5), np.float32), np.zeros(width, np.int64)
    for y in range(-REACH, REACH + 1):
        _take_row(columns, covered, target, laid, inside, y, np.float32(1))
    content = agreeing = 0
    total = 0.0
    for y in range(height):
        in_row, agreeing_in_row, of_row = _mark_row(columns, covered, kinds[y])
        content, agreeing, total = content + in_row, agreeing + agreeing_in_row, total + of_row
        _take_row(columns, covered, target, laid, inside, y + REACH + 1, np.float32(1))
        _take_row(columns, covered, target, laid, inside, y - REACH, np.float32(-1))
    return content, agreeing, total


@compiled
def _take_row(
    columns: Planes, covered: NDArray[np.int64], target: Planes, laid: Planes, inside: Kinds, y: int, by: np.float32
) -> None:
    """Add a row to the sums of each column (w, 5), `by` 1, or take it away, `by` -1: of both, of their squares and product."""
    row, edge = _reflected(y, len(target)), min(max(y, 0), len(target) - 1)
    for x in range(len(columns)):
        p, q = target[row, x, STRUCTURE], laid[row, x, STRUCTURE]
        columns[x, 0] += by * p
        columns[x, 1] += by * q
        columns[x, 2] += by * p * p
        columns[x, 3] += by * q * q
        columns[x, 4] += by * p * q
        covered[x] += np.int64(by) * np.int64(inside[edge, x])


@compiled
def _mark_row(columns: Planes, covered: NDArray[np.int64], kinds: Kinds) -> tuple[int, int, float]:
    """The windows of one row, from the sums of its columns; see `mark_agreement`."""
    width = len(columns)
    sums, cover = np.zeros(5, np.float32), 0
    for x in range(-REACH, REACH + 1):
        cover += covered[min(max(x, 0), width - 1)]
        for k in range(5):
            sums[k] += columns[_reflected(x, width), k]
    content = agreeing = 0
    total = 0.0
    for x in range(width):
        if cover == WINDOW_PX * WINDOW_PX:
            kinds[x], correlation = _kind_of(sums)
            content += kinds[x] != FLAT
            agreeing += kinds[x] == AGREES
            total += correlation
        new, old = _reflected(x + REACH + 1, width), _reflected(x - REACH, width)
        cover += covered[min(x + REACH + 1, width - 1)] - covered[max(x - REACH, 0)]
        for k in range(5):
            sums[k] += columns[new, k] - columns[old, k]
    return content, agreeing, total


@compiled
def _kind_of(sums: Planes) -> tuple[int, float]:
    """What a window is by its five sums, and its correlation; 0 where it is flat."""
    area = np.float32(WINDOW_PX * WINDOW_PX)
    mean, other = sums[0] / area, sums[1] / area
    variance = max(sums[2] / area - mean * mean, np.float32(0))
    other_variance = max(sums[3] / area - other * other, np.float32(0))
    if max(variance, other_variance) < MIN_CONTENT_VARIANCE:
        return FLAT, 0.0
    correlation = (sums[4] / area - mean * other) / math.sqrt(max(variance * other_variance, np.float32(1)))
    return AGREES if correlation >= MIN_CORRELATION else DIFFERS, correlation


@compiled
def _reflected(at: int, length: int) -> int:
    """Where a picture goes on beyond its edge: fedcba|abcdefgh|hgfedcb."""
    while at < 0 or at >= length:
        at = -1 - at if at < 0 else 2 * length - 1 - at
    return at


@compiled
def correlate_tones(target: Planes, laid: Planes, kinds: Kinds) -> tuple[int, float]:
    """How many pixels are compared, and the correlation of the smoothed luma of all of them."""
    count = 0
    p_sum = q_sum = pp = qq = pq = 0.0
    for y in range(kinds.shape[0]):
        for x in range(kinds.shape[1]):
            if kinds[y, x] != NOT_COMPARED:
                count += 1
                p, q = np.float64(target[y, x, SMOOTH]), np.float64(laid[y, x, SMOOTH])
                p_sum, q_sum, pp, qq, pq = p_sum + p, q_sum + q, pp + p * p, qq + q * q, pq + p * q
    n = max(count, 1)
    mean, other = p_sum / n, q_sum / n
    spread = math.sqrt(max(pp / n - mean * mean, 0.0)) * math.sqrt(max(qq / n - other * other, 0.0))
    return count, (pq / n - mean * other) / max(spread, 1e-3)


@compiled
def measure_turn(target: Planes, laid: Planes, kinds: Kinds) -> tuple[float, float]:
    """Correlation, 0..1, of both chromas about their means, and degrees between them, as the exact test of colour has them."""
    n, sums = 0, np.zeros(8)
    for y in range(kinds.shape[0]):
        for x in range(kinds.shape[1]):
            if kinds[y, x] >= AGREES:
                n += 1
                a, b = np.float64(target[y, x, A]), np.float64(target[y, x, B])
                c, d = np.float64(laid[y, x, A]), np.float64(laid[y, x, B])
                sums[0], sums[1], sums[2], sums[3] = sums[0] + a, sums[1] + b, sums[2] + c, sums[3] + d
                sums[4], sums[5] = sums[4] + a * c + b * d, sums[5] + b * c - a * d
                sums[6], sums[7] = sums[6] + a * a + b * b, sums[7] + c * c + d * d
    a, b, c, d, along, across, one, other = sums / max(n, 1)
    along, across = along - a * c - b * d, across - b * c + a * d
    spread = math.sqrt(max(one - a * a - b * b, 0.0)) * math.sqrt(max(other - c * c - d * d, 0.0))
    return math.hypot(along, across) / max(spread, 1e-6), math.degrees(math.atan2(across, along))


@compiled
def take_hues(
    target: Planes, laid: Planes, kinds: Kinds, hues: Planes, counts: NDArray[np.int64]
) -> tuple[int, int, int, int]:
    """Fill rows of `hues` (h w, 5) with what is told of the pixels that are coloured in either, of kinds AGREES and FLAT: chroma
    of both, the product of both chromas, the difference of luma, and 1 where structure agrees.

    `counts` (2, CHROMA_BINS) receives how often each chroma comes. Returns how many rows there are, of how many pixels, and
    how many of these are coloured in each.
    """
    coloured = count = here = there = 0
    for y in range(kinds.shape[0]):
        for x in range(kinds.shape[1]):
            if kinds[y, x] >= AGREES:
                count += 1
                a, b, u, v = target[y, x, A], target[y, x, B], laid[y, x, A], laid[y, x, B]
                one, other = math.sqrt(a * a + b * b), math.sqrt(u * u + v * v)
                here += one > MIN_CHROMA
                there += other > MIN_CHROMA
                if max(one, other) > MIN_CHROMA:
                    hues[coloured, 0], hues[coloured, 1], hues[coloured, 2] = one, other, a * u + b * v
                    hues[coloured, 3] = abs(target[y, x, LUMA] - laid[y, x, LUMA])
                    hues[coloured, 4] = kinds[y, x] == AGREES
                    counts[0, min(int(one / CHROMA_STEP), CHROMA_BINS - 1)] += 1
                    counts[1, min(int(other / CHROMA_STEP), CHROMA_BINS - 1)] += 1
                    coloured += 1
    return coloured, count, here, there


@compiled
def count_one_hue(hues: Planes, median: float, other_median: float, lost: bool) -> tuple[int, int, int]:
    """How many rows of `take_hues` are one hue, as `colour.compare_colours`, of all and of where structure agrees, and how many
    those are; `lost`: whether one picture has lost its colours, so that only its luma tells."""
    of_all = of_structure = structure = 0
    for at in range(len(hues)):
        one, other = hues[at, 0] * np.float32(other_median), hues[at, 1] * np.float32(median)
        if lost:
            alike = hues[at, 3] <= MAX_GRAY_SHIFT
        else:
            kept = min(one, other) >= np.float32(LOST_CHROMA) * max(one, other)
            product = np.float32(MIN_HUE_COSINE) * max(hues[at, 0] * hues[at, 1], np.float32(1e-6))
            alike = kept & (hues[at, 2] >= product)
        of_all += alike
        structure += hues[at, 4] > 0
        of_structure += alike & (hues[at, 4] > 0)
    return of_all, of_structure, structure
