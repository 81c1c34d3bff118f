"""Files that hold more than one opaque photograph, made of one: forms, codes, sayings, films and cut-outs.

Belongs here: making each, with what two of a kind may differ in. Does not belong here: edits of pixels (`planted_edits.py`),
which of them are planted (`planted_kinds.py`).

Pictures are (h, w, 3) uint8 RGB; each file is a function of its arguments alone.
"""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dedup_assets.kernels.planted_edits import BLACK, WHITE, Picture, blurred, jpeg, noisy, scaled, tilted, toned

FORM_PX, GLUED_PX, FORM_ROWS = (840, 1188), 220, 12
FILM_PX, FILM_FRAMES, FIRST_FRAMES, FILM_SHARE = 320, 8, 3, 0.6
CODE_SHARE = 0.33


def form(picture: Picture, entry: str) -> Picture:
    """A printed form with the picture glued on it, of which one of twelve fields holds `entry`."""
    width, height = FORM_PX
    sheet = np.full((height, width, 3), 255, np.uint8)
    glued = scaled(picture, GLUED_PX / max(picture.shape[:2]))
    sheet[60 : 60 + glued.shape[0], 560 : 560 + glued.shape[1]] = glued
    _write(sheet, "APPLICATION 17-B", (80, 110), 1.2)
    for row in range(FORM_ROWS):
        top = 330 + 65 * row
        _write(sheet, f"{row + 1}. of the applicant", (80, top + 24), 0.6)
        cv2.rectangle(sheet, (330, top - 8), (760, top + 36), (80, 80, 80), 2)
        _write(
            sheet, entry if row == FORM_ROWS // 2 else f"{7919 * (row + 2)} {'ABCDE'[row % 5]}", (345, top + 24), 0.7
        )
    return sheet


def scanned(sheet: Picture) -> bytes:
    """A sheet as a scanner gives it: a little turned, soft, gray and grained, in a JPEG."""
    return jpeg(noisy(toned(blurred(tilted(sheet, 0.4), 0.25), gain=0.88, offset=0.06), 4), 75)


def with_code(picture: Picture, words: str) -> Picture:
    """With a QR code in the upper left corner, a third as wide as the shorter side."""
    side = max(1, round(min(picture.shape[:2]) * CODE_SHARE))
    code = cv2.resize(cv2.QRCodeEncoder.create().encode(words), (side, side), interpolation=cv2.INTER_AREA)
    marked = picture.copy()
    marked[:side, :side] = np.asarray(code, np.uint8)[..., None]
    return marked


def with_saying(picture: Picture, words: str) -> Picture:
    """With white words in a black outline along the lower edge."""
    height, width = picture.shape[:2]
    marked, at, size = picture.copy(), (width // 20, height * 9 // 10), width / 300
    for colour, thickness in ((BLACK, max(3, width // 60)), (WHITE, max(1, width // 180))):
        cv2.putText(marked, words, at, cv2.FONT_HERSHEY_DUPLEX, size, colour, thickness, cv2.LINE_AA)
    return marked


def film(picture: Picture, image_format: str, other: bool = False, factor: float = 1.0) -> bytes:
    """A view that moves down and right over the picture, as GIF or WebP; an `other` one turns back after three frames."""
    small = scaled(picture, factor * FILM_PX / max(picture.shape[:2]))
    spare = [round(length * (1 - FILM_SHARE)) for length in small.shape[:2]]
    height, width = (length - rest for length, rest in zip(small.shape, spare, strict=False))
    frames = []
    for number in range(FILM_FRAMES):
        place = 2 * FIRST_FRAMES - number if other and number > FIRST_FRAMES else number
        top, left = (rest * abs(place) // FILM_FRAMES for rest in spare)
        frames.append(Image.fromarray(small[top : top + height, left : left + width]))
    file = io.BytesIO()
    frames[0].save(file, image_format, save_all=True, append_images=frames[1:], duration=80, loop=0)
    return file.getvalue()


def cut_out(picture: Picture, *, other: bool = False) -> bytes:
    """What half an ellipse shows of the picture, as a PNG with the rest transparent; an `other` cut-out shows the other half."""
    rgba = np.dstack([picture, _mask(picture, other)])
    return cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))[1].tobytes()


def flattened(picture: Picture, colour: tuple[int, int, int]) -> bytes:
    """The cut-out on a ground of one colour, as a JPEG."""
    opaque = _mask(picture, other=False)[..., None] / 255
    return jpeg((picture * opaque + np.array(colour) * (1 - opaque)).round().astype(np.uint8))


def _mask(picture: Picture, other: bool) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    middle, axes, half = (
        (width // 2, height // 2),
        (width * 2 // 5, height * 2 // 5),
        (315, 495) if other else (135, 315),
    )
    return np.asarray(cv2.ellipse(mask, middle, axes, 0, *half, 255, cv2.FILLED), np.uint8)


def _write(sheet: Picture, words: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(sheet, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, (40, 40, 60), 1 + round(size), cv2.LINE_AA)
