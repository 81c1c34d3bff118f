"""Which files of a listing may be images, by their names alone, and of what kind the others are.

Belongs here: suffixes, and names that say nothing. Does not belong here: the first bytes, which decide where a name does not
(`kernels/decode/first_bytes.py`); what is left out whatever it is (`left_out.py`).
"""

import re

from dedup_assets.resources.images.source import Blob

IMAGE_SUFFIXES = frozenset(
    (
        "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif", "heic", "heif", "hif",
        "jp2", "j2k", "jpf", "jpx", "jpm", "jxl", "mpo", "tga", "ico", "cur", "psd", "qoi", "ppm", "pgm", "pbm", "pnm", "pfm",
    )
)  # fmt: skip


_SUFFIX = re.compile(r"[a-z][a-z0-9]{0,11}")
_IMAGE_WITHIN = re.compile(
    rf"\.(?:{'|'.join(sorted(IMAGE_SUFFIXES))})(?:[^a-z0-9.]|\.(?:bak|backup|old|orig|original|save|tmp)$)"
)
_LONGER_SUFFIX = re.compile(r"(?:jpe?g|png|webp|gif|tiff?|bmp|hei[cf]|avif)[a-z0-9]+")
_OTHER_KINDS = re.compile(r"(?:xmp|json|txt|html?|pdf|md5|sha\d+|pp3|dop|part|crdownload)")


def may_be_image(blob: Blob) -> bool:
    """True for the names that image files have, and for names that say nothing, which crawlers and containers often use.

    A link is one where its own name or that of its target has a suffix of images.
    """
    if blob.is_link:
        return has_image_suffix(blob.path) or has_image_suffix(blob.link_target or "")
    return has_image_suffix(blob.path) or _says_nothing(_name_of(blob.path))


def has_image_suffix(path: str) -> bool:
    """True where the suffix is one of images."""
    stem, _, suffix = _name_of(path).rpartition(".")
    return bool(stem) and suffix in IMAGE_SUFFIXES


def other_kind(blob: Blob) -> str | None:
    """The kind of a listed file that is no image, for people; None for one that may be an image."""
    return None if may_be_image(blob) else "link" if blob.is_link else kind_of(blob.path)


def kind_of(path: str) -> str:
    """The suffix of a file with the dot, in small letters."""
    suffix = _name_of(path).rpartition(".")[2]
    return f".{suffix}" if "." in _name_of(path) and _SUFFIX.fullmatch(suffix) else "no suffix"


def _says_nothing(name: str) -> bool:
    """True for a name without a suffix, and one with a suffix of images where it is not at the end: the first bytes decide.

    What follows the last dot is no suffix where it is longer than any, or holds more than letters and digits.
    """
    suffix = name.rpartition(".")[2]
    if (
        "." not in name
        or not _SUFFIX.fullmatch(suffix)
        or _LONGER_SUFFIX.fullmatch(suffix)
        or name[1:] in IMAGE_SUFFIXES
    ):
        return bool(name)
    return _IMAGE_WITHIN.search(name) is not None and not _OTHER_KINDS.fullmatch(suffix)


def _name_of(path: str) -> str:
    return path.rpartition("/")[2].lower()
