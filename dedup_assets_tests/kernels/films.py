"""Films and documents that tests are made of, from one photograph and drawn pages."""

import io

import numpy as np
from PIL import Image, ImageDraw

from dedup_assets_tests.kernels.photographs import load_photograph

Frames = list[Image.Image]


def moving_view(name: str = "coffee.png", count: int = 12, step: int = 8) -> Frames:
    """A view that moves over a photograph, 8 px to the right and 3 down a frame."""
    photograph = load_photograph(name)
    return [photograph.crop((k * step, 3 * k, k * step + 300, 3 * k + 220)) for k in range(count)]


def faded_in(name: str, count: int = 6) -> Frames:
    """A photograph that comes out of white."""
    last = load_photograph(name).resize((300, 220))
    return [Image.blend(Image.new("RGB", last.size, "white"), last, k / (count - 1)) for k in range(count)]


def page_of_words(seed: int) -> Image.Image:
    """A page of lines of words, as bars of random length."""
    page, rng = Image.new("L", (420, 594), 255), np.random.default_rng(seed)
    draw = ImageDraw.Draw(page)
    for top in range(60, 540, 16):
        left = 40
        while left < 370:
            width = int(rng.integers(8, 45))
            draw.rectangle((left, top, min(left + width, 380), top + 7), fill=0)
            left += width + 8
    return page


def film(frames: Frames, image_format: str, duration: int = 80, **options: object) -> bytes:
    """All frames as a file; of TIFF and MPO they are pages."""
    buffer, frames = io.BytesIO(), [frame.copy() for frame in frames]  # encoders leave their settings on them
    times = {} if image_format in ("TIFF", "MPO") else {"duration": duration, "loop": 0}
    frames[0].save(buffer, image_format, save_all=True, append_images=frames[1:], **times, **options)
    return buffer.getvalue()
