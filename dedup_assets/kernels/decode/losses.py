"""How coarsely a file other than JPEG stores its picture, whatever its format's name is.

Here belongs what container, palette and pixels of one open file tell. The tables of a JPEG are rated in
`kernels/describe/compression.py`; which of several files is the original is decided in `kernels/keep/`.
"""

from collections import Counter
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from dedup_assets.kernels.decode.chunks import FRAME_HEADER_BYTES, walk_riff
from dedup_assets.kernels.decode.jpeg_header import read_tables_within

Counts = list[tuple[int, tuple[int, ...]]] | list[tuple[int, float]]

JPEG_TABLES_TAG: Final = 347
BITS_TAG: Final = 258


class _Coding(NamedTuple):
    """log(percent) = at_one + by_bits log(bits a pixel) + by_activity log(mean step between neighbours, gray levels)."""

    at_one: float
    by_bits: float
    by_activity: float


# The percent of the JPEG tables that leave the same mean square error. Fitted on 24 photographs of 600 px at 4 to 10 rates each;
# one standard deviation is a factor of 1.4, 1.3, 1.5 and 1.5, less than the doubling that counts.
_CODINGS: Final = {
    "WEBP": _Coding(2.70, -1.55, 0.69),
    "AVIF": _Coding(2.41, -1.59, 0.70),
    "HEIF": _Coding(2.51, -1.35, 0.53),
    "JPEG2000": _Coding(3.48, -1.24, 0.74),
}
# What codes without loss needs more bits: there the fit gives 10 at most.
MIN_TRUNCATED: Final = 12.0
# How many of the bits are the first frame's is not known.
FILM_PERCENT: Final = 50.0
_REVERSIBLE: Final = 1
_CODING_STYLE: Final = b"\xff\x52"

# A palette of 256 colours costs a photograph about what the standard tables do, one of 32 four times that.
PALETTE_COLOURS: Final = 256
# Of 40 photographs of 8 to 256 colours none had more than 27 % of one colour, of 24 drawings none less than 49 %.
MAX_COMMONEST: Final = 0.35
# Shades that are left out leave steps; a uniform error of 16 levels is about that of the standard tables.
MIN_SHADE_STEP: Final = 3.0
SAMPLED_ROWS: Final = 64
PERCENT_A_LEVEL: Final = 6.25


def measure_loss(data: bytes, image: ImageFile.ImageFile, pixels: Image.Image) -> float | None:
    """Return how coarsely a picture is stored, as percent of the standard JPEG tables; 0: nothing was lost.

    image: the open file. pixels: the same, loaded; or scaled down, which hides few colours.

    None for JPEG, and TIFF with JPEG inside, whose tables tell it.
    """
    if find_inner_tables(image):
        return None
    coding = _CODINGS.get(image.format or "")
    if coding and not (image.format == "WEBP" and is_lossless_webp(data)):
        if getattr(image, "n_frames", 1) > 1:
            return FILM_PERCENT
        percent = _rate_bits(pixels, 8 * len(data), coding)
        reversible = image.format == "JPEG2000" and _transform_of(data) == _REVERSIBLE
        return 0.0 if reversible and percent <= MIN_TRUNCATED else percent
    return _rate_colours(pixels)


def find_inner_tables(image: ImageFile.ImageFile) -> tuple[tuple[int, ...], ...] | None:
    """Return the quantization tables of a TIFF whose strips are JPEG, as those of a JPEG file; None for others."""
    tables = getattr(image, "tag_v2", {}).get(JPEG_TABLES_TAG)
    return read_tables_within(tables) or None if isinstance(tables, bytes) else None


def count_sample_bits(data: bytes, image: ImageFile.ImageFile) -> int:
    """Return how many bits a sample of the file has: 8 for most, up to 16 where the format declares them."""
    if image.format == "PNG":
        return max(8, data[24])
    declared = getattr(image, "tag_v2", {}).get(BITS_TAG, (8,))
    bits = max(declared) if isinstance(declared, tuple) and declared else 8
    return min(16, max(8, bits, 16 if image.mode.startswith("I;16") else 8))


