"""Low frequencies against the libraries that `imagehash` uses, to the last bit."""

import numpy as np
import pywt
from scipy import fftpack

from dedup_assets.kernels.describe.exact_frequencies import dct_low_frequencies, haar_low_frequencies


def test_haar_frequencies_are_those_of_pywt_without_the_mean_to_the_last_bit() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    for picture, found in zip(gray, haar_low_frequencies(gray), strict=True):
        levels = list(pywt.wavedec2(picture / 255.0, "haar", level=6))
        levels[0] *= 0
        np.testing.assert_array_equal(found, pywt.wavedec2(pywt.waverec2(levels, "haar"), "haar", level=2)[0])


def test_dct_frequencies_are_those_of_scipy_to_the_last_bit() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    for picture, found in zip(gray, dct_low_frequencies(gray), strict=True):
        np.testing.assert_array_equal(found, fftpack.dct(fftpack.dct(picture, axis=0), axis=1)[:16, :16])
