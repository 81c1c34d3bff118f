"""Tolerant reading of single values out of untrusted metadata; every function returns None for what it cannot read.

Belongs here: numbers and texts from JSON values or strings. Does not: objects (`objects`), any tool's field names.
"""

import math
import re

MAX_SEED = 2**64 - 1
MAX_NUMBER_CHARS = 40
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
SIZE = re.compile(r"\D{0,8}(\d{1,6})\D{1,4}(\d{1,6})", re.ASCII)


def to_text(value: object) -> str | None:
    """Return a string as it is, a list of strings (or objects with a `prompt`) joined by lines; else None."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [part.get("prompt") if isinstance(part, dict) else part for part in value[:256]]
        texts = [part for part in parts if isinstance(part, str)]
        return "\n".join(texts) if texts else None
    return None


def to_name(value: object) -> str | None:
    """Return a non-blank string, stripped; else None."""
    return value.strip() or None if isinstance(value, str) else None


def to_float(value: object) -> float | None:
    """Return a finite number, from a number or the text of one; else None (also for NaN, infinities and bool)."""
    number: float | None = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value) if abs(value) < 1e300 else None
    elif isinstance(value, str) and len(value) <= MAX_NUMBER_CHARS and NUMBER.fullmatch(text := value.strip()):
        number = float(text)
    return number if number is not None and math.isfinite(number) else None


def to_int(value: object) -> int | None:
    """Return an integer, from an integer, an integral float, or the text of either; else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) and len(value) <= MAX_NUMBER_CHARS else ""
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return int(text)
    number = to_float(value)
    return int(number) if number is not None and number.is_integer() else None


def to_seed(value: object) -> int | None:
    """Return an integer in 0 … 2**64 - 1, exactly; else None (-1 asks for a random seed and names none)."""
    seed = to_int(value)
    return seed if seed is not None and 0 <= seed <= MAX_SEED else None


def to_count(value: object) -> int | None:
    """Return an integer in 0 … 2**31 - 1 (steps, pixels, layers); else None."""
    count = to_int(value)
    return count if count is not None and 0 <= count < 2**31 else None


def to_size(value: object) -> tuple[int | None, int | None]:
    """Return (width, height) from `512x768`, `(512, 768)` or `512 × 768`; else (None, None)."""
    match = SIZE.match(value[:64]) if isinstance(value, str) else None
    return (int(match[1]), int(match[2])) if match else (None, None)
