"""Which files of a listing may be images, by their names alone, and of what kind the others are.

Belongs here: suffixes, and names that say nothing. Does not belong here: the first bytes, which decide where a name does not
(`kernels/decode/unreadable.py`).
"""

from dedup_assets.resources.images.source import Blob

IMAGE_SUFFIXES = frozenset(
    (
        "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff", "avif", "heic", "heif", "hif",
        "jp2", "j2k", "jpf", "jpx", "jpm", "jxl", "mpo", "tga", "ico", "cur", "psd", "qoi", "ppm", "pgm", "pbm", "pnm", "pfm",
    )
)  # fmt: skip


def may_be_image(blob: Blob) -> bool:
    """True for the names that image files have, and for names without a suffix, which containers often use.

    A link is one where its own name or that of its target has a suffix of images.
    """
    if blob.is_link:
        return has_image_suffix(blob.path) or has_image_suffix(blob.link_target or "")
    return is_image_path(blob.path)


def is_image_path(path: str) -> bool:
    """`may_be_image` of a file that is no link."""
    name = path.rsplit("/", 1)[-1]
    stem, dot, _ = name.rpartition(".")
    return has_image_suffix(path) if dot and stem else bool(name) and not dot


def has_image_suffix(path: str) -> bool:
    """True where the suffix is one of images."""
    stem, _, suffix = path.rsplit("/", 1)[-1].rpartition(".")
    return bool(stem) and suffix.lower() in IMAGE_SUFFIXES
