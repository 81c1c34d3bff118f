"""Colours as a viewer shows them: embedded ICC profiles to sRGB, transparency over a ground on which it can be seen.

Here belongs what happens to colours after decoding. Bringing the many pixel modes to a few is in `pixels.py`.
"""

import io
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

# Larger "profiles" are no profiles; and at most 16 of them are kept, so the cache stays below 64 MB.
_MAX_PROFILE_BYTES: Final = 4 << 20
WHITE, BLACK, GRAY = 255, 0, 128
GROUNDS: Final = (WHITE, BLACK, GRAY)
"""Tried in this order: the first on which enough is seen is taken."""
MIN_SEEN: Final = 0.5
"""Share of what is opaque that must differ from the ground by more than MIN_STEP levels of luma."""
MIN_STEP: Final = 48
_SRGB_NAMES: Final = ("srgb", "c2ci")


def render_rgb(plain: Image.Image, profile: bytes | None) -> NDArray[np.uint8]:
    """Return (h, w, 3) uint8 sRGB of an L, RGB, RGBA, CMYK or LAB image; a broken or unfit profile is ignored."""
    return render_on_ground(plain, profile)[0]


def render_on_ground(plain: Image.Image, profile: bytes | None) -> tuple[NDArray[np.uint8], int | None]:
    """Return the same, and the gray level of the ground that it lies on; None where there is no alpha channel."""
    level: int | None = None
    if profile or plain.mode == "LAB":
        plain = _to_srgb(plain, profile or b"")
    if plain.mode == "RGBA":
        level = choose_ground(plain)
        plain = Image.alpha_composite(Image.new("RGBA", plain.size, (level,) * 3), plain)
    return np.array(plain if plain.mode == "RGB" else plain.convert("RGB")), level


def choose_ground(plain: Image.Image) -> int:
    """Return the gray level on which an RGBA image is shown: white, unless it hides more than half of what is opaque.

    It follows from the picture alone. Colours below alpha 0 do not count; of a picture without any other, white.
    """
    alpha, luma = np.asarray(plain.getchannel("A"), np.float32), np.asarray(plain.convert("L"), np.int16)
    seen = [float(alpha[np.abs(luma - level) > MIN_STEP].sum()) for level in GROUNDS]
    return next((level for level, share in zip(GROUNDS, seen, strict=True) if share >= MIN_SEEN * alpha.sum()), WHITE)


def change_ground(
    picture: NDArray[np.uint8], alpha: NDArray[np.uint8], ground_level: int, level: int
) -> NDArray[np.uint8]:
    """Return (h, w[, 3]) uint8 that lies on one gray level as it lies on another; alpha (h, w) uint8, 255 is opaque."""
    clear = (255 - alpha.astype(np.float32)) * ((level - ground_level) / 255)
    shown = picture + (clear if picture.ndim == 2 else clear[..., None])
    return np.asarray(np.clip(np.rint(shown), 0, 255), dtype=np.uint8)


def render_pixels(pixels: NDArray[np.uint8], profile: bytes | None) -> NDArray[np.uint8]:
    """Do the same for (h, w) gray or (h, w, 3) RGB pixels; where no profile changes them, RGB is not copied."""
    if profile and _find_transform(profile, "L" if pixels.ndim == 2 else "RGB"):
        return render_rgb(Image.fromarray(pixels), profile)
    if pixels.ndim == 3:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def has_own_colours(profile: bytes | None) -> bool:
    """Whether an ICC profile changes RGB pixels: what loses it looks otherwise."""
    return bool(profile) and _find_transform(profile or b"", "RGB") is not None


def _to_srgb(plain: Image.Image, profile: bytes) -> Image.Image:
    transform = _find_transform(profile, plain.mode)
    if transform is None:
        return plain
    converted = transform.apply(plain)
    if plain.mode == "RGBA":
        converted.putalpha(plain.getchannel("A"))
    return converted


def _find_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    return _srgb_transform(profile, mode) if len(profile) <= _MAX_PROFILE_BYTES else None


@lru_cache(maxsize=16)
def _srgb_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a profile to sRGB, None if there is nothing to transform."""
    try:
        source = ImageCms.createProfile("LAB") if mode == "LAB" else ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if any(name in ImageCms.getProfileDescription(source).lower() for name in _SRGB_NAMES):
            return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, target, mode, "RGBA" if mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
