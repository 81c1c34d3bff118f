"""Small labelled collections of real photographs with planted copies, for the tests of the whole line.

Belongs here: which photographs, which copies of them, what each file shows, and writing them with fixed times.
Does not belong here: running anything over them (`line.py`), generated textures (`photographs.py`).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage
from PIL.PngImagePlugin import PngInfo

from dedup_assets_tests.photographs import Picture, jpeg, png, scaled

LONGER_SIDE_PX = 360
FIRST_TIME_S = 1_700_000_000
"""The modification time of a collection's first file; each later one is a minute younger."""

RECIPE = (
    "a rocket on its launch pad, golden hour, photograph\nNegative prompt: blurry, text\n"
    "Steps: 30, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 1234567890, Size: {width}x{height}, "
    "Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Version: v1.7.0"
)

GENERATION_PAIR = ("catalog/00042 ORIG.png", "uploads/00042 FINAL.png")


@dataclass(frozen=True)
class Planted:
    """One file: where it lies, its bytes, and the picture it shows (None: it cannot be read)."""

    path: str
    data: bytes
    picture: str | None

    @property
    def prefix(self) -> str:
        """The first directory of the path."""
        return self.path.split("/")[0]


@cache
def photograph(name: str) -> Picture:
    """One photograph of the scikit-image wheel, (h, w, 3) uint8 RGB, its longer side 360 px."""
    folder = Path(skimage.__file__).parent / "data"
    (path,) = folder.glob(f"{name}.*")
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return scaled(picture.astype(np.uint8), LONGER_SIDE_PX / max(picture.shape[:2]))


@cache
def labelled_collection() -> tuple[Planted, ...]:
    """Twenty-two files below three prefixes: every kind of copy, a generated pair, variants, look-alikes, broken files."""
    return (*_originals(), *_scraped(), *_uploads())


@cache
def small_collection() -> tuple[Planted, ...]:
    """Nine files below three prefixes, the copies of each photograph spread over them: enough where the line runs often."""
    astronaut, chelsea, coffee = (photograph(name) for name in ("astronaut", "chelsea", "coffee"))
    return (
        Planted("catalog/astronaut.jpg", jpeg(astronaut), "astronaut"),
        Planted("catalog/coffee small.jpg", jpeg(scaled(coffee, 0.6)), "coffee"),
        Planted("catalog/half.jpg", jpeg(chelsea)[:5_000], None),
        Planted("scrape/astronaut again.jpg", jpeg(astronaut), "astronaut"),
        Planted("scrape/chelsea.jpg", jpeg(chelsea, 85), "chelsea"),
        Planted("scrape/coffee.jpg", jpeg(coffee), "coffee"),
        Planted("uploads/astronaut cropped.jpg", jpeg(cropped(astronaut, 0.25)), "astronaut"),
        Planted("uploads/chelsea full.png", png(chelsea), "chelsea"),
        Planted("uploads/chelsea mirrored.jpg", jpeg(mirrored(chelsea), 80), "chelsea"),
    )


def write_collection(folder: Path, files: Iterable[Planted]) -> None:
    """Write files below `folder`, each at its own fixed time, which follows from its path alone."""
    for planted in files:
        write_file(folder / planted.path, planted.data, time_of(planted.path))


def write_file(path: Path, data: bytes, time_s: int) -> None:
    """Write one file with a modification time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time_s, time_s))


def time_of(path: str) -> int:
    """A modification time that follows from the path: no two paths of these collections share one."""
    return FIRST_TIME_S + int.from_bytes(path.encode()[-9:], "big") % 10_000_019


def pictures_of(files: Sequence[Planted]) -> Mapping[str, str]:
    """The picture that each readable file shows, by path."""
    return {planted.path: planted.picture for planted in files if planted.picture is not None}


def cropped(picture: Picture, share: float) -> Picture:
    """The picture without `share` of its width and height, taken from all sides."""
    height, width = picture.shape[:2]
    top, left = round(height * share / 2), round(width * share / 2)
    return picture[top : height - top, left : width - left]


def mirrored(picture: Picture) -> Picture:
    """The picture as in a mirror."""
    return np.ascontiguousarray(picture[:, ::-1])


def recoloured(picture: Picture) -> Picture:
    """Every hue turned by 150 degrees: the same shape as another product."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.uint8)


def generated(picture: Picture) -> bytes:
    """A PNG file with the parameters that AUTOMATIC1111 writes, its size among them."""
    text = PngInfo()
    text.add_text("parameters", RECIPE.format(width=picture.shape[1], height=picture.shape[0]))
    return png(picture, pnginfo=text)


def _originals() -> tuple[Planted, ...]:
    gravel = photograph("gravel")
    return (
        Planted("catalog/astronaut.jpg", jpeg(photograph("astronaut")), "astronaut"),
        Planted("catalog/chelsea.jpg", jpeg(photograph("chelsea")), "chelsea"),
        Planted("catalog/coffee.jpg", jpeg(photograph("coffee")), "coffee"),
        Planted("catalog/camera.jpg", jpeg(photograph("camera")), "camera"),
        Planted("catalog/hubble.jpg", jpeg(photograph("hubble_deep_field")), "hubble"),
        Planted("catalog/gravel left.jpg", jpeg(np.ascontiguousarray(gravel[:, :180])), "gravel left"),
        Planted(GENERATION_PAIR[0], generated(scaled(photograph("rocket"), 0.5)), "rocket"),
    )


def _scraped() -> tuple[Planted, ...]:
    return (
        Planted("scrape/astronaut again.jpg", jpeg(photograph("astronaut")), "astronaut"),
        Planted("scrape/astronaut mirrored.jpg", jpeg(mirrored(photograph("astronaut")), 90), "astronaut"),
        Planted("scrape/chelsea small.jpg", jpeg(scaled(photograph("chelsea"), 0.5)), "chelsea"),
        Planted("scrape/coffee recoloured.jpg", jpeg(recoloured(photograph("coffee"))), "coffee recoloured"),
        Planted("scrape/coffee low quality.jpg", jpeg(photograph("coffee"), 30), "coffee"),
        Planted("scrape/gravel right.jpg", jpeg(np.ascontiguousarray(photograph("gravel")[:, 180:])), "gravel right"),
        Planted("scrape/half a download.jpg", jpeg(photograph("chelsea"))[:6_000], None),
    )


def _uploads() -> tuple[Planted, ...]:
    return (
        Planted("uploads/astronaut cropped.jpg", jpeg(cropped(photograph("astronaut"), 0.25), 90), "astronaut"),
        Planted("uploads/astronaut third.jpg", jpeg(photograph("astronaut")), "astronaut"),
        Planted("uploads/chelsea webbed.jpg", jpeg(photograph("chelsea"), 70), "chelsea"),
        Planted("uploads/coffee full.png", png(photograph("coffee")), "coffee"),
        Planted("uploads/empty.jpg", b"", None),
        Planted("uploads/ihc.jpg", jpeg(photograph("ihc")), "ihc"),
        Planted("uploads/not a picture.png", b"<html><body>404 Not Found</body></html>", None),
        Planted(GENERATION_PAIR[1], generated(photograph("rocket")), "rocket"),
    )
