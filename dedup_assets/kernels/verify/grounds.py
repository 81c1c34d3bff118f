"""Transparent pictures on another ground than the one that they were described on.

Here belongs laying a picture on a ground and which grounds a pair is compared on. Which ground a picture is described on is chosen
in `kernels/decode/rendering.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from dedup_assets.kernels.decode.rendering import BLACK, WHITE, change_ground
from dedup_assets.kernels.describe.borders import find_inner_box
from dedup_assets.kernels.describe.quality import is_low_information, measure_detail
from dedup_assets.kernels.verify.evidence import VerifiableImage

FLATTENED_ON: Final = (WHITE, BLACK)
"""Gray levels of the grounds that programs flatten a picture on: white, and black where they know of no transparency."""


def lay_alike(left: VerifiableImage, right: VerifiableImage) -> tuple[VerifiableImage, VerifiableImage]:
    """Return two pictures as they are compared first: both transparent ones on the ground of the darker choice."""
    if left.ground_level is None or right.ground_level is None or left.ground_level == right.ground_level:
        return left, right
    level = min(left.ground_level, right.ground_level)
    return lay_on(left, level), lay_on(right, level)


def lay_flattened(left: VerifiableImage, right: VerifiableImage) -> Iterator[tuple[VerifiableImage, VerifiableImage]]:
    """Yield a transparent and an opaque picture with the former on each other ground on which it can be seen."""
    if (left.ground_level is None) == (right.ground_level is None):
        return
    transparent = right if left.ground_level is None else left
    for level in FLATTENED_ON:
        laid = lay_on(transparent, level)
        if level != transparent.ground_level and not is_low_information(laid.contrast, laid.detail):
            yield (left, laid) if transparent is right else (laid, right)


def lay_on(image: VerifiableImage, level: int) -> VerifiableImage:
    """Return a transparent picture as it is seen on a ground of this gray level, of which there is no finer record; made once."""
    return image if level == image.ground_level else image.once((lay_on, level), lambda: _lay_on(image, level))


def _lay_on(image: VerifiableImage, level: int) -> VerifiableImage:
    if image.alpha is None or image.ground_level is None:
        return image
    small = np.asarray(cv2.resize(image.alpha, image.gray_64.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    gray = change_ground(image.gray_64, small, image.ground_level, level)
    thumbnail = change_ground(image.thumbnail, image.alpha, image.ground_level, level)
    return replace(
        image,
        gray_64=gray,
        thumbnail=thumbnail,
        inner_box=find_inner_box(thumbnail),
        contrast=float(gray.std()),
        detail=measure_detail(gray),
        stored=None,
        alpha=None,
        ground_level=level,
        fine_gray=None,
    )
