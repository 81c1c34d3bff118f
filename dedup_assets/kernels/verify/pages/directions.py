"""Whether a turned or mirrored picture is still the same: an arrow is not, a photograph is, a sheet that lies sideways too.

Here belongs what a direction means. How a map turns or mirrors is in its numbers (`PairEvidence.fitted_map`); words are compared in
`words.py`.
"""

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.evidence import PairEvidence, VerifiableImage
from dedup_assets.kernels.verify.pages.words import is_drawn_on_plain_ground, is_page

TurnedCopies = Literal["photographs", "all", "none"]

EDGE_LEVELS, FLAT_LEVELS, EDGE_REACH_PX = 24, 4, 7
MAX_EDGES, MAX_TEXTURE = 0.52, 0.04
"""Shares of a thumbnail that lie beside an edge, and that are neither that nor flat. Arrows, letters, buttons and road signs in
96 to 800 px, at JPEG quality 60 and halved too, have 0.51 and 0.025 at most; of 622 photographs and 700 files of products one
passes that is no chart, a teapot on white."""


def judge_direction(
    left: VerifiableImage, right: VerifiableImage, evidence: PairEvidence, turned_copies: TurnedCopies
) -> PairEvidence:
    """Take an accepted pair back where one is turned or mirrored and that makes it another picture."""
    if not evidence.verdict or evidence.fitted_map is None or turned_copies == "all":
        return evidence
    across, skewed, _, slanted, down, _ = evidence.fitted_map
    mirrored = across * down < skewed * slanted
    if not mirrored and across + down >= abs(skewed) + abs(slanted):
        return evidence
    if turned_copies == "photographs" and not _means_another(left, right, mirrored):
        return evidence
    return replace(evidence, verdict=False, level=None, relation=None, decided_by="direction")


def _means_another(left: VerifiableImage, right: VerifiableImage, mirrored: bool) -> bool:
    """Whether both are signs; a page that lies sideways or upside down is the same page, but a mirrored one is not.

    What is written on no plain ground may be stars.
    """
    if not all(is_drawn_on_plain_ground(image) for image in (left, right)):
        return False
    if all(is_page(image) for image in (left, right)):
        return mirrored
    return all(is_drawn_of_few_shapes(image.thumbnail) for image in (left, right))


def is_drawn_of_few_shapes(thumbnail: NDArray[np.uint8]) -> bool:
    """Whether a thumbnail, (h, w, 3) uint8 RGB, of plain ground shows a few flat shapes and nothing else."""
    gray, kernel = to_gray(thumbnail), np.ones((3, 3), np.uint8)
    steps = cv2.subtract(cv2.dilate(gray, kernel), cv2.erode(gray, kernel))
    reach = np.ones((EDGE_REACH_PX, EDGE_REACH_PX), np.uint8)
    beside_edges = cv2.dilate((steps >= EDGE_LEVELS).astype(np.uint8), reach) > 0
    texture = ~beside_edges & (steps > FLAT_LEVELS)
    return float(beside_edges.mean()) <= MAX_EDGES and float(texture.mean()) <= MAX_TEXTURE
