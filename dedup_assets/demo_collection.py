"""The demo's image collection: real photographs with planted copies, built from what ships inside the scikit-image wheel.

Belongs here: which photographs, which edits, and where they are put. Does not belong here: what an edit does to pixels
(`kernels/planted_edits.py`), or anything that finds them again.
"""

import io
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dedup_assets.errors import NoPhotographsError
from dedup_assets.kernels import planted_edits as edits
from dedup_assets.kernels.planted_edits import Picture, jpeg

PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png", "gravel.png",
    "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png", "retina.jpg",
)  # fmt: skip
GENERATED = "rocket.jpg"
"""Stands for a picture that a model made, once as first pass and once enlarged."""

PREFIXES = ("catalog/cameras", "catalog/travel", "scrape/2026-11-01", "scrape/2026-11-02", "uploads/Überblick & Co")

RECIPE = (
    "a rocket on its launch pad, golden hour, photograph\nNegative prompt: blurry, text\n"
    "Steps: 30, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567890, Size: {size}, "
    "Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Version: v1.7.0"
)


def build_demo_collection(folder: Path) -> int:
    """Write the collection below `folder`, but for files that are there already, and return the number of files.

    Raises:
        NoPhotographsError: scikit-image is not installed.
    """
    files = list(_files(_find_photographs()))
    for place, (name, make) in enumerate(files):
        path = folder / PREFIXES[place % len(PREFIXES)] / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = path.with_suffix(".part")  # a killed demo leaves no half of a file under its name
            whole.write_bytes(make())
            whole.rename(path)
    return len(files)


def _find_photographs() -> Path:
    try:
        import skimage
    except ImportError as error:
        raise NoPhotographsError(
            "The demo's photographs come with scikit-image: pip install 'dedup-assets[demo]'."
        ) from error
    return Path(skimage.__file__).parent / "data"


@lru_cache(1)
def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise NoPhotographsError(f"{path.name} is missing from the installed scikit-image.")
    return picture.astype(np.uint8)


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name of each file, and what makes its bytes."""

    def edited(photograph: str, edit: Callable[[Picture], bytes]) -> Callable[[], bytes]:
        return lambda: edit(_read(folder / photograph))

    for photograph in PHOTOGRAPHS:
        yield f"{Path(photograph).stem}.jpg", edited(photograph, EDITS["same bytes"][1])
    kinds = list(EDITS.items())
    for number, photograph in enumerate(PHOTOGRAPHS):
        for place in range(3 * number, 3 * number + 3):
            kind, (suffix, edit) = kinds[place % len(kinds)]
            yield f"{Path(photograph).stem} {kind}.{suffix}", edited(photograph, edit)
    yield "coffee recoloured.jpg", edited("coffee.png", lambda picture: jpeg(edits.recoloured(picture), 92))
    for name, side in (("ORIG", 512), ("FINAL", 1024)):
        yield f"00042-1234567890 {name}.png", edited(GENERATED, partial(_generated, side=side))
    yield "half a download.jpg", edited("chelsea.png", lambda picture: jpeg(picture, 92)[:9_000])
    yield "not a picture.png", lambda: b"<html><body>404 Not Found</body></html>"


def _generated(picture: Picture, side: int) -> bytes:
    image = Image.fromarray(np.asarray(cv2.resize(picture[:, 100:527], (side, side)), np.uint8))
    text = PngInfo()
    text.add_text("parameters", RECIPE.format(size=f"{side}x{side}"))
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=text)
    return out.getvalue()


def _sideways(picture: Picture) -> bytes:
    """Stored turned, with the EXIF flag that turns it upright again."""
    image = Image.fromarray(edits.turned(picture))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


EDITS: dict[str, tuple[str, Callable[[Picture], bytes]]] = {
    "same bytes": ("jpg", lambda picture: jpeg(picture, 92)),
    "small": ("jpg", lambda picture: jpeg(edits.scaled(picture, 0.5), 85)),
    "mirrored": ("jpg", lambda picture: jpeg(edits.mirrored(picture), 90)),
    "low quality": ("jpg", lambda picture: jpeg(picture, 25)),
    "resaved": ("png", lambda picture: edits.encode(picture, ".png")),
    "gray": ("jpg", lambda picture: jpeg(edits.grayed(picture), 90)),
    "cropped": ("jpg", lambda picture: jpeg(edits.cropped(picture, 0.36, at=0.5), 90)),
    "sideways": ("jpg", _sideways),
    "captioned": ("jpg", lambda picture: jpeg(edits.captioned(picture), 90)),
    "turned": ("jpg", lambda picture: jpeg(edits.turned(picture), 90)),
    "brighter": ("webp", lambda picture: edits.webp(edits.toned(picture, gain=1.2, offset=8 / 255), 80)),
    "framed": ("jpg", lambda picture: jpeg(edits.framed(picture, 0.05), 90)),
}
