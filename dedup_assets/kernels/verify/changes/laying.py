"""Laying one frame upon another to a fraction of a pixel: what a first map leaves, blocks find, and a smooth field takes up.

Here belong the compiled loops that sample and shift, and the field, of pages too (`kernels/verify/pages/registration.py`). What
then still differs is in `comparing.py`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

FARTHEST_PX = 1e6
BLOCK_PX, STEP_PX, REACH_PX = 16, 10, 4.0
"""Of blocks, in a frame whose longer side has 128 px."""
MIN_BLOCK_VARIANCE, MIN_BLOCK_CORRELATION = 25.0, 0.6
"""Of gray levels, of what was found."""
HELD = 0.02
"""Of a block's squared gradients: along an edge it does not slide."""
ROUNDS, EXACT_PX = 4, 0.05
SPREAD_PX = 64.0
BEND_MATCHES, SLANT_MATCHES = 14, 8
"""From so many blocks on the field is quadratic, or affine; below it is one shift."""
STIFFNESS = np.array([1e-3, 0.3, 0.3, 0.5, 0.5, 0.5])
"""In blocks: what few of them say does not bend the rest of a picture."""
FIT_ROUNDS, MIN_ERROR_PX, MIN_FOUND = 3, 0.15, 5
MAX_LAYINGS, SETTLED_PX = 4, (0.1, 0.3)
"""Within the first the frame lies as it should, within the second once more is enough."""


NOWHERE = np.zeros((6, 2))
"""The field of what lies as the first map says."""


@dataclass(frozen=True, slots=True)
class LaidFrame:
    """A moving frame upon a target one of (h, w) px.

    planes  (h, w, c) float32
    inside  (h, w) uint8, 1 where the moving frame lies
    field   (6, 2) float64, shifts x, y in px of the target as a quadratic polynomial of the place
    """

    planes: Plane
    inside: NDArray[np.uint8]
    field: Floats


def lay_exactly(target: Plane, moving: Plane, matrix: Floats) -> LaidFrame:
    """Lay `moving` (h', w', c) upon `target` (h, w, c), of which plane 0 is luma; `matrix`, 3x3, takes target px to moving px."""
    luma, other = (np.ascontiguousarray(each[..., :1]) for each in (target, moving))
    first = best = lay_frame(other, matrix, target.shape)
    for _ in range(MAX_LAYINGS - 1):
        more, _ = fit_field(find_shifts(luma, best.planes, best.inside), target.shape)
        left = float(np.abs(more).max())
        if left < SETTLED_PX[0]:
            break
        best = lay_frame(other, matrix, target.shape, best.field + more)
        if left < SETTLED_PX[1]:
            break
    before, after = (correlate(luma[..., 0], each.planes[..., 0], each.inside) for each in (first, best))
    return lay_frame(moving, matrix, target.shape, best.field if after >= before else NOWHERE)


def lay_frame(moving: Plane, matrix: Floats, shape: tuple[int, ...], field: Floats = NOWHERE) -> LaidFrame:
    """Lay `moving` (h', w', c) where a map, 3x3, of px of a target of `shape` to its own, and a field of shifts, say."""
    laid, inside = np.empty((*shape[:2], moving.shape[2]), np.float32), np.empty(shape[:2], np.uint8)
    lay_by_field(np.ascontiguousarray(moving), _polynomial(matrix, field, shape), laid, inside)
    return LaidFrame(laid, inside, field)


@compiled
def correlate(target: Plane, laid: Plane, inside: NDArray[np.uint8]) -> float:
    """The correlation of two planes, (h, w), where one lies within the other, -1..1; 0 where it does not, or nothing varies."""
    count = 0
    p_sum = q_sum = pp = qq = pq = 0.0
    for y in range(inside.shape[0]):
        for x in range(inside.shape[1]):
            if inside[y, x]:
                p, q = np.float64(target[y, x]), np.float64(laid[y, x])
                count += 1
                p_sum, q_sum, pp, qq, pq = p_sum + p, q_sum + q, pp + p * p, qq + q * q, pq + p * q
    mean, other = p_sum / max(count, 1), q_sum / max(count, 1)
    energies = (pp - p_sum * mean) * (qq - q_sum * other)
    return (pq - p_sum * other) / math.sqrt(energies) if energies > 1e-6 else 0.0


def at_scale(field: Floats, scale: float) -> Floats:
    """The field of a target that is larger by `scale`, where this one is that of the smaller."""
    return np.asarray(field * np.power(scale, [1.0, 0, 0, -1, -1, -1])[:, None])


