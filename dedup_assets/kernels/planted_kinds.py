"""The kinds that calibration plants: what is made of a picture, and what it ought to be found as.

Belongs here: the one list of them. Does not belong here: how each is made (`planted_edits.py`, `planted_files.py`), which pictures
get which kind (`calibration/`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from dedup_assets.kernels.planted_edits import (
    BLACK,
    WHITE,
    Picture,
    blurred,
    captioned,
    cropped,
    dated,
    encode,
    framed,
    grayed,
    jpeg,
    mirrored,
    noisy,
    painted_over,
    recoloured,
    scaled,
    tilted,
    toned,
    turned,
    watermarked,
    webp,
    with_thing,
)
from dedup_assets.kernels.planted_files import cut_out, film, flattened, form, scanned, with_code, with_saying

Family = Literal["near", "turned", "copy", "different"]
Maker = Callable[[Picture], bytes]
RECOLOURED = "recoloured"
"""Means nothing in a picture without colour."""


@dataclass(frozen=True, slots=True)
class PlantedEdit:
    """One kind of edit: its name, what it ought to be found as ("different": not at all), and the file it makes.

    `base` makes the file of the same picture that the two are compared with; None for the image as it is.
    """

    name: str
    family: Family
    apply: Maker
    base: Maker | None = None


def _drawn(edit: Callable[..., Picture], *about: Any, **strength: Any) -> Maker:
    """An edit of pixels, saved as a JPEG."""
    return lambda picture: jpeg(edit(picture, *about, **strength))


_EDITS: dict[Family, dict[str, Maker]] = {
    "near": {
        **{f"JPEG {quality}": partial(jpeg, quality=quality) for quality in (90, 70, 45, 20)},
        "WebP 60": partial(webp, quality=60),
        **{f"size {factor:g}": _drawn(scaled, factor=factor) for factor in (1.5, 0.75, 0.5, 0.25, 0.125)},
        "brighter": _drawn(toned, gain=1.2, offset=0.03),
        "darker": _drawn(toned, gain=0.7),
        "more contrast": _drawn(toned, gain=1.4, offset=-0.2),
        "gamma 1.5": _drawn(toned, gamma=1.5),
        "grayscale": _drawn(grayed),
        "blurred": _drawn(blurred, pixels=1.8),
        "noisy": _drawn(noisy, levels=12),
        **{f"cropped {removed:.0%}": _drawn(cropped, removed=removed) for removed in (0.02, 0.05, 0.1)},
        "border 3%": _drawn(framed, share=0.03, colour=WHITE),
        "watermark": _drawn(watermarked),
        "date": _drawn(dated),
    },
    "turned": {"mirrored": _drawn(mirrored), "turned": _drawn(turned), "upside down": _drawn(turned, quarters=2)},
    "copy": {
        **{f"cropped {removed:.0%}": _drawn(cropped, removed=removed) for removed in (0.2, 0.5, 0.65)},
        "frame 15%": _drawn(framed, share=0.15),
        "caption": _drawn(captioned),
        "tilted 6°": _drawn(tilted, degrees=6),
        "mirrored, cropped": _drawn(lambda picture: cropped(mirrored(picture), 0.2)),
        "cropped, dark, JPEG 20": lambda picture: jpeg(toned(cropped(picture, 0.4), gain=0.7), 20),
    },
    "different": {
        RECOLOURED: _drawn(recoloured),
        "a thing added": _drawn(with_thing),
        "painted over": _drawn(painted_over),
    },
}

_FORM, _FILM = partial(form, entry="1 204.50"), partial(film, image_format="WEBP")

_MADE: dict[Maker, dict[str, tuple[Family, Maker]]] = {
    lambda picture: encode(_FORM(picture), ".png"): {
        "form, scanned": ("near", lambda picture: scanned(_FORM(picture))),
        "form, JPEG 40": ("near", lambda picture: jpeg(_FORM(picture), 40)),
        "form, other entry": ("different", _drawn(form, "1 264.50")),
    },
    _drawn(with_code, "ticket 10007"): {"other code": ("different", _drawn(with_code, "ticket 17926"))},
    _drawn(with_saying, "MONDAY AGAIN"): {"other caption": ("different", _drawn(with_saying, "LOOK AT THIS"))},
    _FILM: {
        "film, as GIF": ("near", partial(film, image_format="GIF")),
        "film, smaller": ("near", partial(_FILM, factor=0.75)),
        "film, other frames": ("different", partial(_FILM, other=True)),
    },
    cut_out: {
        "cut out, on white": ("near", partial(flattened, colour=WHITE)),
        "cut out, on black": ("near", partial(flattened, colour=BLACK)),
        "other cut-out": ("different", partial(cut_out, other=True)),
    },
}
"""By the file that each is compared with."""

PLANTED_EDITS = (
    *(PlantedEdit(name, family, edit) for family, kinds in _EDITS.items() for name, edit in kinds.items()),
    *(PlantedEdit(name, *kind, base) for base, kinds in _MADE.items() for name, kind in kinds.items()),
)
"""Every kind that calibration plants, from light to heavy, then those of forms, codes, captions, films and transparency."""
