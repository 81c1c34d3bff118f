"""The edits of `benchmarks/verification.py`: what people do to photographs, on BGR pictures.

Here belong edits only; measuring what is recognised of them is in `verification`.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.verify.cascade import UNKNOWN

Picture = NDArray[np.uint8]


def recompressed(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def scaled(picture: Picture, across: float, down: float | None = None) -> Picture:
    how = cv2.INTER_AREA if across < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=across, fy=down or across, interpolation=how), np.uint8)


def toned(picture: Picture, gain: float, power: float = 1.0) -> Picture:
    return np.clip(255 * gain * (picture / 255.0) ** power, 0, 255).astype(np.uint8)


def cropped(picture: Picture, removed: float) -> Picture:
    """Cut away a share of the area, more at the bottom right."""
    side = (1 - removed) ** 0.5
    height, width = (int(length * side) for length in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 3, (picture.shape[1] - width) // 3
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def tilted(picture: Picture, degrees: float) -> Picture:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def padded(picture: Picture, top: float, sides: float, colour: int) -> Picture:
    y, x = int(picture.shape[0] * top), int(picture.shape[1] * sides)
    return np.pad(picture, ((y, y), (x, x), (0, 0)), constant_values=colour)


def written(picture: Picture, words: str, x: float, y: float, size: float) -> Picture:
    out, width = picture.copy(), picture.shape[1]
    at = int(width * x), int(picture.shape[0] * y)
    cv2.putText(
        out, words, at, cv2.FONT_HERSHEY_DUPLEX, width * size, (255, 255, 255), max(1, width // 160), cv2.LINE_AA
    )
    return out


def recoloured(picture: Picture) -> Picture:
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)


EDITS: dict[str, tuple[str, str, Callable[[Picture], Picture]]] = {
    "jpeg 20": ("near", "identity", lambda p: recompressed(p, 20)),
    "half size": ("near", "identity", lambda p: scaled(p, 0.5)),
    "quarter size": ("near", "identity", lambda p: scaled(p, 0.25)),
    "enlarged": ("near", "identity", lambda p: scaled(p, 1.6)),
    "squeezed": ("near", "identity", lambda p: scaled(p, 0.88, 1.0)),
    "brighter": ("near", "identity", lambda p: toned(p, 1.25)),
    "darker": ("near", "identity", lambda p: toned(p, 0.7)),
    "gamma 1.5": ("near", "identity", lambda p: toned(p, 1, 1.5)),
    "grayscale": (
        "near",
        "identity",
        lambda p: np.asarray(np.repeat(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY)[..., None], 3, 2), np.uint8),
    ),
    "blurred": ("near", "identity", lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1.8), np.uint8)),
    "dated": ("near", "identity", lambda p: written(p, "2025-06-01", 0.62, 0.95, 1 / 700)),
    "tilted 1": ("near", "identity", lambda p: tilted(p, 1)),
    "cropped 5 %": ("near", "identity", lambda p: cropped(p, 0.05)),
    "cropped 10 %": ("near", "identity", lambda p: cropped(p, 0.10)),
    "bordered 3 %": ("near", "identity", lambda p: padded(p, 0.03, 0.03, 255)),
    "cropped 20 %": ("copy", UNKNOWN, lambda p: cropped(p, 0.20)),
    "cropped 50 %": ("copy", UNKNOWN, lambda p: cropped(p, 0.50)),
    "cropped 65 %": ("copy", UNKNOWN, lambda p: cropped(p, 0.65)),
    "tilted 6": ("copy", "identity", lambda p: tilted(p, -6)),
    "turned": ("copy", "rot90", lambda p: np.ascontiguousarray(np.rot90(p))),
    "mirrored": ("copy", "mirror", lambda p: np.ascontiguousarray(p[:, ::-1])),
    "mirrored and cropped": ("copy", UNKNOWN, lambda p: cropped(np.ascontiguousarray(p[:, ::-1]), 0.2)),
    "framed": ("copy", "identity", lambda p: padded(p, 0.15, 0.15, 0)),
    "captioned": ("copy", UNKNOWN, lambda p: written(padded(p, 0.2, 0, 30), "WHEN YOU SEE IT", 0.02, 0.1, 1 / 420)),
    "letter across it": ("copy", "identity", lambda p: written(p, "O", 0.5, 0.6, 1 / 70)),
    "96 px": ("copy", "identity", lambda p: scaled(p, 96 / min(p.shape[:2]))),
    "cropped, dark, jpeg 35": ("copy", UNKNOWN, lambda p: recompressed(toned(cropped(p, 0.25), 0.8), 35)),
    "recoloured": ("another picture", "identity", recoloured),
}
