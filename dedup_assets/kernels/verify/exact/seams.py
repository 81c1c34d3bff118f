"""Whether a picture that another one contains is cut off there by a straight seam: one panel of a collage.

Here belongs the measure along the outline of the contained picture. What lies around it (a plain frame or more of the
scene) is told in `overlap.py`; what a seam decides is in `pixel_tests.py`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

INSIDE_PX = 6.0
"""An edge nearer to the container's own border than this is no inner edge."""
REACH_PX = 6
SLACK_PX = 2
"""The fitted outline is exact to about 2 px of a thumbnail."""
MIN_STEP_LEVELS = 12.0
MIN_STEP_RATIO = 2.2
"""Mean step across the seam over that of lines beside it. Of 40 photographs none of 160 crops passed, all 78 panels of
collages of two did, with 2.5 or more."""
SAMPLES = 96


def has_seam(container: NDArray[np.uint8], outline: NDArray[np.float64]) -> bool:
    """Whether every inner edge of the outline is a straight step of brightness or colour all along.

    container: (h, w, 3) uint8 RGB; outline: (4, 2) px, the corners of the contained picture in order. False where the
    outline has no inner edge.
    """
    height, width = container.shape[:2]
    edges = [(outline[at], outline[(at + 1) % 4]) for at in range(4)]
    inner = [edge for edge in edges if _is_inner(*edge, width, height)]
    return bool(inner) and all(_is_step(container, *edge) for edge in inner)


def _is_inner(start: NDArray[np.float64], end: NDArray[np.float64], width: int, height: int) -> bool:
    x, y = (start + end) / 2
    return bool(INSIDE_PX < x < width - 1 - INSIDE_PX and INSIDE_PX < y < height - 1 - INSIDE_PX)


def _is_step(container: NDArray[np.uint8], start: NDArray[np.float64], end: NDArray[np.float64]) -> bool:
    """Compare the mean step across the edge with that across its parallels."""
    along = end - start
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    offsets = np.arange(-REACH_PX, REACH_PX + 1)
    places = start + np.linspace(0.05, 0.95, SAMPLES)[:, None] * along
    grid = (places[:, None, :] + offsets[None, :, None] * across).astype(np.float32)
    lines = cv2.remap(container, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    steps = np.abs(np.diff(lines.astype(np.float32), axis=1)).max(axis=2).mean(axis=0)
    near = np.abs(offsets[:-1] + 0.5) <= SLACK_PX
    strongest = float(steps[near].max())
    return strongest >= MIN_STEP_LEVELS and strongest >= MIN_STEP_RATIO * float(np.median(steps[~near]))
