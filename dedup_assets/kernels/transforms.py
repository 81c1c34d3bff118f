"""The eight ways to turn or mirror a picture: their names, what undoes each, and doing it to pixels.

What a transform does to a hash of the picture is in `kernels/describe/hashes.py`.
"""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

PARTS: Final[dict[str, tuple[bool, bool, bool]]] = {
    "identity": (False, False, False),
    "mirror": (False, False, True),
    "rot90": (True, True, False),
    "rot180": (False, True, True),
    "rot270": (True, False, True),
    "transpose": (True, False, False),
    "flip": (False, True, False),
    "transverse": (True, True, True),
}
"""Each transform as its parts, in the order in which they are applied: axes swapped, rows reversed, columns reversed."""
TRANSFORMS: Final = tuple(PARTS)
INVERSE_TRANSFORMS: Final[dict[str, str]] = {name: name for name in TRANSFORMS} | {"rot90": "rot270", "rot270": "rot90"}
INVERSE_NUMBERS: Final = np.array([TRANSFORMS.index(INVERSE_TRANSFORMS[name]) for name in TRANSFORMS])
"""The same by number, as tables of pairs hold them: indexes into TRANSFORMS."""

Pixel = TypeVar("Pixel", bound=np.generic)


def transform_image(image: NDArray[Pixel], transform: str) -> NDArray[Pixel]:
    """Turn or mirror an image of (h, w) or (h, w, channels); the result is contiguous.

    `mirror` is `np.fliplr` and `flip` is `np.flipud`; `rot90` is `np.rot90(image, 1)`, a quarter turn against the
    clock, so `rot270` is one with it; `transpose` swaps the axes and keeps the top left corner, `transverse` swaps
    them and keeps the top right one. Raises KeyError for an unknown transform.
    """
    transposed, rows_reversed, columns_reversed = PARTS[transform]
    turned = np.swapaxes(image, 0, 1) if transposed else image
    turned = turned[::-1] if rows_reversed else turned
    return np.ascontiguousarray(turned[:, ::-1] if columns_reversed else turned)