def fit_field(found: Floats, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """The smooth field (6, 2) that most blocks (n, 7: see `find_shifts`) follow, and how far each lies beside it, px, (n,).

    A block on an edge says nothing of the shift along it, but all of the shift across.
    """
    terms = 6 if len(found) >= BEND_MATCHES else 3 if len(found) >= SLANT_MATCHES else 1
    field, errors = np.zeros((6, 2)), np.zeros(len(found))
    if len(found) < MIN_FOUND:
        return field, errors
    design, weights = _terms(found[:, 0], found[:, 1], shape)[:, :terms], np.ones(len(found))
    shifts, (xx, xy, yy) = found[:, 2:4], found[:, 4:].T
    stiff = np.diag(np.tile(STIFFNESS[:terms], 2))
    for _ in range(FIT_ROUNDS):
        both, across, down = ((design * (weights * each)[:, None]).T for each in (xy, xx, yy))
        normal = np.block([[across @ design, both @ design], [both @ design, down @ design]]) + stiff
        wanted = across @ shifts[:, 0] + both @ shifts[:, 1], both @ shifts[:, 0] + down @ shifts[:, 1]
        field[:terms] = np.linalg.solve(normal, np.concatenate(wanted)).reshape(2, terms).T
        u, v = (shifts - design @ field[:terms]).T
        errors = np.sqrt(np.maximum(xx * u * u + 2 * xy * u * v + yy * v * v, 0))
        usual = max(MIN_ERROR_PX, 1.5 * float(np.sort(errors)[len(errors) // 2]))
        weights = 1 / (1 + (errors / usual) ** 2) ** 2
    return field, errors


def place_in_moving(x: Floats, y: Floats, matrix: Floats, field: Floats, shape: tuple[int, ...]) -> tuple[Plane, Plane]:
    """Where places of a target frame of `shape` lie in the moving one, px, as `lay_by_field` has it."""
    shifts = _terms(x.ravel(), y.ravel(), shape) @ field
    moved = np.stack([x.ravel() + shifts[:, 0], y.ravel() + shifts[:, 1], np.ones(x.size)]).T @ matrix.T
    u, v = (moved[:, axis] / moved[:, 2] for axis in (0, 1))
    return u.reshape(x.shape).astype(np.float32), v.reshape(x.shape).astype(np.float32)


def _terms(x: Floats, y: Floats, shape: tuple[int, ...]) -> Floats:
    across, down = (x - shape[1] / 2) / SPREAD_PX, (y - shape[0] / 2) / SPREAD_PX
    return np.stack([np.ones_like(across), across, down, across * across, across * down, down * down], axis=-1)


def _polynomial(matrix: Floats, field: Floats, shape: tuple[int, ...]) -> Floats:
    """Where field and matrix take (x, y), in homogeneous coordinates: (3, 6) coefficients of 1, x, y, x², xy, y²."""
    across, down = shape[1] / 2, shape[0] / 2
    of_terms = np.zeros((6, 6))
    of_terms[0, 0] = 1
    of_terms[1, :2], of_terms[2, [0, 2]] = (-across, 1), (-down, 1)
    of_terms[3, [0, 1, 3]] = across * across, -2 * across, 1
    of_terms[4, [0, 1, 2, 4]] = across * down, -down, -across, 1
    of_terms[5, [0, 2, 5]] = down * down, -2 * down, 1
    of_terms /= np.array([1, SPREAD_PX, SPREAD_PX, SPREAD_PX**2, SPREAD_PX**2, SPREAD_PX**2])[:, None]
    places = np.zeros((3, 6))
    places[0, 1] = places[1, 2] = places[2, 0] = 1
    places[:2] += field.T @ of_terms
    return np.asarray(matrix @ places)


@compiled
def lay_by_field(moving: Plane, polynomial: Floats, laid: Plane, inside: NDArray[np.uint8]) -> None:
    """Sample `moving` (h', w', c) bilinearly where a polynomial (3, 6) takes each pixel of `laid` (h, w, c)."""
    rows, columns, planes = moving.shape
    for y in range(inside.shape[0]):
        start = polynomial[:, 0] + polynomial[:, 2] * y + polynomial[:, 5] * y * y
        slope, bend = polynomial[:, 1] + polynomial[:, 4] * y, polynomial[:, 3]
        for x in range(inside.shape[1]):
            depth = 1 / (start[2] + x * (slope[2] + x * bend[2]))
            u = depth * (start[0] + x * (slope[0] + x * bend[0]))
            v = depth * (start[1] + x * (slope[1] + x * bend[1]))
            inside[y, x] = (u >= -0.5) & (u < columns - 0.5) & (v >= -0.5) & (v < rows - 0.5)
            if not (abs(u) < FARTHEST_PX and abs(v) < FARTHEST_PX):  # at the horizon, or nowhere at all
                u = v = 0.0
            u, v = min(max(u, 0.0), columns - 1.0), min(max(v, 0.0), rows - 1.0)
            i, j = int(v), int(u)
            below, beside = min(i + 1, rows - 1), min(j + 1, columns - 1)
            lower, right = np.float32(v - i), np.float32(u - j)
            for c in range(planes):
                upper_edge = moving[i, j, c] + right * (moving[i, beside, c] - moving[i, j, c])
                lower_edge = moving[below, j, c] + right * (moving[below, beside, c] - moving[below, j, c])
                laid[y, x, c] = upper_edge + lower * (lower_edge - upper_edge)


@compiled
def find_shifts(target: Plane, laid: Plane, inside: NDArray[np.uint8]) -> Floats:
    """Blocks that are found again: a table (n, 7) float64 of place x, y and shift x, y, px, and the share of the squared
    gradients that is across, both ways and down.

    By least squares from where it lies (Lucas & Kanade 1981), whatever its brightness and contrast.
    """
    height, width = inside.shape
    found, count = np.empty((height // STEP_PX + 1) * (width // STEP_PX + 1) * 7).reshape(-1, 7), 0
    for top in range(0, height - BLOCK_PX + 1, STEP_PX):
        for left in range(0, width - BLOCK_PX + 1, STEP_PX):
            if inside[top : top + BLOCK_PX, left : left + BLOCK_PX].all():
                found[count, 0], found[count, 1] = left + BLOCK_PX / 2 - 0.5, top + BLOCK_PX / 2 - 0.5
                count += _find_block(target, laid, top, left, found[count])
    return found[:count]


@compiled
def _find_block(target: Plane, laid: Plane, top: int, left: int, found: Floats) -> bool:
    """Whether a block of the target is found near its place; `found` (7,) receives its shift and gradients."""
    height, width = target.shape[:2]
    area = BLOCK_PX * BLOCK_PX
    total = squares = xx = xy = yy = 0.0
    for y in range(top, top + BLOCK_PX):
        for x in range(left, left + BLOCK_PX):
            value = np.float64(target[y, x, 0])
            gx = 0.5 * (target[y, min(x + 1, width - 1), 0] - target[y, max(x - 1, 0), 0])
            gy = 0.5 * (target[min(y + 1, height - 1), x, 0] - target[max(y - 1, 0), x, 0])
            total, squares = total + value, squares + value * value
            xx, xy, yy = xx + gx * gx, xy + gx * gy, yy + gy * gy
    mean = total / area
    spread = squares / area - mean * mean
    if spread < MIN_BLOCK_VARIANCE:
        return False
    energy = max(xx + yy, 1e-3)
    held_x, held_y = xx + HELD * energy, yy + HELD * energy
    across = down = correlation = 0.0
    for _ in range(ROUNDS):
        correlation, bx, by = _compare_block(target, laid, top, left, across, down, mean, spread)
        determinant = held_x * held_y - xy * xy
        step_x, step_y = (held_y * bx - xy * by) / determinant, (held_x * by - xy * bx) / determinant
        across, down = across + step_x, down + step_y
        if max(abs(across), abs(down)) > REACH_PX:
            return False
        if max(abs(step_x), abs(step_y)) < EXACT_PX:
            break
    found[2], found[3], found[4], found[5], found[6] = across, down, xx / energy, xy / energy, yy / energy
    return correlation >= MIN_BLOCK_CORRELATION


@compiled
def _compare_block(
    target: Plane, laid: Plane, top: int, left: int, across: float, down: float, mean: float, spread: float
) -> tuple[float, float, float]:
    """Correlation of a block with what lies at a shift, and what is left, weighted by the gradients across and down."""
    height, width = target.shape[:2]
    area = BLOCK_PX * BLOCK_PX
    moved = np.empty((BLOCK_PX, BLOCK_PX))
    total = squares = product = 0.0
    for row in range(BLOCK_PX):
        v = min(max(top + row + down, 0.0), height - 1.0)
        i = int(v)
        below, lower = min(i + 1, height - 1), v - i
        for column in range(BLOCK_PX):
            u = min(max(left + column + across, 0.0), width - 1.0)
            j = int(u)
            beside, right = min(j + 1, width - 1), u - j
            upper_edge = laid[i, j, 0] + right * (laid[i, beside, 0] - laid[i, j, 0])
            value = upper_edge + lower * (
                laid[below, j, 0] + right * (laid[below, beside, 0] - laid[below, j, 0]) - upper_edge
            )
            moved[row, column] = value
            total, squares = total + value, squares + value * value
            product += value * (target[top + row, left + column, 0] - mean)
    other_mean = total / area
    other_spread = max(squares / area - other_mean * other_mean, 1e-3)
    gain = product / area / other_spread
    bx = by = 0.0
    for row in range(BLOCK_PX):
        for column in range(BLOCK_PX):
            y, x = top + row, left + column
            rest = target[y, x, 0] - mean - gain * (moved[row, column] - other_mean)
            bx += rest * 0.5 * (target[y, min(x + 1, width - 1), 0] - target[y, max(x - 1, 0), 0])
            by += rest * 0.5 * (target[min(y + 1, height - 1), x, 0] - target[max(y - 1, 0), x, 0])
    return product / area / math.sqrt(max(spread * other_spread, 1.0)), bx, by
