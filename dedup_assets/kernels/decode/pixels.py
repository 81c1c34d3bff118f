"""From any Pillow image to few plain modes, scaled down by a whole factor.

Here belongs the reading of pixel modes: palettes, 1, 16 and 32 bits, transparency. Colour management is in
`rendering.py`, opening files in `image.py`.
"""

from collections.abc import Callable
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

    def read_band(top: int, bottom: int) -> Image.Image:
        return _to_plain(image.crop((0, top, image.width, bottom)), shades)

    return reduce_bands(read_band, image.size, factor)


def reduce_bands(read_band: Callable[[int, int], Image.Image], size: tuple[int, int], factor: int) -> Image.Image:
    """Return a picture of `size`, averaged in the same way, of which `read_band` gives the rows from one to another."""
    width, height = size
    if factor == 1:
        return read_band(0, height)
    rows = max(1, _BAND_PX // (width * factor)) * factor
    whole: Image.Image | None = None
    for top in range(0, height, rows):
        band = read_band(top, min(top + rows, height)).reduce(factor)
        whole = whole or Image.new(band.mode, (band.width, -(-height // factor)))
        whole.paste(band, (0, top // factor))
    assert whole is not None
    return whole


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
