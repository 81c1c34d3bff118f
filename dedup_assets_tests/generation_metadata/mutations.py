"""Random damage to metadata texts and to files, and containers for the texts.

Belongs here: one change at a time, decided by a `Random` alone. Does not: how many, or what must hold (`fuzzing`).
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from dedup_assets_tests.generation_metadata.samples import (
    compressed_chunk,
    exif_block,
    image_file,
    international_chunk,
    png_chunk,
    png_file,
    user_comment,
)

TOKENS = (
    "\x00", "\ud800", "\udfff", "\ufeff", "NaN", "Infinity", "-1", "18446744073709551616", "1e309", "null", '"', "\\",
    "[", "{", "]", "}", ",", ":", "\n", "\r", "<lora:", ":1>", "Steps: 1, ", "Negative prompt:", "Job ID: ", " --no ",
    '["3", 0]', '["6", 0]', '"inputs": {', '"class_type": "KSampler"', '"nodes": [', '{"": ""}', "&quot;", "prompt:",
)  # fmt: skip
"""Pieces that mean something to one of the formats."""

NUMBERS = (0, 1, 2, 7, 8, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
MAX_TEXT_CHARS = 3_000_000
JSON_LEAVES: tuple[object, ...] = (
    None, True, False, 0, -1, 7.0, 2**64 - 1, 2**64, 10**30, 1e308, float("nan"), "", "None", "7", "\x00", "\ud800",
    [], {}, ["3", 0], ["6", 0], [3, 0], [["3"], 0], {"content": "x"}, {"__value__": ["3", 0]}, ["a", "b", None],
)  # fmt: skip


def _with_token(random: Random, text: str) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + random.choice(TOKENS) + text[start + random.choice((0, 0, 1, 8)) :]


def _without_piece(random: Random, text: str) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + text[start + random.randrange(1, 40) :]


def _with_piece_moved(random: Random, text: str) -> str:
    start, target = random.randrange(len(text) + 1), random.randrange(len(text) + 1)
    return text[:target] + text[start : start + random.randrange(1, 60)] + text[target:]


def _with_json_leaf(random: Random, text: str) -> str:
    """Replace one value of a JSON text, at any depth; other texts get a token."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _with_token(random, text)
    if not isinstance(value, (dict, list)) or not value:
        return _with_token(random, text)
    parent = _inner_container(random, value)
    key = random.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
    parent[key] = random.choice(JSON_LEAVES)
    return json.dumps(value)


def _inner_container(random: Random, value: Any) -> Any:
    for _ in range(random.randrange(6)):
        nested = [item for item in (value.values() if isinstance(value, dict) else value) if item]
        inside = [item for item in nested if isinstance(item, (dict, list))]
        if not inside:
            break
        value = random.choice(inside)
    return value


def enlarged(random: Random, text: str) -> str:
    start = random.randrange(len(text) + 1)
    piece = text[start : start + random.randrange(1, 80)] or "["
    return text[:start] + piece * (MAX_TEXT_CHARS // len(piece)) + text[start:]


TEXT_MUTATIONS = (_with_token, _without_piece, _with_piece_moved, _with_json_leaf)


def _flipped(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + random.randbytes(1) + data[start + 1 :]


def _with_number(random: Random, data: bytes) -> bytes:
    start, size = random.randrange(min(len(data), 2_000) + 1), random.choice((1, 2, 4))
    number = (random.choice(NUMBERS) % (1 << 8 * size)).to_bytes(size, random.choice(("big", "little")))
    return data[:start] + number + data[start + size :]


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeated(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    end = start + random.randrange(1, 200)
    return data[:end] + data[start:end] * random.choice((1, 3, 100)) + data[end:]


BYTE_MUTATIONS = (_flipped, _with_number, _cut, _repeated)


def _texts(carriers: dict[str, str]) -> dict[bytes, str]:
    return {name.encode("utf-8", "replace"): text for name, text in carriers.items()}


def _as_png_texts(carriers: dict[str, str]) -> bytes:
    chunks = (
        png_chunk(b"tEXt", name + b"\x00" + text.encode("utf-8", "surrogatepass"))
        for name, text in _texts(carriers).items()
    )
    return png_file(b"".join(chunks))


def _as_png_international(carriers: dict[str, str]) -> bytes:
    return png_file(
        after=b"".join(
            international_chunk(name.decode(), text.encode("utf-8", "replace").decode(), compressed=True)
            for name, text in _texts(carriers).items()
        )
    )


def _as_png_compressed(carriers: dict[str, str]) -> bytes:
    return png_file(
        b"".join(
            compressed_chunk(name.decode(), text.encode("utf-16-be", "surrogatepass"))
            for name, text in _texts(carriers).items()
        )
    )


def _as_exif(image_format: str) -> Callable[[dict[str, str]], bytes]:
    """EXIF holds the first text alone; JPEG's one segment holds 64 KiB."""

    def built(carriers: dict[str, str]) -> bytes:
        text = next(iter(carriers.values()))[: 30_000 if image_format == "JPEG" else None]
        return image_file(image_format, exif_block(user_comment(text)))

    return built


def _as_jpeg_comment(carriers: dict[str, str]) -> bytes:
    body = next(iter(carriers.values())).encode("utf-8", "replace")[:60_000]
    packet = b"http://ns.adobe.com/xap/1.0/\x00" + body
    segments = b"".join(
        b"\xff" + marker + (len(content) + 2).to_bytes(2, "big") + content
        for marker, content in ((b"\xe1", packet), (b"\xfe", body))
    )
    return b"\xff\xd8" + segments + b"\xff\xda"


CONTAINERS: tuple[Callable[[dict[str, str]], bytes], ...] = (
    _as_png_texts,
    _as_png_international,
    _as_png_compressed,
    _as_jpeg_comment,
    *(_as_exif(image_format) for image_format in ("JPEG", "WEBP", "TIFF", "AVIF", "PNG")),
)
