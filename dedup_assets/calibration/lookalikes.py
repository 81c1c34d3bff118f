"""Pictures that agree in part and are not the same: what must stay apart however loose a threshold is.

Belongs here: making such pairs from the sample's own pictures. Does not belong here: edits of one picture
(`kernels/planted_kinds.py`), pairs that lie in the sample as they are (`unrelated.py`).

Pictures are (h, w, 3) uint8 RGB.
"""

from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np

from dedup_assets.kernels.planted_edits import Picture, captioned

PANEL_PX = (192, 144)
LOGO_PX, LOGO_SHAPES, LOGO_SHARE = 128, 60, 0.33
"""A logo a third as wide and high as the picture covers a ninth of it, with more detail than all the rest."""


def under_one_logo(pictures: Sequence[Picture]) -> tuple[Picture, Picture]:
    """Two pictures with the same logo in the lower right corner."""
    return _with_logo(pictures[0]), _with_logo(pictures[1])


def under_one_caption(pictures: Sequence[Picture]) -> tuple[Picture, Picture]:
    """Two pictures below the same words."""
    return captioned(pictures[0], "WHEN YOU SEE IT"), captioned(pictures[1], "WHEN YOU SEE IT")


def one_of_four_panels(pictures: Sequence[Picture]) -> tuple[Picture, Picture]:
    """A picture, and a grid of four of which it is the first: a sheet of pictures is not one of them."""
    panels = [np.asarray(cv2.resize(picture, PANEL_PX, interpolation=cv2.INTER_AREA), np.uint8) for picture in pictures]
    return panels[0], np.vstack([np.hstack(panels[:2]), np.hstack(panels[2:4])])


LOOKALIKES: dict[str, Callable[[Sequence[Picture]], tuple[Picture, Picture]]] = {
    "one logo": under_one_logo,
    "one caption": under_one_caption,
    "one of four panels": one_of_four_panels,
}
"""Each kind, made of four different pictures."""


def _with_logo(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = max(1, round(width * LOGO_SHARE)), max(1, round(height * LOGO_SHARE))
    marked = picture.copy()
    marked[height - size[1] :, width - size[0] :] = cv2.resize(_logo(), size, interpolation=cv2.INTER_AREA)
    return marked


@cache
def _logo() -> Picture:
    """Rectangles of all sizes in all colours, the same every time."""
    random = np.random.default_rng(4)
    logo = np.full((LOGO_PX, LOGO_PX, 3), 255, np.uint8)
    for left, top, width, height in random.integers(4, LOGO_PX // 2, (LOGO_SHAPES, 4)).tolist():
        colour = random.integers(0, 256, 3).tolist()
        corner = 2 * left - 8, 2 * top - 8
        cv2.rectangle(logo, corner, (corner[0] + width, corner[1] + height), colour, cv2.FILLED)
    return logo
