"""What the process that workers are forked from has loaded: importing this module is its whole work.

Belongs here: libraries that take long to import, and compiled loops, which are loaded as they are used once. Does not belong here:
anything whose threads a fork would miss: polars runs no query here, OpenCV and BLAS have one thread, and Dagster is not imported.
"""

import gc
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

import dedup_assets.stages.reading.reader
import dedup_assets.stages.vectors.embedded_rows  # noqa: F401 - for those who are forked
from dedup_assets.kernels.describe.description import load_compiled
from dedup_assets.kernels.describe.shrinking import resize_into, to_gray
from dedup_assets.kernels.verify.cascade import UNKNOWN, VerifiableImage, verify_pair


def _load_verification() -> None:
    """Verify a picture of spots and an enlarged part of it, which most of the tests look at."""
    spots = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (192, 256, 3), dtype=np.uint8), (0, 0), 3)
    picture = ((spots - spots.min()) * (255.0 / np.ptp(spots))).astype(np.uint8)
    part = resize_into(picture[20:170, 30:230], (256, 192))
    left, right = (
        VerifiableImage(resize_into(to_gray(each), (64, 64)), each, None, 256, 192, 40.0, 40.0)
        for each in (picture, part)
    )
    for transform in ("identity", UNKNOWN):
        verify_pair(left, right, transform)


threadpool_limits(1, "blas")
load_compiled()
_load_verification()
gc.collect()
gc.freeze()  # what collecting garbage does not touch stays shared
