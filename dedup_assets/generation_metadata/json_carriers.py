"""Finding, among a file's carriers, the JSON object that one tool wrote.

Belongs here: carriers whose text is an object. Does not: parsing it, or what it means.
"""

import re
from collections.abc import Iterable, Mapping

OBJECT_START = re.compile(r"\s{0,64}(?:(?:prompt|workflow)\s{0,8}:\s{0,64})?(?=\{)", re.IGNORECASE)
"""White space, and the `Prompt:` or `workflow:` that ComfyUI's savers put before the object in EXIF tags."""

EXIF_CARRIERS = ("EXIF:UserComment", "EXIF:ImageDescription", "EXIF:Make", "EXIF:Model", "COM", "stealth-alpha")
"""Where tools put into JPEG and WebP, in no agreed tag, what they put into PNG keywords."""


def find_object(carriers: Mapping[str, str], names: Iterable[str], signs: Iterable[str]) -> str | None:
    """Return the text, from its `{`, of the first named carrier that is an object and shows one of the signs."""
    wanted = tuple(signs)
    for name in names:
        text = carriers.get(name, "")
        start = OBJECT_START.match(text)
        if start and any(sign in text for sign in wanted):
            return text[start.end() :]
    return None
