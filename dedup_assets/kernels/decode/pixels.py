"""From any Pillow image to few plain modes, scaled down by a whole factor.

Here belongs the reading of pixel modes: palettes, 1, 16 and 32 bits, transparency. Colour management is in
`rendering.py`, opening files in `image.py`.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Bands of this many pixels keep the converted copies of a large picture below 16 MB.
_BAND_PX: Final = 1_000_000

_PLAIN_MODES: Final = {
    "1": "L",
    "L": "L",
    "RGB": "RGB",
    "CMYK": "CMYK",
    "LAB": "LAB",
    "RGBA": "RGBA",
    "LA": "RGBA",
    "PA": "RGBA",
    "RGBa": "RGBA",
}


def reduce_to_plain(image: Image.Image, factor: int) -> Image.Image:
    """Return a loaded image as L, RGB, RGBA, CMYK or LAB, averaged over factor x factor pixels (sizes rounded up)."""
    shades = _shade_range(image)
    if factor == 1:
        return _to_plain(image, shades)
    bands = [_to_plain(band, shades).reduce(factor) for band in _bands(image, factor)]
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _bands(image: Image.Image, factor: int) -> Iterator[Image.Image]:
    rows = max(1, _BAND_PX // (image.width * factor)) * factor
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _to_plain(image: Image.Image, shades: tuple[float, float] | None) -> Image.Image:
    if shades is not None:
        return Image.fromarray(_stretch_shades(image, shades))
    if image.has_transparency_data:
        return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    return image.convert(_PLAIN_MODES.get(image.mode, "RGB"))


def _shade_range(image: Image.Image) -> tuple[float, float] | None:
    """Return which values of a gray image of more than 8 bits are black and white; None for all other images.

    16-bit samples (and 32-bit ones that stay within 16) span their whole depth, as the file declares it; wider ones and
    floating point span what occurs, except that fractions within 0..1 are taken as such.
    """
    if image.mode.startswith("I;16"):
        return 0.0, float((1 << _sample_bits(image)) - 1)
    if image.mode not in ("I", "F"):
        return None
    low, high = np.nan_to_num(np.array(image.getextrema(), dtype=np.float64)).tolist()
    limit = 1.0 if image.mode == "F" and high <= 1 else 65535.0
    return (0.0, limit) if low >= 0 and high <= limit else (low, max(high, low + 1e-9))


def _sample_bits(image: Image.Image) -> int:
    """Return the bits a sample of a 16-bit gray image: TIFF declares 10, 12 or 14 of them in tag 258."""
    declared = getattr(image, "tag_v2", {}).get(258, (16,))
    return int(declared[0]) if 8 < int(declared[0]) <= 16 else 16


def _stretch_shades(image: Image.Image, shades: tuple[float, float]) -> NDArray[np.uint8]:
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=shades[0])
    stretched = (values - shades[0]) * (255 / (shades[1] - shades[0]))
    gray: NDArray[np.uint8] = np.clip(np.rint(stretched), 0, 255).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        gray[values == transparent] = 255
    return gray
