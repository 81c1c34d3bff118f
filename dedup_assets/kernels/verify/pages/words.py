"""Whether two pages, screens or drawings that agree as thumbnails say the same: down to a word, a digit or a check mark.

Here belongs what is found where one record lies exactly upon the other (`registration.py`), and what it decides.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.describe.drawn import MIN_PLAIN_SHARE, is_drawn, plain_share, unpack_fine_gray
from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.verify.evidence import PairEvidence, VerifiableImage
from dedup_assets.kernels.verify.pages.registration import LaidStrokes, Strokes, find_strokes, lay_strokes

WINDOW_PX = 9
"""A letter of a full page."""
BLURS_PX = (0.0, 0.5, 0.8, 1.2, 1.7)
MIN_BETTER = 0.98
"""A stronger blur counts where it leaves less than that share of the difference; where one leaves more, so do all beyond it."""
GAIN_PX, GAINS = 65, (0.6, 1.6)
MIN_DIFFERENCE, DIFFERENCE_BY_NOISE, NOISE_QUANTILE, NOISE_FACTOR = 5.0, 4.0, 0.75, 1.8
"""Of what no shift by a pixel explains, summed over a window, in units of the page's own contrast: beyond four times the noise
of the two. Chosen on 153 copies and 121 others of 16 kinds in DejaVu and Aileron at 96 to 300 dpi (recompressed, halved, cropped,
scanned, photographed): see DECISIONS; checked on 94 and 71 in STIX, Computer Modern and Liberation."""
STROKE_SUM = 8.0
EDGE_PX = 10
BESIDE_PX, REACH_PX, MIN_SHIFTED_CORRELATION = 9, 5, 0.95
"""What correlates with the other picture a few px beside is displaced, not different: a frame at the edge of a warped sheet reached
0.97 to 1, a digit in place of another 0.92 at most."""
MIN_CORRELATION = 0.8
"""Of whole records; below it they do not lie upon each other, and say nothing of words."""
TILE_PX = 32
INK, FLAT, POLARITY_PX = 0.4, 0.05, 33
MIN_FLAT, MIN_POLARITY, MIN_HALVED_POLARITY = 0.4, 0.72, 0.73
"""Writing is of one polarity wherever one looks, on a flat ground: shares of ink of the commoner sign within 33 px. Letters,
tables, receipts, chats, light and dark lists have 0.72 to 1, forms, calendars and slides at half the size 0.73 to 1; of 40
photographs that pass for pages by their thumbnails one reaches it that is no document."""
MIN_DRAWN_DIFFERENCE = 15.0
"""The same of plain drawings without writing: recompressed leaves on a dark ground reached 8, another QR code has 100 and more."""
MIN_BALANCE = 0.25
"""Other strokes are darker here and lighter there, on whichever places; a date or a watermark over a picture is one of both."""


@dataclass(frozen=True, slots=True)
class WordComparison:
    """How two records differ: tiles of 32 px that hold other strokes, and tiles with strokes at all.

    lighter, darker  what the left of the two lacks, and what it has more, as sums of the same unit
    """

    differing: int
    written: int
    lighter: float
    darker: float


def judge_words(left: VerifiableImage, right: VerifiableImage, evidence: PairEvidence) -> PairEvidence:
    """Take an accepted pair back where both have a finer record and these say different things.

    Pages hold what was filled in, so that something which only one has tells them apart; of other drawings it is a mark upon them.
    """
    if not evidence.verdict or evidence.fitted_map is None or left.fine_gray is None or right.fine_gray is None:
        return evidence
    fitted = np.vstack([np.reshape(evidence.fitted_map, (2, 3)), [0.0, 0.0, 1.0]])
    if left.fine_gray == right.fine_gray or abs(np.linalg.det(fitted)) < 1e-4:
        return evidence
    written = is_page(left) or is_page(right)
    if not written and not (is_drawn_on_plain_ground(left) and is_drawn_on_plain_ground(right)):
        return evidence
    records = unpack_fine_gray(left.fine_gray), unpack_fine_gray(right.fine_gray)
    seen = compare_words(lay_strokes(*records, fitted), MIN_DIFFERENCE if written else MIN_DRAWN_DIFFERENCE)
    balance = min(seen.lighter, seen.darker) / max(seen.lighter, seen.darker, 1.0)
    if not seen.differing or (not written and balance < MIN_BALANCE):
        return evidence
    apart = replace(evidence, verdict=False, level=None, relation=None, decided_by="words")
    return replace(apart, differing_tiles=seen.differing, tiles=seen.written)


def is_page(image: VerifiableImage) -> bool:
    """Whether a picture has a finer record, and that is written; found once."""
    record = image.fine_gray
    return record is not None and image.once(is_page, lambda: is_written(unpack_fine_gray(record)))


def is_drawn_on_plain_ground(image: VerifiableImage) -> bool:
    """Whether a picture is no photograph, and much of it is of one gray level; found once."""
    return image.once(is_drawn_on_plain_ground, lambda: _is_drawn_on_plain_ground(to_gray(image.thumbnail)))


def _is_drawn_on_plain_ground(gray: NDArray[np.uint8]) -> bool:
    return plain_share(gray, np.ones(gray.shape, np.bool_)) >= MIN_PLAIN_SHARE and is_drawn(gray)


def compare_words(laid: LaidStrokes, least: float = MIN_DIFFERENCE) -> WordComparison:
    """Find the places where one of two laid records has strokes that the other does not explain, `least` summed over a window."""
    nothing = WordComparison(0, 0, 0.0, 0.0)
    if laid.correlation < MIN_CORRELATION:
        return nothing
    target, moved = _equal_gain(*_equal_blur(laid))
    lighter, darker = (_summed(each) for each in _unexplained(target, moved))
    difference = lighter + darker
    inner = _inner(laid.inside)
    written = (_summed(np.abs(target) + np.abs(moved)) > STROKE_SUM) & inner
    if not written[::2, ::2].any():
        return nothing
    noise = NOISE_FACTOR * float(np.quantile(difference[::2, ::2][written[::2, ::2]], NOISE_QUANTILE))
    strong = (difference > max(least, DIFFERENCE_BY_NOISE * (1 + noise))) & laid.inside
    differing = _without_displaced(target, moved, difference, strong, inner)
    sums = (float(each[differing].sum()) for each in (lighter, darker))
    return WordComparison(_count_tiles(differing), _count_tiles(written), *sums)


def is_written(gray: NDArray[np.uint8]) -> bool:
    """Whether a record, (h, w) uint8, is that of a written page or screen, and no photograph of things on plain ground."""
    strokes = find_strokes(gray)
    if float((np.abs(strokes) < FLAT).mean()) < MIN_FLAT:
        return False
    half = resize_into(gray, (max(1, gray.shape[1] // 2), max(1, gray.shape[0] // 2)))
    return _polarity(strokes) >= MIN_POLARITY or _polarity(find_strokes(half)) >= MIN_HALVED_POLARITY


def _polarity(strokes: Strokes) -> float:
    signs = (strokes < -INK, strokes > INK)
    dark, light = (_counted(each) for each in signs)
    return int(np.maximum(dark, light).sum(dtype=np.int64)) / max(int((dark + light).sum(dtype=np.int64)), 1)


def _counted(marked: NDArray[np.bool_]) -> NDArray[np.uint16]:
    around = POLARITY_PX, POLARITY_PX
    return np.asarray(cv2.boxFilter(marked.view(np.uint8), cv2.CV_16U, around, normalize=False), np.uint16)


def _equal_blur(laid: LaidStrokes) -> tuple[Strokes, Strokes]:
    """Blur the sharper of the two until they differ least, and bring it to the other's contrast."""
    inside = laid.inside.astype(np.float32)
    swapped = _sharpness(laid.target, inside) < _sharpness(laid.moved, inside)
    sharp, dull = (laid.moved, laid.target) if swapped else (laid.target, laid.moved)
    wanted, best, least, before = dull * inside, sharp, np.inf, np.inf
    whole = float(np.vdot(wanted, wanted))
    for sigma in BLURS_PX:
        blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), sigma), np.float32) if sigma else sharp
        own, both = float(np.vdot(blurred, blurred * inside)), float(np.vdot(blurred, wanted))
        gain = both / max(own, 1e-6)
        left = whole - 2 * gain * both + gain * gain * own
        if left > before:
            break
        if left < least * MIN_BETTER:
            best, least = blurred * np.float32(gain), left
        before = left
    return (dull, best) if swapped else (best, dull)


