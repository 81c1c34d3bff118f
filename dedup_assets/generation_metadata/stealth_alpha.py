"""Texts hidden in the lowest bits of a picture's pixels, as NovelAI and the `stealth pnginfo` extensions write them.

Opt-in: it costs a decode, and no table of the pipeline asks for it. The layout is that of the extensions: column by
column, one bit a pixel in alpha, or three in red, green and blue; a signature, the length in bits (32 bits,
big-endian), then UTF-8 text or gzip of it.

Belongs here: bits to text. Does not: what the text means.
"""

import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dedup_assets.generation_metadata.carrier_texts import MAX_TOTAL_BYTES
from dedup_assets.generation_metadata.containers.png import SIGNATURE as PNG_SIGNATURE

CARRIER = "stealth-alpha"
SIGNATURE_BYTES = 15
ALPHA_SIGNATURES = {b"stealth_pnginfo": False, b"stealth_pngcomp": True}
COLOR_SIGNATURES = {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True}
GZIP_WINDOW = 31
MAX_PIXELS = 50_000_000
"""Pixels decoded to look for a text: 200 MB; generated pictures have fewer than 20 million."""


def read_stealth_file(data: bytes) -> dict[str, str]:
    """Decode a PNG file and return `read_stealth_alpha` of it; `{}` for other, larger or broken files. Never raises."""
    width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    if data[:8] != PNG_SIGNATURE or not 0 < width * height <= MAX_PIXELS:
        return {}
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGBA" if "A" in image.getbands() else "RGB"))
    except (OSError, SyntaxError, ValueError):
        return {}
    return read_stealth_alpha(pixels)


def read_stealth_alpha(pixels: NDArray[np.uint8]) -> dict[str, str]:
    """Return `{"stealth-alpha": text}` of an RGB or RGBA picture (height × width × 3 or 4, uint8), or `{}`.

    Never raises for pixels of this shape; a damaged or overlong text gives `{}`.
    """
    if pixels.shape[2] == 4:
        text = _read_bits(pixels[:, :, 3].T.reshape(-1), ALPHA_SIGNATURES)
        if text:
            return {CARRIER: text}
    text = _read_bits(pixels[:, :, :3].transpose(1, 0, 2).reshape(-1), COLOR_SIGNATURES)
    return {CARRIER: text} if text else {}


def _read_bits(samples: NDArray[np.uint8], signatures: dict[bytes, bool]) -> str | None:
    """Read signature, length and text from the lowest bit of each sample."""
    head = np.packbits(samples[: (SIGNATURE_BYTES + 4) * 8] & 1).tobytes()
    signature, size = head[:SIGNATURE_BYTES], int.from_bytes(head[SIGNATURE_BYTES:], "big") // 8
    start = (SIGNATURE_BYTES + 4) * 8
    if signature not in signatures or not 0 < size <= min(MAX_TOTAL_BYTES, (len(samples) - start) // 8):
        return None
    body = np.packbits(samples[start : start + size * 8] & 1).tobytes()
    return (_unzip(body) if signatures[signature] else body).decode("utf-8", "replace") or None


def _unzip(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(GZIP_WINDOW).decompress(body, MAX_TOTAL_BYTES)
    except zlib.error:
        return b""