def is_lossless_webp(data: bytes, at: int = 12) -> bool:
    """Whether the first picture of a WebP file is coded by VP8L; `at` is where its first chunk stands, or that of a frame."""
    for kind, begin, _ in walk_riff(data, at):
        if kind == b"ANMF":
            return is_lossless_webp(data, begin + FRAME_HEADER_BYTES)
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8L"
    return False


def _transform_of(data: bytes) -> int:
    """Return the wavelet transform of a JPEG 2000 file: 1 is reversible, 0 is not."""
    at = data.find(_CODING_STYLE)
    return data[at + 13] if 0 <= at < len(data) - 13 else 0


def _rate_bits(image: Image.Image, bits: float, coding: _Coding) -> float:
    gray = np.asarray(image.convert("L"))
    activity = float(cv2.absdiff(gray[:, 1:], gray[:, :-1]).mean()) if gray.shape[1] > 1 else 0.0
    logs = coding.by_bits * np.log(bits / gray.size), coding.by_activity * np.log(activity + 0.1)
    return float(np.exp(coding.at_one + sum(logs)))


def _rate_colours(image: Image.Image) -> float:
    """Return what too few colours or shades cost a photograph; drawings lack none."""
    if image.mode not in ("P", "PA", "RGB", "RGBA", "L", "LA"):
        return 0.0
    colours, few = _count_colours(image)
    if few and max(count for count, _ in few) > MAX_COMMONEST * image.width * image.height:
        return 0.0
    if few and not _is_gray(few):
        return 100.0 * (PALETTE_COLOURS / len(few)) ** 0.75 if len(few) > 1 else 0.0
    step = _shade_step(colours)
    return PERCENT_A_LEVEL * step if step >= MIN_SHADE_STEP else 0.0


def _count_colours(image: Image.Image) -> tuple[Image.Image, Counts | None]:
    """Return a picture of the same colours, and how many pixels have each; None for more than 256 colours.

    Of a palette only the entries are looked at: there each stands once.
    """
    if image.mode != "P":
        colours = image.convert("RGB") if image.mode == "PA" else image
        return colours, colours.getcolors(PALETTE_COLOURS)
    counts = image.histogram()
    used = [entry for entry, count in enumerate(counts) if count]
    entries = Image.frombytes("P", (len(used), 1), bytes(used))
    entries.putpalette(image.getpalette() or [])
    colours, few = entries.convert("RGB"), Counter[tuple[int, ...]]()
    for entry, colour in zip(used, np.asarray(colours)[0].tolist(), strict=True):
        few[tuple(colour)] += counts[entry]
    return colours, [(count, colour) for colour, count in few.items()]


def _is_gray(colours: Counts) -> bool:
    return all(not isinstance(colour, tuple) or len(set(colour[:3])) == 1 for _, colour in colours)


def _shade_step(image: Image.Image) -> float:
    """Return by how many levels the shades that occur lie apart in the channel that has most of them; 0 for a flat one.

    Where some rows already have too many shades for steps of MIN_SHADE_STEP, these rows tell.
    """
    top = max(0, image.height // 2 - SAMPLED_ROWS)
    shades = _find_shades(image.crop((0, top, image.width, min(image.height, top + SAMPLED_ROWS))))
    if MIN_SHADE_STEP * (len(shades) - 1) <= 255:
        shades = _find_shades(image)
    return float(np.ptp(shades)) / (len(shades) - 1) if len(shades) > 1 else 0.0


def _find_shades(image: Image.Image) -> NDArray[np.intp]:
    channels = np.reshape(image.histogram(), (-1, 256))[: 1 if image.mode in ("L", "LA") else 3]
    return max((np.flatnonzero(counts) for counts in channels), key=len)
