"""Perceptual hashes of whole chunks of gray images, turned and mirrored without looking at the images again.

Here belong the 256-bit wavelet and DCT hashes, their transformation and their distance. Searching among many hashes is in
`kernels/candidates/hamming_search.py`; making the gray images is in `shrinking.py`, turning them in `kernels/transforms.py`, the
oracle's arithmetic in `exact_frequencies.py`.

Both hashes are those of the `imagehash` package with hash_size=16, bit for bit, on the same 64x64 gray image. A hash is
32 bytes: 16 rows of 16 bits, row-major, packed by `numpy.packbits`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.describe.exact_frequencies import dct_low_frequencies, haar_low_frequencies
from dedup_assets.kernels.transforms import PARTS, TRANSFORMS, transform_image

GRAY_SIDE: Final = 64
HASH_SIDE: Final = 16
HASH_BYTES: Final = HASH_SIDE * HASH_SIDE // 8

# A slice of 32 images needs about 4 MB of float64 while it is hashed, whatever the length of the chunk.
_SLICE_IMAGES: Final = 32

# DCT coefficients are up to 4 million; two that are further apart than this keep their order however they are rounded.
_MIN_DCT_GAP: Final = 1e-4

HashKind = Literal["wavelet", "dct"]


def wavelet_hashes(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Hash by the low frequencies of a Haar decomposition whose mean was removed: bit set where above the median.

    gray is (n, 64, 64) uint8; returns (n, 32) uint8. Equal to `imagehash.whash(image, hash_size=16)`
    (D. Petrov, "Wavelet image hash in Python", 2016). Raises ValueError for any other shape or dtype.
    """
    return _hash_in_slices(gray, sum_cells, 0, haar_low_frequencies)


def dct_hashes(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Hash by the 16x16 lowest DCT-II coefficients: bit set where a coefficient is above their median.

    gray is (n, 64, 64) uint8; returns (n, 32) uint8. Equal to `imagehash.phash(image, hash_size=16)`
    (C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
    Raises ValueError for any other shape or dtype.
    """
    return _hash_in_slices(gray, _project_on_waves, _MIN_DCT_GAP, dct_low_frequencies)


def transform_hashes(codes: NDArray[np.uint8], transform: str, kind: HashKind) -> NDArray[np.uint8]:
    """Return, for (n, 32) uint8 hashes, the (n, 32) hashes of the images transformed (see `transform_image`).

    Bits are permuted, and for a DCT hash those of odd frequency along a mirrored axis complemented: mirroring
    changes the sign of exactly these coefficients. So it is an isometry that maps no two hashes onto one, and
    `hamming(transform(a), b) == hamming(a, inverse(b))` exactly. The hash of the transformed image differs from it in
    the bits near the median, which the changed signs move: of 622 photographs mirrored, wavelet hashes differed in at
    most 2 bits, DCT hashes in 6 (median), 18 to 20 (99 of 100), 46 (worst). Raises KeyError for an unknown transform.
    """
    order, complement = _bit_plan(transform, kind)
    bits = np.unpackbits(codes, axis=1)
    return np.packbits(bits[:, order] ^ complement, axis=1)


def hamming_distances(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Count the differing bits of two (n, 32) uint8 arrays row by row; returns (n,) int32, 0..256, low is alike."""
    differing = np.bitwise_xor(left, right)
    counts: NDArray[np.int32] = np.bitwise_count(differing).sum(axis=1, dtype=np.int32)
    return counts


def sum_cells(gray: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the sums of 4x4 pixels of (n, 64, 64) uint8: (n, 16, 16) uint16, 0..4080."""
    lines = gray.reshape(-1, HASH_SIDE, 4, GRAY_SIDE)
    rows = lines[:, :, 0].astype(np.uint16)
    for line in range(1, 4):
        rows += lines[:, :, line]
    return (rows[..., 0::4] + rows[..., 1::4]) + (rows[..., 2::4] + rows[..., 3::4])


def _hash_in_slices(
    gray: NDArray[np.uint8],
    order_frequencies: Callable[[NDArray[np.uint8]], NDArray[Any]],
    min_gap: float,
    low_frequencies: Callable[[NDArray[np.uint8]], NDArray[np.float64]],
) -> NDArray[np.uint8]:
    """Set the bits above the median by quick values that are in the same order as those of `low_frequencies`.

    Where the two values in the middle are no more than min_gap apart, rounding decides: there the oracle's own steps.
    """
    if gray.dtype != np.uint8 or gray.ndim != 3 or gray.shape[1:] != (GRAY_SIDE, GRAY_SIDE):
        raise ValueError(f"Expected gray images of shape (n, 64, 64) and dtype uint8, got {gray.shape} {gray.dtype}.")
    codes = np.empty((len(gray), HASH_BYTES), dtype=np.uint8)
    for start in range(0, len(gray), _SLICE_IMAGES):
        part, code = gray[start : start + _SLICE_IMAGES], codes[start : start + _SLICE_IMAGES]
        values = order_frequencies(part).reshape(-1, HASH_SIDE * HASH_SIDE)
        ordered = np.sort(values, axis=1)
        below, above = ordered[:, ordered.shape[1] // 2 - 1], ordered[:, ordered.shape[1] // 2]
        code[:] = np.packbits(values >= above[:, None], axis=1)
        doubtful = above - below <= min_gap
        if doubtful.any():
            exact = low_frequencies(part[doubtful]).reshape(-1, HASH_SIDE * HASH_SIDE)
            code[doubtful] = np.packbits(exact > np.median(exact, axis=1, keepdims=True), axis=1)
    return codes


def _project_on_waves(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the 16x16 lowest DCT-II coefficients by matrix products, which differ from `scipy`'s by 1e-8 at most."""
    waves = _lowest_waves()
    across = gray.reshape(-1, GRAY_SIDE).astype(np.float64) @ waves.T
    coefficients: NDArray[np.float64] = waves @ across.reshape(-1, GRAY_SIDE, HASH_SIDE)
    return coefficients


@lru_cache(maxsize=1)
def _lowest_waves() -> NDArray[np.float64]:
    """Return the 16 longest waves of an unscaled DCT-II of 64 values, (16, 64)."""
    at = (2 * np.arange(GRAY_SIDE) + 1) * np.pi / (2 * GRAY_SIDE)
    waves: NDArray[np.float64] = 2 * np.cos(np.arange(HASH_SIDE)[:, None] * at)
    return waves


@lru_cache(maxsize=2 * len(TRANSFORMS))
def _bit_plan(transform: str, kind: HashKind) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Return which bit comes to each of the 256 places, and which places are complemented on arrival (uint8 0 or 1)."""
    places = np.arange(HASH_SIDE * HASH_SIDE).reshape(HASH_SIDE, HASH_SIDE)
    if kind == "wavelet":
        return transform_image(places, transform).ravel(), np.zeros(places.size, dtype=np.uint8)
    transposed, rows_reversed, columns_reversed = PARTS[transform]
    odd = np.arange(HASH_SIDE) % 2 == 1
    complement = (odd[:, None] & rows_reversed) ^ (odd[None, :] & columns_reversed)
    return (places.T if transposed else places).ravel(), complement.ravel().astype(np.uint8)
