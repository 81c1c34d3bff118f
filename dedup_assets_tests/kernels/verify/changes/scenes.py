"""Photographs to which something was done: things added, taken away and moved, marks laid upon them, boards and slices."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture

NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png")


def photograph(name: str) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (640, 480), interpolation=cv2.INTER_AREA), np.uint8)


def with_thing(picture: Picture, at: tuple[int, int], radius: int = 40) -> Picture:
    """A round piece of another photograph, with its grain and colours, at x, y."""
    other = photograph("chelsea.png" if not np.array_equal(picture, photograph("chelsea.png")) else "coffee.png")
    thing = other[180 : 180 + 2 * radius, 260 : 260 + 2 * radius]
    return pasted(picture, thing, at)


def pasted(picture: Picture, thing: Picture, at: tuple[int, int]) -> Picture:
    radius = thing.shape[0] // 2
    round_, softly = np.zeros(picture.shape[:2], np.float32), picture.astype(np.float32)
    cv2.circle(round_, at, radius - 2, 1, -1)
    round_ = np.asarray(cv2.GaussianBlur(round_, (0, 0), 1.0), np.float32)[..., None]
    moved = softly.copy()
    moved[at[1] - radius : at[1] + radius, at[0] - radius : at[0] + radius] = thing
    return np.asarray(softly + round_ * (moved - softly), np.uint8)


def without_thing(picture: Picture, at: tuple[int, int], radius: int) -> Picture:
    """A round part painted over with what is around it."""
    hole = np.asarray(cv2.circle(np.zeros(picture.shape[:2], np.uint8), at, radius, 255, -1), np.uint8)
    return np.asarray(cv2.inpaint(picture, hole, 5, cv2.INPAINT_TELEA), np.uint8)


def written(picture: Picture, words: str, at: tuple[float, float] = (0.5, 0.88), size: float = 0.1) -> Picture:
    """White words with a black outline, their middle at shares of width and height."""
    image = Image.fromarray(picture)
    width, height = image.size
    font, place = ImageFont.load_default(int(height * size)), (width * at[0], height * at[1])
    stroke = max(1, round(height * size / 18))
    ImageDraw.Draw(image).text(place, words, "white", font, "mm", stroke_width=stroke, stroke_fill="black")
    return np.array(image)


def with_code(picture: Picture, words: str) -> Picture:
    modules = cv2.QRCodeEncoder.create().encode(words)
    code = np.asarray(cv2.resize(modules, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST), np.uint8)
    marked = picture.copy()
    marked[30 : 30 + code.shape[0], 30 : 30 + code.shape[1]] = code[..., None]
    return marked


def with_sticker(picture: Picture) -> Picture:
    marked = cv2.circle(picture.copy(), (420, 300), 75, (250, 200, 40), -1, cv2.LINE_AA)
    return np.asarray(cv2.circle(marked, (420, 300), 37, (0, 0, 0), 7, cv2.LINE_AA), np.uint8)


def board(pieces: dict[tuple[int, int], str]) -> Picture:
    """Discs of white and black (capital letters are white) on eight by eight squares."""
    image = Image.new("RGB", (640, 640), (238, 238, 210))
    draw = ImageDraw.Draw(image)
    for x, y in np.ndindex(8, 8):
        if (x + y) % 2:
            draw.rectangle((x * 80, y * 80, x * 80 + 79, y * 80 + 79), fill=(118, 150, 86))
    for (x, y), piece in pieces.items():
        ground, ink = ("white", "black") if piece.isupper() else ("black", "white")
        draw.ellipse((x * 80 + 12, y * 80 + 12, x * 80 + 68, y * 80 + 68), ground, "black", 3)
        draw.text((x * 80 + 40, y * 80 + 40), piece.upper(), ink, ImageFont.load_default(36), "mm")
    return np.array(image)


def slice_(lesion: tuple[int, int, int] | None = None, seed: int = 0) -> Picture:
    """A gray oval with two darker ones within, under noise, and where asked a lighter spot at x, y of a radius."""
    gray = np.zeros((600, 600), np.uint8)
    for middle, axes, level in (((300, 300), (210, 270), 90), ((250, 290), (40, 110), 20), ((350, 290), (40, 110), 20)):
        cv2.ellipse(gray, middle, axes, 0, 0, 360, level, -1)
    if lesion is not None:
        cv2.circle(gray, lesion[:2], lesion[2], 140, -1)
    noise = np.random.default_rng(seed).normal(0, 5, gray.shape)
    return np.clip(gray + noise, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def bars(heights: tuple[int, ...]) -> Picture:
    paper = np.full((500, 800, 3), 255, np.uint8)
    for bar, height in enumerate(heights):
        cv2.rectangle(paper, (80 + 100 * bar, 440 - height), (145 + 100 * bar, 440), (60, 110, 190), -1)
    return np.asarray(cv2.line(paper, (60, 440), (760, 440), (0, 0, 0), 3), np.uint8)


def faded(first: Picture, last: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(first, 1 - share, last, share, 0), np.uint8)


def smoothed(seed: int, shape: tuple[int, int], sigma_px: float) -> NDArray[np.float32]:
    """Random hills of 40 gray levels about 128, within 0..255, (h, w) float32."""
    hills = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    hills = np.asarray(cv2.GaussianBlur(hills, (0, 0), sigma_px), np.float32)
    return np.asarray((128 + 40 * hills / hills.std()).clip(0, 255), np.float32)
