"""Names that programs give to copies: the plain name that a name was made from.

Here belongs what file managers, browsers, clouds and phones add to a name, in their languages. Whether the plain name is among
files of equal bytes, without which none of it counts, is asked in `rules.py`.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_COPY: Final = (
    r"(?:cop(?:y|ie|ia)|c[oòó]pia|kopi[aeoë]?|k[oó]pia|kopija|kopya(?:sı)?|koopia|m[aá]solat|duplicate|dupe?|backup|salinan|afrit"
    r"|копи[яье]|копія|копија|αντ[ιί]γραφο|副本|复件|拷贝|複本|複製|コピー|복사본|사본|نسخة|העתק|สำเนา|bản sao|प्रतिलिपि)"
)
_OF: Final = r"(?:of|von|van|de|di|do|da|du|af|av|z|от|~|～|-)"
_NUMBER: Final = r"\d{1,3}"

_AFTER: Final = re.compile(
    rf"(?P<plain>.+?)(?:"
    rf"[ _.-]?[(\[]{_NUMBER}[)\]]"  # a (1), a(1), a [1]
    rf"|~{_NUMBER}|[ _.-]{_NUMBER}"  # a~2, a_1, a 2
    rf"|[ _.~–—-]+{_COPY}(?:[ _.-]?(?:[(\[]{_NUMBER}[)\]]|{_NUMBER}))?"  # a copy 2, a - Copy (2), a_kopie
    rf"|\s*\([^()]*(?:{_COPY}|conflict|konflikt|конфликт)[^()]*\)"  # a (3rd copy), a (Kopie), a (Ann's conflicted copy 2024-01-01)
    rf"|\.sync-conflict-[\w-]+|のコピー"
    rf")",
    re.DOTALL,
)
_BEFORE: Final = re.compile(
    rf"{_COPY}(?:[ _]?\({_NUMBER}\))?(?:[ _]+{_OF})?[ _]+[~-]?(?P<plain>.+)", re.DOTALL
)  # Copy (2) of a
_AFTER_SUFFIX: Final = re.compile(
    rf"(?P<plain>.+\.(?!\d+[^a-z0-9])[a-z0-9]{{2,5}})(?:~|~?[._ -]?(?:original|orig|bak|old|copy)|\.{_NUMBER}|\s?\({_NUMBER}\))"
)


def stem_of(path: str) -> str:
    """The name of a file without its folder and suffix, as names are compared: capitals and ways to write accents do not count."""
    name = unicodedata.normalize("NFKC", path.rpartition("/")[2]).casefold().strip()
    if _AFTER_SUFFIX.fullmatch(name):
        return name
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def plain_stems(stem: str) -> Iterator[str]:
    """The stems that one may be the copy of, each once, the nearest first: of "a (1) copy" that is "a (1)", then "a"."""
    seen, waiting = {stem}, [stem]
    for each in waiting:
        if added := _AFTER_SUFFIX.fullmatch(each):
            plains = [stem_of(added["plain"])]
        else:
            plains = [found["plain"].strip() for pattern in (_AFTER, _BEFORE) if (found := pattern.fullmatch(each))]
        fresh = [plain for plain in plains if plain not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
        yield from fresh
