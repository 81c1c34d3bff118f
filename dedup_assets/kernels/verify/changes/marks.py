"""Whether what one picture shows and the other does not is a mark laid upon it, or a thing of the scene.

Here belongs what is read from thumbnails around one difference: whose edges it is made of, how thin it is, and of which colours.
Where pictures differ is found in `comparing.py`.

A mark is one-sided: one picture shows it, the other the scene. It is thin (words, lines) and of one tone, or of pure colours
within hard edges (stickers, logos). Two marks at one place are two-sided, as are two codes; a thing of the scene has colours,
grain and edges as the scene has them.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.describe.drawn import is_drawn
from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.changes.comparing import Comparison
from dedup_assets.kernels.verify.changes.laying import place_in_moving
from dedup_assets.kernels.verify.exact.alignment import invert_map

Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]

MIN_AREA_PX = 20
"""Of a difference, in px of a frame of 128: 0.2 % of a picture at 3:2; what is smaller is left to noise."""
AROUND_PX = 6
SMOOTHING_PX = 0.7
SHIFT_PX = 2
"""By which a part may lie beside its place: under a map of a strong perspective."""
MAX_LIKENESS = 0.68
"""Correlation of the gradients of both over a difference, from which the two show one thing at two tones: clipping, local contrast
and vignettes left 0.9 and more, things that are there and not there -0.1 to 0.66."""
MIN_EDGE = 9.0
"""Gray levels a px, which a tenth of the difference's edges reach: uneven light left 1 to 6, things pasted and removed 9 to 47,
words and stickers 40 to 70."""

MAX_STROKE_PX, MAX_LINE_PX, MAX_FAINT_PX, MAX_DRAWN_LINE_PX = 4.0, 4.0, 3.0, 2.0
"""Half of the breadth of words: outlined ones, those of one tone, half-transparent ones, and any upon drawings."""
MIN_LINE_LENGTH = 2.5
"""Times their height: what is as thin as MAX_DRAWN_LINE_PX in drawings is words, and a line of words where it is so long."""
ONE_TONE = 0.97
MIN_HARD_EDGE, MIN_STICKER_EDGE, MAX_FAINT_EDGE, WHOLLY_OWNED = 28.0, 23.0, 25.0, 0.97
MIN_OWNED = 0.7
"""Of 40 marks on 24 photographs the bare picture had 0.02 to 0.3 of the edges, of two codes or captions either had 0.38 to 0.66."""
MIN_PURE, MIN_PURER, MIN_HALF_OWNED, MIN_SOLID_OWNED = 0.6, 0.4, 0.45, 0.65
"""A sticker upon leaves hides edges: it had 0.47 of them, and was pure to 0.85."""
MAX_MOVED_GROWTH = 2
MIN_OUTLINED_PURE = 0.12
"""Outlined words were black and white to 0.15 and more, leaves that were painted over to 0.1."""
FAINT_PX, MIN_FINE_EDGE, MIN_CLIPPED, MIN_CLIPPED_LIKENESS = 1.5, 40.0, 0.9, 0.5
MIN_CHANGED_BY_MARKS = 0.2
"""Of the area of marks: less is where a mark and what it covers cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between a target picture and one laid upon it.

    area      px of the frame
    length    its longer side by its shorter one
    likeness  correlation of the gradients of both, at the best shift by SHIFT_PX, -1..1
    edge      gray levels a px of its sharpest tenth
    width     px of the thumbnail, half of the breadth of its broadest parts
    owned     share of its edges that the target picture has, 0..1
    lighter   share of it that is lighter in the target, 0..1
    pure      share of it, in target and laid picture, of few pure colours, 0..1
    """

    area: int
    length: float
    likeness: float
    edge: float
    width: float
    owned: float
    lighter: float
    pure: tuple[float, float]


def changed_share(comparison: Comparison, target: Picture, moving: Picture) -> float:
    """Share, 0..1, of what two pictures show that is a thing in one and not in the other; marks upon one of them are none.

    target, moving: the thumbnails (h, w, 3) uint8 RGB, in the order of the comparison.
    """
    found = [each for each in describe_differences(comparison, target, moving) if _is_there(each)]
    is_drawing = is_drawn(to_gray(target)) and is_drawn(to_gray(moving))
    is_mark = _is_mark_on_drawing if is_drawing else _is_mark
    solid = [each for each in found if is_drawing or not _is_line(each)]
    moved = solid if _is_two_sided(solid) else []
    marks = [each for each in found if is_mark(each) and each not in moved]
    changed = sum(each.area for each in found) - sum(each.area for each in marks)
    if changed < MIN_CHANGED_BY_MARKS * sum(each.area for each in found):
        return 0.0
    return changed / int(comparison.compared.sum())


def _is_there(each: Difference) -> bool:
    """Whether a difference is a thing at all, no tone and no detail that one of the two has lost."""
    sharp = each.edge >= MIN_FINE_EDGE or each.width > FAINT_PX
    clipped = each.edge < MAX_FAINT_EDGE and min(each.pure) >= MIN_CLIPPED and each.likeness >= MIN_CLIPPED_LIKENESS
    return each.likeness <= MAX_LIKENESS and each.edge >= MIN_EDGE and sharp and not clipped


def _is_two_sided(found: list[Difference]) -> bool:
    """Whether each of the two shows something about as large where the other shows none: what moved."""
    mine = max((each.area for each in found if each.owned >= MIN_OWNED), default=0)
    others = max((each.area for each in found if each.owned <= 1 - MIN_OWNED), default=0)
    return min(mine, others) * MAX_MOVED_GROWTH >= max(mine, others) > 0


def _is_line(each: Difference) -> bool:
    """Whether it is words or lines of one tone, or half-transparent."""
    one_tone = max(each.lighter, 1 - each.lighter) >= ONE_TONE
    return (one_tone and each.width <= MAX_LINE_PX) or _is_faint(each)


def _is_mark(each: Difference) -> bool:
    """Whether one picture shows a mark there and the other the scene."""
    if _is_line(each):
        return True
    owner = 0 if each.owned >= 1 - each.owned else 1
    is_outlined = each.edge >= MIN_HARD_EDGE and each.width <= MAX_STROKE_PX and each.pure[owner] >= MIN_OUTLINED_PURE
    if is_outlined and max(each.owned, 1 - each.owned) >= MIN_OWNED:
        return True
    return each.edge >= MIN_STICKER_EDGE and any(_is_sticker(each, side) for side in (0, 1))


def _is_mark_on_drawing(each: Difference) -> bool:
    """The same where all has hard edges and pure colours: words alone are marks, what is solid is what a drawing shows."""
    one_tone = max(each.lighter, 1 - each.lighter) >= ONE_TONE
    breadth = MAX_FAINT_PX if each.edge < MAX_FAINT_EDGE else MAX_DRAWN_LINE_PX
    limit = MAX_LINE_PX if each.length >= MIN_LINE_LENGTH else breadth
    return _is_faint(each) or (one_tone and each.width <= limit)


def _is_faint(each: Difference) -> bool:
    """Whether it is half-transparent words: all edges are theirs, and soft."""
    owned = max(each.owned, 1 - each.owned)
    return each.width <= MAX_FAINT_PX and owned >= WHOLLY_OWNED and each.edge < MAX_FAINT_EDGE


def _is_sticker(each: Difference, side: int) -> bool:
    owned = each.owned if side == 0 else 1 - each.owned
    plainly = owned >= MIN_SOLID_OWNED or (
        owned >= MIN_HALF_OWNED and each.pure[side] - each.pure[1 - side] >= MIN_PURER
    )
    return each.pure[side] >= MIN_PURE and plainly


def describe_differences(comparison: Comparison, target: Picture, moving: Picture) -> list[Difference]:
    """Every difference of some size, from the thumbnails (h, w, 3) uint8 RGB of the two."""
    joined = cv2.dilate(comparison.differs.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    areas = np.bincount(labels[comparison.differs], minlength=count)
    return [
        _describe(comparison, target, moving, labels == number, boxes[number], int(areas[number]))
        for number in range(1, count)
        if areas[number] >= MIN_AREA_PX
    ]


def _describe(
    comparison: Comparison, target: Picture, moving: Picture, area: NDArray[np.bool_], box: NDArray[np.int32], size: int
) -> Difference:
    to_frame, from_frame = comparison.target.to_frame, invert_map(comparison.target.to_frame)
    left, top = (int(from_frame[axis, axis] * box[axis] + from_frame[axis, 2]) - AROUND_PX for axis in (0, 1))
    right, bottom = (
        int(from_frame[axis, axis] * (box[axis] + box[axis + 2]) + from_frame[axis, 2]) + AROUND_PX for axis in (0, 1)
    )
    rows, columns = slice(max(0, top), min(bottom, target.shape[0])), slice(max(0, left), min(right, target.shape[1]))
    y, x = (each.astype(np.float64) for each in np.mgrid[rows, columns])
    frame_x, frame_y = to_frame[0, 0] * x + to_frame[0, 2], to_frame[1, 1] * y + to_frame[1, 2]
    to_moving = invert_map(comparison.moving.to_frame) @ comparison.matrix
    places = place_in_moving(frame_x, frame_y, to_moving, comparison.laid.field, area.shape)
    laid = cv2.remap(moving, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    within = cv2.remap(area.astype(np.uint8), frame_x.astype(np.float32), frame_y.astype(np.float32), cv2.INTER_NEAREST)
    length = max(box[2:4]) / min(box[2:4])
    return _measure(target[rows, columns], np.asarray(laid, np.uint8), within > 0, comparison.gain, (size, length))


def _measure(
    target: Picture, laid: Picture, within: NDArray[np.bool_], gain: float, extent: tuple[int, float]
) -> Difference:
    one, other = _smooth(target), _smooth(laid)
    offset = 0.0
    outside = ~within
    if outside.any():
        offset = float(np.median(one[outside]) - gain * np.median(other[outside]))
    other = gain * other + offset
    rest = one - other
    strong = (
        within & (np.abs(rest) > max(8.0, 0.4 * float(np.percentile(np.abs(rest[within]), 90))))
        if within.any()
        else within
    )
    if not strong.any():
        return Difference(*extent, 1.0, 0.0, 0.0, 0.5, 0.5, (0.0, 0.0))
    rim = cv2.morphologyEx(strong.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[within] > 0
    distances = cv2.distanceTransform(strong.astype(np.uint8), cv2.DIST_L2, 3)[strong]
    whole = [np.stack(_gradient(plane)) for plane in (one, other)]
    gradients = [each[:, within] for each in whole]
    between = gradients[0] - gradients[1]
    mine, others = (
        float(np.maximum(sign * (each * between).sum(axis=0), 0).sum())
        for sign, each in zip((1, -1), gradients, strict=True)
    )
    return Difference(
        area=extent[0],
        length=extent[1],
        likeness=_likeness(whole[0], whole[1], within),
        edge=float(np.percentile(np.hypot(*between)[rim], 90)),
        width=float(np.percentile(distances, 90)),
        owned=mine / (mine + others + 1e-6),
        lighter=float((rest[strong] > 0).mean()),
        pure=(_pure_share(target[strong]), _pure_share(laid[strong])),
    )


@compiled
def _likeness(one: Plane, other: Plane, within: NDArray[np.bool_]) -> float:
    """The correlation of two gradients (2, h, w) within an area, (h, w), at the best shift of the other by some px."""
    height, width = within.shape
    best = -1.0
    for down in range(-SHIFT_PX, SHIFT_PX + 1):
        for right in range(-SHIFT_PX, SHIFT_PX + 1):
            own = its = both = 0.0
            for y in range(height):
                for x in range(width):
                    if within[y, x]:
                        v, u = min(max(y + down, 0), height - 1), min(max(x + right, 0), width - 1)
                        for axis in range(2):
                            p, q = np.float64(one[axis, y, x]), np.float64(other[axis, v, u])
                            own, its, both = own + p * p, its + q * q, both + p * q
            best = max(best, both / math.sqrt((own + 1) * (its + 1)))
    return best


def _smooth(picture: Picture) -> Plane:
    gray = to_gray(picture).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), SMOOTHING_PX, borderType=cv2.BORDER_REFLECT), np.float32)


def _gradient(plane: Plane) -> tuple[Plane, Plane]:
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=1 / 8)
    return np.asarray(across, np.float32), np.asarray(cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)


def _pure_share(pixels: Picture) -> float:
    """Share of (n, 3) RGB pixels near the three commonest colours, of those of them that are black, white or saturated."""
    left, found = pixels.astype(np.int32), 0
    for _ in range(3):
        if not len(left):
            break
        keys = (left[:, 0] >> 3) * 1024 + (left[:, 1] >> 3) * 32 + (left[:, 2] >> 3)
        colour = left[keys == np.bincount(keys).argmax()].mean(axis=0)
        near = np.abs(left - colour).max(axis=1) <= 12
        if colour.max() < 50 or colour.min() > 215 or np.ptp(colour) > 110:
            found += int(near.sum())
        left = left[~near]
    return found / max(1, len(pixels))
