"""Names of files as text that a table can hold, and back.

Belongs here: the one spelling of bytes that are no UTF-8. Does not belong here: opening files.

Such bytes cannot stand in a table of text, so each stands there as one character of U+EF80..U+EFFF; so do the bytes of
the real characters of that private range, so that every name has one spelling and none is lost.
"""

import os
import re


def readable_name(raw: str) -> str:
    """A file's name as text that can be stored: each byte that is no UTF-8 as the character U+EF00 + byte."""
    return re.sub(
        "[\udc80-\udcff\uef80-\uefff]",
        lambda found: "".join(chr(0xEF00 + byte) for byte in os.fsencode(found[0])),
        raw,
    )


def raw_name(readable: str) -> str:
    """The name that the operating system knows; undoes `readable_name`."""
    return re.sub(
        "[\uef80-\uefff]+",
        lambda found: os.fsdecode(bytes(ord(character) - 0xEF00 for character in found[0])),
        readable,
    )
