"""The words that people read: byte counts, plurals, levels, tests, and names made safe to show.

Belongs here: pure text from a number, a column word or a name.
Does not belong here: layout (`templates/`), files, pictures.
"""

import re
from collections.abc import Mapping, Sequence

LEVEL_TITLES = {
    "exact": "Same bytes",
    "generation": "Same generation",
    "near": "Near-duplicate",
    "copy": "Edited copy",
    "similar": "Look-alike",
}

LEVEL_MEANINGS = {
    "exact": "the files are identical, byte for byte",
    "generation": "made by the same recipe, and the same picture",
    "near": "the same picture re-encoded, resized, re-toned, lightly cropped or marked",
    "copy": "the same picture cropped, framed, captioned, turned, mirrored or pasted into another",
    "similar": "another picture of the same thing, kept",
}

_TESTS = {
    "file_sha256": "identical bytes",
    "link": "a symbolic link, which holds no bytes",
    "frames": "their further frames or pages differ",
    "identical_pixels": "identical pixels",
    "strict_pixels": "pixel by pixel, for the picture has little detail",
    "color": "the colours agree",
    "global_structure": "the whole pictures agree",
    "local_features": "local details agree in one geometric fit",
    "local_structure": "laid over each other by local details, the pictures agree",
    "refined_structure": "laid over each other pixel by pixel, the pictures agree",
    "conflict": "where they agree otherwise, something else is shown",
    "changed": "where they agree otherwise, one shows a thing that the other does not",
    "blended": "they agree in part, and another picture shows through",
    "direction": "one is turned or mirrored, which makes it another sign",
    "words": "the words differ",
    "seam": "one is a panel of the other, beside something else",
    "parallax": "parts of the scene moved against each other: two shots of it",
    "panned": "each shows a part of the scene that the other does not",
}

_TESTS_APART = {"color": "the colours differ"}
"""Where the words are others for pictures that did not pass."""

_PERSON = "person: "

_BYTE_UNITS = ("kB", "MB", "GB", "TB", "PB")
_SHOWN_CONTROLS = {code: chr(0x2400 + code) for code in range(32)} | {0x7F: "␡"}
_SHOWN_CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
_SHOWN_CONTROLS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def human_bytes(size_bytes: int) -> str:
    """A size as people say it, in decimal units (1 kB = 1000 bytes): "999 bytes", "1.5 kB", "24 MB".

    Raises ValueError for a negative size.
    """
    if size_bytes < 0:
        raise ValueError(f"a size in bytes is at least 0, but {size_bytes} came")
    if size_bytes < 1000:
        return counted(size_bytes, "byte")
    size, unit = size_bytes / 1000, 0
    while size >= 999.5 and unit < len(_BYTE_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_BYTE_UNITS[unit]}" if size < 9.95 else f"{size:,.0f} {_BYTE_UNITS[unit]}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 image", "2,000 images", "3 copies"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def level_title(level: str | None) -> str:
    """The name of a level for people; an unknown one is shown as it is written."""
    return LEVEL_TITLES.get(level, level.replace("_", " ")) if level else ""


def search_in_words(not_looked_for: Sequence[str]) -> str:
    """Which levels were looked for and which were not, as part of a sentence; "" where all were."""
    if not not_looked_for:
        return ""
    sought, left = (
        ", ".join(title.lower() for level, title in LEVEL_TITLES.items() if (level in not_looked_for) is is_left)
        for is_left in (False, True)
    )
    return f"looked for: {sought}; not searched by vectors: {left}"


def decision_in_words(decided_by: str | None) -> str:
    """The test that decided, or the person, in plain words; what is not known here is shown as it is written."""
    if decided_by and decided_by.startswith(_PERSON):
        return f"you said so: {decided_by.removeprefix(_PERSON)}"
    return _TESTS.get(decided_by, decided_by.replace("_", " ")) if decided_by else ""


def apart_in_words(decided_by: str, evidence: Mapping[str, float | None], frame_counts: Sequence[int]) -> str:
    """Why two pictures were kept apart, with what was counted: "the words differ: 2 of 214 tiles".

    `evidence` has the columns of a pair, `frame_counts` are the frames or pages of the two.
    """
    if decided_by == "frames" and len(set(frame_counts)) > 1:
        return (
            f"one holds {counted(frame_counts[0], 'frame or page', 'frames or pages')}, the other {frame_counts[1]:,}"
        )
    words = _TESTS_APART.get(decided_by) or decision_in_words(decided_by)
    share = evidence.get(f"{decided_by}_share")
    if decided_by == "words" and (tiles := evidence.get("tiles")):
        return f"{words}: {evidence['differing_tiles']:,} of {counted(int(tiles), 'tile')}"
    return f"{words}: {100 * share:.2g} % of what both show" if share else words


def score_in_words(score: float) -> str:
    """A score as a short number: whole numbers without a point, others with three digits after it."""
    return f"{score:,.0f}" if float(score).is_integer() and abs(score) != 1 else f"{score:.3f}"


def visible(name: str) -> str:
    """A name that is safe on a page and in a terminal.

    Control characters, and those that turn the direction of writing, become signs that one can see; bytes
    that are not UTF-8 become ``\\udc..``. All other characters stay.
    """
    return name.translate(_SHOWN_CONTROLS).encode("utf-8", "backslashreplace").decode()


def without_secrets(source: str) -> str:
    """A source as it may be shown: of an address, neither user, password nor query (where SAS tokens stand)."""
    if "://" not in source:
        return source
    scheme, _, rest = source.partition("://")
    return f"{scheme}://{re.sub(r'^[^/?#]*@', '', rest).partition('?')[0]}"