def _sharpness(strokes: Strokes, inside: Strokes) -> float:
    bends = cv2.Laplacian(strokes, cv2.CV_32F)
    return float(np.vdot(bends, bends * inside)) / max(float(np.vdot(strokes, strokes * inside)), 1e-6)


def _equal_gain(target: Strokes, moved: Strokes) -> tuple[Strokes, Strokes]:
    """Give the moved strokes the contrast of the target's about each place: shadows and faded print are no words.

    That is smooth, and found on every second row and column.
    """
    one, other = (np.clip(each[::2, ::2], -1, 1) for each in (target, moved))
    around = GAIN_PX // 2 + 1, GAIN_PX // 2 + 1
    both, own = (cv2.boxFilter(each, cv2.CV_32F, around) for each in (one * other, other * other))
    gain = cv2.resize(np.clip((both + 0.01) / (own + 0.01), *GAINS), moved.shape[::-1])
    return target, np.asarray(np.multiply(moved, gain, out=gain), np.float32)


def _unexplained(target: Strokes, moved: Strokes) -> tuple[Strokes, Strokes]:
    """By how much the target is lighter, and darker, than all that the moved strokes show within a pixel, and vice versa."""
    kernel = np.ones((3, 3), np.uint8)
    low, least = (np.asarray(cv2.erode(each, kernel), np.float32) for each in (target, moved))
    high, most = (np.asarray(cv2.dilate(each, kernel), np.float32) for each in (target, moved))
    return _beyond(target, moved, low, high, least, most)


