"""The demo's image collection: real photographs with planted copies, built from what ships inside the scikit-image wheel.

Belongs here: which photographs, which edits, and where they are put. Does not belong here: anything that finds them again.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

Photo = NDArray[np.uint8]

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


class NoPhotographsError(RuntimeError):
    """The photographs of the demo are not installed."""


def build_demo_collection(folder: Path) -> int:
    """Write the collection below `folder`, replacing what is there, and return the number of files.

    Raises:
        NoPhotographsError: scikit-image is not installed.
    """
    folder_of_photographs = _find_photographs()
    count = 0
    for place, (name, data) in enumerate(_files(folder_of_photographs)):
        path = folder / PREFIXES[place % len(PREFIXES)] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        count += 1
    return count


def _find_photographs() -> Path:
    try:
        import skimage
    except ImportError as error:
        raise NoPhotographsError(
            "The demo's photographs come with scikit-image: pip install 'dedup-assets[demo]'."
        ) from error
    return Path(skimage.__file__).parent / "data"


def _read(path: Path) -> Photo:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise NoPhotographsError(f"{path.name} is missing from the installed scikit-image.")
    return picture.astype(np.uint8)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    photographs = {Path(name).stem: _read(folder / name) for name in PHOTOGRAPHS}
    for name, picture in photographs.items():
        yield f"{name}.jpg", _jpeg(picture, 92)
    kinds = list(EDITS.items())
    for number, (name, picture) in enumerate(photographs.items()):
        for place in range(3 * number, 3 * number + 3):
            kind, (suffix, edit) = kinds[place % len(kinds)]
            yield f"{name} {kind}.{suffix}", edit(picture)
    yield "coffee recoloured.jpg", _jpeg(_recolour(photographs["coffee"]), 92)
    yield from _generations(_read(folder / GENERATED))
    yield "half a download.jpg", _jpeg(photographs["chelsea"], 92)[:9_000]
    yield "not a picture.png", b"<html><body>404 Not Found</body></html>"


def _generations(picture: Photo) -> Iterator[tuple[str, bytes]]:
    square = picture[:, 100:527]
    for name, side in (("ORIG", 512), ("FINAL", 1024)):
        image = Image.fromarray(cv2.cvtColor(cv2.resize(square, (side, side)), cv2.COLOR_BGR2RGB))
        text = PngInfo()
        text.add_text("parameters", RECIPE.format(size=f"{side}x{side}"))
        out = io.BytesIO()
        image.save(out, "PNG", pnginfo=text)
        yield f"00042-1234567890 {name}.png", out.getvalue()


def _encode(picture: Photo, suffix: str, *parameters: int) -> bytes:
    return cv2.imencode(suffix, picture, list(parameters))[1].tobytes()


def _jpeg(picture: Photo, quality: int) -> bytes:
    return _encode(picture, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def _scale(picture: Photo, factor: float) -> Photo:
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _crop(picture: Photo, share: float) -> Photo:
    height, width = picture.shape[:2]
    top, left = round(height * share / 2), round(width * share / 2)
    return picture[top : height - top, left : width - left]


def _caption(picture: Photo) -> Photo:
    bar = picture.shape[0] // 5
    framed = cv2.copyMakeBorder(picture, bar, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    size = picture.shape[1] / 420
    return cv2.putText(framed, "LOOK AT THIS", (10, bar * 2 // 3), cv2.FONT_HERSHEY_DUPLEX, size, (0, 0, 0), 2).astype(
        np.uint8
    )


def _recolour(picture: Photo) -> Photo:
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR).astype(np.uint8)


def _sideways(picture: Photo) -> bytes:
    """Stored turned, with the EXIF flag that turns it upright again."""
    image = Image.fromarray(cv2.cvtColor(np.rot90(picture).copy(), cv2.COLOR_BGR2RGB))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


EDITS: dict[str, tuple[str, Callable[[Photo], bytes]]] = {
    "same bytes": ("jpg", lambda picture: _jpeg(picture, 92)),
    "small": ("jpg", lambda picture: _jpeg(_scale(picture, 0.5), 85)),
    "mirrored": ("jpg", lambda picture: _jpeg(np.ascontiguousarray(picture[:, ::-1]), 90)),
    "low quality": ("jpg", lambda picture: _jpeg(picture, 25)),
    "resaved": ("png", lambda picture: _encode(picture, ".png")),
    "gray": ("jpg", lambda picture: _jpeg(np.repeat(picture.mean(2, keepdims=True), 3, 2).astype(np.uint8), 90)),
    "cropped": ("jpg", lambda picture: _jpeg(_crop(picture, 0.2), 90)),
    "sideways": ("jpg", _sideways),
    "captioned": ("jpg", lambda picture: _jpeg(_caption(picture), 90)),
    "turned": ("jpg", lambda picture: _jpeg(np.rot90(picture).copy(), 90)),
    "brighter": (
        "webp",
        lambda picture: _encode(cv2.convertScaleAbs(picture, alpha=1.2, beta=8).astype(np.uint8), ".webp", 1, 80),
    ),
    "framed": (
        "jpg",
        lambda picture: _jpeg(cv2.copyMakeBorder(picture, 20, 20, 20, 20, cv2.BORDER_CONSTANT).astype(np.uint8), 90),
    ),
}
