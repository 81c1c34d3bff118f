"""Pages, forms, screens and signs in several typefaces, and what scanners, cameras and programs do to them.

Numbers of `kernels/verify/pages/` were chosen on sheets in the typefaces of CHOSEN; those of CHECKED were kept back.
"""

from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dedup_assets.kernels.decode.limits import DecodeLimits
from dedup_assets.kernels.describe.description import describe_image
from dedup_assets.kernels.verify.evidence import VerifiableImage
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail

Picture = NDArray[np.uint8]

CHOSEN = ("DejaVuSans.ttf", "DejaVuSerif.ttf")
CHECKED = ("STIXGeneral.ttf", "cmss10.ttf", "DejaVuSansMono.ttf")
WORDS = (
    *("council", "payment", "address", "contract", "delivery", "account", "customer", "balance", "reference"),
    *("quantity", "amount", "station", "insurance"),
)
PAPER = (840, 1188)


class Sheet:
    """Something to write on, in one typeface."""

    def __init__(self, size: tuple[int, int], typeface: str, ground: str | tuple[int, int, int] = "white") -> None:
        self.image = Image.new("RGB", size, ground)
        self.draw = ImageDraw.Draw(self.image)
        self._file = str(Path(mpl.get_data_path()) / "fonts" / "ttf" / typeface)

    def write(self, at: tuple[float, float], text: str, px: int, ink: str = "black") -> None:
        """Write a line, its upper left corner at a place."""
        self.draw.text(at, text, font=ImageFont.truetype(self._file, px), fill=ink)

    def picture(self) -> Picture:
        """What is on it, (h, w, 3) RGB."""
        return np.array(self.image)


def letter(typeface: str, changed: dict[int, str] | None = None, seed: int = 0) -> Picture:
    """A full page of some 200 words, of which some are changed."""
    sheet, random = Sheet(PAPER, typeface), np.random.default_rng(seed)
    words = [str(random.choice(WORDS)) if n % 9 else str(random.integers(1000, 9999)) for n in range(220)]
    for place, word in (changed or {}).items():
        words[place] = word
    for number, word in enumerate(words):
        sheet.write((70 + number % 6 * 120, 90 + number // 6 * 28), word, 15)
    return sheet.picture()


def form(typeface: str, entries: dict[int, str], ticked: tuple[int, ...] = ()) -> Picture:
    """A printed form of eight fields and eight boxes, filled in."""
    sheet = Sheet(PAPER, typeface)
    sheet.write((80, 60), "APPLICATION FORM 17-B", 28)
    for row in range(8):
        top = 150 + 60 * row
        sheet.write((80, top), WORDS[row].capitalize(), 18)
        sheet.draw.rectangle((290, top - 8, 760, top + 30), outline=(80, 80, 80), width=2)
        sheet.write((305, top), entries.get(row, ""), 20, "#1c2878")
        box = (80 + row % 2 * 340, 700 + row // 2 * 60)
        sheet.draw.rectangle((*box, box[0] + 20, box[1] + 20), outline="black", width=2)
        sheet.write((box[0] + 34, box[1]), WORDS[row + 4], 18)
        if row in ticked:
            sheet.draw.line(
                (box[0] + 3, box[1] + 10, box[0] + 9, box[1] + 17, box[0] + 19, box[1] + 2), fill="#1c2878", width=3
            )
    return sheet.picture()


def chat(typeface: str, last: str, dark: bool = False) -> Picture:
    """A screen of a messenger, of which the last message may differ."""
    ground, theirs, mine, ink = (
        ((11, 20, 26), (32, 44, 51), (0, 92, 75), "white")
        if dark
        else ((236, 229, 221), (255, 255, 255), (220, 248, 198), "black")
    )
    sheet = Sheet((1080, 2000), typeface, ground)
    sheet.draw.rectangle((0, 0, 1080, 190), fill=(7, 94, 84))
    for row, text in enumerate((*(f"{WORDS[n]} {WORDS[n + 3]}" for n in range(8)), last)):
        left, top = (60, 400)[row % 2], 240 + 170 * row
        sheet.draw.rounded_rectangle((left, top, left + 600, top + 120), 24, fill=(theirs, mine)[row % 2])
        sheet.write((left + 30, top + 34), text, 44, ink)
    return sheet.picture()


def sign(symbol: str, turned: int = 0) -> Picture:
    """An arrow, a letter or a button, turned by quarters."""
    sheet = Sheet((400, 400), CHOSEN[0], (0, 90, 200))
    if symbol == "arrow":
        outline = [(60, 170), (230, 170), (230, 95), (350, 200), (230, 305), (230, 230), (60, 230)]
        sheet.draw.polygon(outline, fill="white")
    else:
        sheet.write((200 - 80 * len(symbol), 60), symbol, 240, "white")
    return np.ascontiguousarray(np.rot90(sheet.picture(), turned))


def scanned(picture: Picture, seed: int = 0, degrees: float = 0.5) -> Picture:
    """On yellowish paper, turned a little, soft, in shadow and with noise."""
    height, width = picture.shape[:2]
    random = np.random.default_rng(seed)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.005)
    sheet = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))
    soft = cv2.GaussianBlur(sheet, (0, 0), 0.6).astype(np.float32) * 0.9 + 18
    paper = soft * np.array([0.96, 0.95, 0.9]) * np.linspace(1, 0.9, width)[None, :, None]
    noisy = np.clip(paper + random.normal(0, 5, (height, width, 1)), 0, 255)
    return np.asarray(noisy, np.uint8)


def photographed(picture: Picture) -> Picture:
    """From a slant, on a desk, darker to one side."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[14, 10], [-9, 16], [-16, -12], [10, -7]], np.float32)
    slant = cv2.getPerspectiveTransform(corners, moved)
    seen = cv2.warpPerspective(picture, slant, (width, height), flags=cv2.INTER_CUBIC, borderValue=(150, 120, 90))
    return np.clip(seen * np.linspace(0.95, 0.75, height)[:, None, None] + 6, 0, 255).astype(np.uint8)


def crumpled(picture: Picture, strength: float, seed: int = 0) -> Picture:
    """Of uneven light, as paper that was folded and lies in half shadow, with noise; strength 0..1."""
    height, width = picture.shape[:2]
    random = np.random.default_rng(seed)
    folds = cv2.resize(random.normal(0, 1, (7, 5)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    light = (1 - 0.5 * strength + 0.25 * strength * folds)[..., None]
    return np.clip(picture * light + random.normal(0, 6, (height, width, 1)), 0, 255).astype(np.uint8)


def stored(picture: Picture, quality: int | None = None, factor: float = 1.0) -> VerifiableImage:
    """What verification sees of a file: a JPEG of a quality, or a PNG, `factor` times as large."""
    image = Image.fromarray(picture)
    small = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)
    bgr = np.ascontiguousarray(np.asarray(small)[..., ::-1])
    suffix, options = (".png", []) if quality is None else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
    told = describe_image(cv2.imencode(suffix, bgr, options)[1].tobytes(), DecodeLimits())
    return VerifiableImage(
        gray_64=told.gray_64,
        thumbnail=decode_thumbnail(told.thumbnail),
        inner_box=told.inner_box,
        width_px=told.width_px,
        height_px=told.height_px,
        contrast=told.contrast,
        detail=told.detail,
        fine_gray=told.fine_gray,
    )