@compiled
def _beyond(
    target: Strokes, moved: Strokes, low: Strokes, high: Strokes, least: Strokes, most: Strokes
) -> tuple[Strokes, Strokes]:
    """How far either lies above, and below, the range of the other, from low to high or from least to most; all (h, w)."""
    lighter, darker, nothing = np.empty_like(target), np.empty_like(target), np.float32(0)
    for y in range(target.shape[0]):
        for x in range(target.shape[1]):
            p, q = target[y, x], moved[y, x]
            lighter[y, x] = max(p - most[y, x], nothing) + max(low[y, x] - q, nothing)
            darker[y, x] = max(least[y, x] - p, nothing) + max(q - high[y, x], nothing)
    return lighter, darker


def _summed(values: Strokes) -> Strokes:
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, (WINDOW_PX, WINDOW_PX), normalize=False), np.float32)


def _inner(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What both show, away from every edge: beside one, paper ends, or a desk begins."""
    bordered = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    side = 2 * EDGE_PX + 1
    return np.asarray(cv2.erode(bordered, np.ones((side, side), np.uint8))[1:-1, 1:-1] > 0)


def _without_displaced(
    target: Strokes, moved: Strokes, difference: Strokes, strong: NDArray[np.bool_], inner: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """The strong differences, (h, w) bool, without those that reach an edge or are found again a few px beside."""
    if not strong.any():
        return strong
    count, labels, parts, _ = cv2.connectedComponentsWithStats(strong.astype(np.uint8), connectivity=8)
    kept = np.ones(count, np.bool_)
    kept[labels[~inner]] = False
    for part in np.flatnonzero(kept).tolist():
        left, top, width, height, _ = parts[part]
        box = np.s_[top : top + height, left : left + width]
        y, x = np.unravel_index(np.argmax(np.where(labels[box] == part, difference[box], 0)), (height, width))
        kept[part] = not _is_displaced(target, moved, top + int(y), left + int(x))
    return np.asarray(kept[labels] & strong)


def _is_displaced(target: Strokes, moved: Strokes, y: int, x: int) -> bool:
    height, width = target.shape
    top, bottom = max(REACH_PX, y - BESIDE_PX), min(height - REACH_PX, y + BESIDE_PX + 1)
    left, right = max(REACH_PX, x - BESIDE_PX), min(width - REACH_PX, x + BESIDE_PX + 1)
    around = moved[top - REACH_PX : bottom + REACH_PX, left - REACH_PX : right + REACH_PX]
    scores = cv2.matchTemplate(around, target[top:bottom, left:right], cv2.TM_CCOEFF_NORMED)
    return float(scores.max()) >= MIN_SHIFTED_CORRELATION


def _count_tiles(marked: NDArray[np.bool_]) -> int:
    height, width = (-(-length // TILE_PX) for length in marked.shape)
    padded = np.zeros((height * TILE_PX, width * TILE_PX), np.bool_)
    padded[: marked.shape[0], : marked.shape[1]] = marked
    return int(padded.reshape(height, TILE_PX, width, TILE_PX).any(axis=(1, 3)).sum())
