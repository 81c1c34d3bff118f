"""Finding the picture inside a uniform border: frames, letterbox bars, caption bars, screenshot furniture.

Here belongs the box; hashing or comparing what is inside it stands elsewhere.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled
from dedup_assets.kernels.describe.shrinking import to_gray

Gray = NDArray[np.uint8]

LEVELS = 256

# JPEG rings by about 20 gray levels beside a picture at quality 30, less at any better one.
MAX_LINE_NOISE = 20
# But its outermost line is not beside the picture, so three quarters of it are flat; a sky is not.
MAX_FLAT_NOISE = 3
MAX_UNEVEN = 0.25
# A bar keeps its colour from line to line.
MAX_DRIFT = 8
RINGING_LINES = 3
FIRST_LINES = 16
# Of a line of border so many pixels may be something else: ringing, dust, the corner of a sticker.
MAX_CLEAN_BUSY = 0.03
# A bar with writing ends in clean lines and then, at once, in a picture that differs along much of the edge.
MIN_EDGE_BUSY = 0.2
MAX_WRITING_EDGES = 0.5
MAX_BAR = 0.45
MAX_COLOURS = 3
MIN_INNER_SIDE = 0.2
MIN_BORDER = 0.008


def find_inner_box(picture: NDArray[np.uint8]) -> tuple[float, float, float, float] | None:
    """Return left, top, width and height of the picture inside its uniform borders, as shares 0..1 of the whole.

    picture: (h, w) uint8 luma or (h, w, 3) RGB. Borders may be of any colour, of several (a title bar above a margin),
    and hold writing. None where there is no border of at least 0.8 % of a side, where less than a fifth of a side would
    be left, and for pictures that are nearly flat.
    """
    gray = to_gray(picture)
    height, width = gray.shape
    if all(_line_colour(edge, 0) is None for edge in (gray[:1], gray[-1:], gray[:, :1].T, gray[:, -1:].T)):
        return None
    top, bottom, left, right = 0, height, 0, width
    for _ in range(3):
        before = (top, bottom, left, right)
        top, bottom = _trim(gray[:, left:right])
        left, right = _trim(gray[top:bottom].T)
        if top == bottom or left == right:
            return None
        if before == (top, bottom, left, right):
            break
    return _as_shares(left, top, right - left, bottom - top, width, height)


def _as_shares(
    left: int, top: int, inner_width: int, inner_height: int, width: int, height: int
) -> tuple[float, float, float, float] | None:
    if inner_width < MIN_INNER_SIDE * width or inner_height < MIN_INNER_SIDE * height:
        return None
    if width - inner_width < MIN_BORDER * width and height - inner_height < MIN_BORDER * height:
        return None
    return left / width, top / height, inner_width / width, inner_height / height


def _trim(lines: Gray) -> tuple[int, int]:
    """Return first and last+1 of the lines (rows) that are left when both ends are freed of border."""
    if lines.size == 0:
        return 0, 0
    if _line_colour(lines, 0) is None and _line_colour(lines, len(lines) - 1) is None:
        return 0, len(lines)
    lines = np.asarray(cv2.transpose(lines.T), np.uint8) if lines.strides[0] == 1 else np.ascontiguousarray(lines)
    start = _count_border_lines(lines)
    return start, len(lines) - _count_border_lines(lines[start:][::-1])


def _count_border_lines(lines: Gray) -> int:
    """Return how many lines from the first on are border: clean lines of up to 3 colours, then bars with writing."""
    count = 0
    for _ in range(MAX_COLOURS):
        colour = _line_colour(lines, count)
        if colour is None:
            return count
        run = _count_clean(lines[count:], colour)
        if run == 0 or _drifts(lines, count + run):
            return count
        count = _skip_writing(lines, _is_clean(lines, colour), count + run)
    return count


def _drifts(lines: Gray, at: int) -> bool:
    """Tell whether flat lines go on where the one before ends, as in a gradient: there is no border then."""
    before, colour, further = (_line_colour(lines, line) for line in (at - 1, at, at + RINGING_LINES))
    return None not in (before, colour, further) and abs((colour or 0) - (before or 0)) <= MAX_DRIFT


def _line_colour(lines: Gray, at: int) -> int | None:
    """Return the gray level of one line if nearly all of it has that level."""
    level = _find_level(np.ascontiguousarray(lines[at])) if at < len(lines) else -1
    return level if level >= 0 else None


@compiled
def _find_level(line: Gray) -> int:
    """Return the gray level that nearly all of (n,) has, -1 if there is none."""
    counts = np.zeros(LEVELS, dtype=np.int64)
    for value in line:
        counts[value] += 1
    quarter, middle = len(line) // 4, len(line) // 2
    if _level_at(counts, len(line) - 1 - quarter) - _level_at(counts, quarter) > 2 * MAX_FLAT_NOISE:
        return -1
    colour = (_level_at(counts, len(line) - 1 - middle) + _level_at(counts, middle)) // 2
    flat = counts[max(0, colour - MAX_FLAT_NOISE) : colour + MAX_FLAT_NOISE + 1].sum()
    calm = counts[max(0, colour - MAX_LINE_NOISE) : colour + MAX_LINE_NOISE + 1].sum()
    even = len(line) - flat <= MAX_UNEVEN * len(line) and len(line) - calm <= MAX_CLEAN_BUSY * len(line)
    return colour if even else -1


@compiled
def _level_at(counts: NDArray[np.int64], rank: int) -> int:
    """Return the level of the pixel that has so many before it when all are sorted."""
    level, reached = 0, counts[0]
    while reached <= rank:
        level += 1
        reached += counts[level]
    return level


def _count_clean(lines: Gray, colour: int) -> int:
    """Return how many lines from the first on are clean; few are in a sky, so the first are looked at before all."""
    run = _leading_run(_is_clean(lines[:FIRST_LINES], colour))
    return run if run < FIRST_LINES else _leading_run(_is_clean(lines, colour))


def _is_clean(lines: Gray, colour: int) -> NDArray[np.bool_]:
    drift, busy = _compare_lines(np.ascontiguousarray(lines), colour)
    return np.asarray((np.abs(drift) <= MAX_DRIFT) & (busy <= MAX_CLEAN_BUSY))


@compiled
def _compare_lines(lines: Gray, colour: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each line by how much its mean exceeds the colour, gray levels, and which share of it, 0..1, differs."""
    drift, busy = np.empty(len(lines)), np.empty(len(lines))
    for row in range(len(lines)):
        line, above, differing = lines[row], np.int32(0), np.int32(0)
        for at in range(len(line)):
            away = np.int16(np.int16(line[at]) - np.int16(colour))
            above += np.int32(away)
            differing += np.int32(abs(away) > MAX_LINE_NOISE)
        drift[row], busy[row] = above / len(line), differing / len(line)
    return drift, busy


def _leading_run(flags: NDArray[np.bool_]) -> int:
    return len(flags) if flags.all() else int(np.argmin(flags))


def _skip_writing(lines: Gray, clean: NDArray[np.bool_], count: int) -> int:
    """Return where a bar ends whose writing begins at `count`; `count` itself if it cannot be told from a picture."""
    reach = int(MAX_BAR * len(lines))
    ends = np.flatnonzero(clean[count:reach] & ~clean[count + 1 : reach + 1])
    if len(ends) == 0 or lines.shape[1] < 2:
        return count
    end = count + int(ends[-1]) + 1
    edges = cv2.absdiff(lines[count:end, 1:], lines[count:end, :-1]) > MAX_LINE_NOISE
    _, filled = _compare_lines(np.ascontiguousarray(lines[end : end + 4]), int(np.median(lines[end - 1])))
    return end if edges.mean(axis=1).max() <= MAX_WRITING_EDGES and filled.max() >= MIN_EDGE_BUSY else count
