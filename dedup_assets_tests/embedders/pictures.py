"""Pictures for the tests of providers."""

from pathlib import Path

import cv2
import numpy as np
import skimage.data

from dedup_assets.embedders.protocol import Image

FLAT: Image = np.full((120, 160, 3), 80, np.uint8)


def photographs() -> list[Image]:
    """Three photographs of at most 256 px that the scikit-image wheel brings."""
    folder = Path(skimage.data.__file__).parent
    images = (
        cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB) for name in ("astronaut.png", "coffee.png", "chelsea.png")
    )
    return [np.ascontiguousarray(image[:512:2, :512:2], np.uint8) for image in images if image is not None]
