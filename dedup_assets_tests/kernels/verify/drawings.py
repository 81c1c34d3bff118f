"""Pictures that carry little signal or share much of it: pages, screens, icons, products; and what verification sees of one."""

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.quality import measure_detail
from dedup_assets.kernels.verify.evidence import VerifiableImage

Picture = NDArray[np.uint8]
WORDS = ("lorem", "image", "the", "duplicate", "of", "report", "annual", "income", "table", "figure", "value", "method")


def seen(picture: Picture, inner_box: tuple[float, ...] | None = None) -> VerifiableImage:
    """What verification sees of an RGB picture."""
    height, width = picture.shape[:2]
    factor = min(1.0, 256 / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    gray_64 = np.asarray(cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA), np.uint8)
    thumbnail = recompressed(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), 90)
    return VerifiableImage(gray_64, thumbnail, inner_box, width, height, float(gray_64.std()), measure_detail(gray_64))


def recompressed(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def flat(level: int) -> Picture:
    return np.full((300, 400, 3), level, np.uint8)


def gradient(start: int, end: int) -> Picture:
    ramp = np.linspace(start, end, 300)[:, None, None] * np.ones((1, 400, 3))
    return ramp.round().astype(np.uint8)


def near_black(seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 9, (300, 400, 3)).astype(np.uint8)


def blank_scan(seed: int) -> Picture:
    random = np.random.default_rng(seed)
    paper = np.clip(random.normal(250, 2, (700, 500, 3)), 0, 255).astype(np.uint8)
    for x, y in random.integers(20, 480, (4, 2)):
        cv2.circle(paper, (int(x), int(y)), 3, (120, 120, 120), -1)
    return paper


def page(seed: int) -> Picture:
    paper = np.full((1100, 850, 3), 255, np.uint8)
    _write_lines(paper, np.random.default_rng(seed), range(80, 1040, 28), 70, 700)
    return paper


def screen(seed: int) -> Picture:
    """A window of one program: the same menu, tree and tool bar around other text."""
    window = np.full((800, 1200, 3), 245, np.uint8)
    cv2.rectangle(window, (0, 0), (1200, 40), (60, 60, 70), -1)
    cv2.rectangle(window, (0, 40), (220, 800), (225, 228, 235), -1)
    for row in range(14):
        _write(window, f"Folder item {row}", 20, 80 + 45 * row)
        cv2.circle(window, (190, 75 + 45 * row), 8, (80, 120, 200), -1)
    _write_lines(window, np.random.default_rng(seed), range(90, 400, 34), 250, 1000)
    return window


def spreadsheet(seed: int) -> Picture:
    """The same program with other digits in the same cells."""
    window = screen(0)
    window[60:, 230:] = 245
    random = np.random.default_rng(seed)
    for y in range(90, 770, 34):
        for x in range(250, 1100, 140):
            _write(window, str(random.integers(100, 99999)), x, y)
    return window


def certificate(seed: int) -> Picture:
    """One form with another name, course and date."""
    paper = np.full((850, 1100, 3), 255, np.uint8)
    cv2.rectangle(paper, (30, 30), (1070, 820), (40, 80, 150), 6)
    _write(paper, "Certificate of Attendance", 230, 180, 1.6)
    _write(paper, "This is to certify that", 390, 280, 0.8)
    names = ("Anna Miller", "Boris Sokolov", "Carla Garcia", "Dai Tanaka")
    _write(paper, names[seed % 4], 380, 400, 1.5, (0, 0, 0))
    _write(paper, "has taken part in the course held in the town hall", 260, 500, 0.8)
    _write(paper, f"{11 + 7 * (seed % 3)} May 20{12 + 5 * (seed % 4)}", 150, 700, 0.9)
    cv2.circle(paper, (850, 680), 70, (180, 40, 40), -1)
    return paper


def bar_chart(seed: int) -> Picture:
    """One template with other figures."""
    paper = np.full((600, 800, 3), 255, np.uint8)
    for y in range(80, 540, 60):
        cv2.line(paper, (80, y), (760, y), (200, 200, 200), 1)
    for bar, height in enumerate(np.random.default_rng(seed).integers(40, 420, 8).tolist()):
        cv2.rectangle(paper, (110 + 80 * bar, 520 - height), (160 + 80 * bar, 520), (60, 110, 190), -1)
        _write(paper, str(2010 + bar), 105 + 80 * bar, 550)
    _write(paper, "Revenue by year", 260, 50, 1)
    return paper


def clear_sky(figure: Picture) -> Picture:
    """A small figure, (h, w, 3), before next to nothing."""
    sky = gradient(90, 140)
    height, width = figure.shape[:2]
    sky[190 : 190 + height, 150 : 150 + width] = figure // 4 + 90
    return sky


def icon(seed: int) -> Picture:
    random = np.random.default_rng(seed)
    picture = np.full((64, 64, 3), 255, np.uint8)
    for x, y in random.integers(12, 52, (3, 2)):
        cv2.circle(picture, (int(x), int(y)), int(random.integers(5, 14)), random.integers(0, 160, 3).tolist(), -1)
    return picture


def shoe(colour: tuple[int, int, int]) -> Picture:
    picture = np.full((600, 600, 3), 255, np.uint8)
    outline = np.array([[150, 400], [200, 250], [280, 230], [330, 330], [470, 370], [480, 420], [150, 430]], np.int32)
    cv2.fillPoly(picture, [outline], colour, cv2.LINE_AA)
    cv2.line(picture, (200, 300), (320, 340), (250, 250, 250), 6, cv2.LINE_AA)
    cv2.ellipse(picture, (300, 430), (170, 15), 0, 0, 360, (60, 60, 60), -1)
    _write(picture, "AX", 220, 380, 1.2, (255, 255, 255))
    return picture


def with_logo(picture: Picture) -> Picture:
    marked = picture.copy()
    cv2.circle(marked, (70, 70), 48, (220, 30, 40), -1, cv2.LINE_AA)
    _write(marked, "ACME", 30, 80, 0.9, (255, 255, 255))
    _write(marked, "quality goods", 125, 80, 0.9, (255, 255, 255))
    return marked


def with_watermark(picture: Picture) -> Picture:
    marked = picture.copy()
    for y in range(60, picture.shape[0], 110):
        for x in range(-40, picture.shape[1], 260):
            _write(marked, "STOCKPHOTO", x + y % 90, y, 1.1, (255, 255, 255))
    return np.asarray(cv2.addWeighted(picture, 0.5, marked, 0.5, 0), np.uint8)


def captioned(picture: Picture) -> Picture:
    bar = picture.shape[0] // 4
    out = np.asarray(cv2.copyMakeBorder(picture, bar, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)
    _write(out, "WHEN YOU SEE IT", 10, bar * 2 // 3, picture.shape[1] / 420, (0, 0, 0))
    return out


def in_browser(picture: Picture) -> Picture:
    window = screen(0)
    window[120:720, 300:1100] = cv2.resize(picture, (800, 600), interpolation=cv2.INTER_AREA)
    return window


def _write_lines(picture: Picture, random: np.random.Generator, rows: range, left: int, right: int) -> None:
    for y in rows:
        x = left
        while x < right:
            word = str(random.choice(WORDS))
            _write(picture, word, x, y)
            x += int(len(word) * 11.4) + 12


def _write(
    picture: Picture, words: str, x: int, y: int, size: float = 0.6, colour: tuple[int, int, int] = (20, 20, 20)
) -> None:
    cv2.putText(picture, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1 if size < 1 else 2, cv2.LINE_AA)
