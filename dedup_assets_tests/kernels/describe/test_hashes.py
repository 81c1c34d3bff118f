"""Hashes against `imagehash`, and transforms of hashes against transforms of images."""

import cv2
import imagehash
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dedup_assets.kernels.describe.hashes import (
    HashKind,
    dct_hashes,
    hamming_distances,
    transform_hashes,
    wavelet_hashes,
)
from dedup_assets.kernels.transforms import INVERSE_TRANSFORMS, TRANSFORMS, transform_image
from dedup_assets_tests.kernels.photographs import NAMES, load_photograph

Bytes = NDArray[np.uint8]
KINDS: tuple[HashKind, ...] = ("wavelet", "dct")
HASHES = {"wavelet": wavelet_hashes, "dct": dct_hashes}


def make_gray_chunk() -> Bytes:
    """Return gray images on which rounding decides bits: photographs, noise, flat, few-valued and blocky ones."""
    random = np.random.default_rng(1)
    noise = random.integers(0, 256, (40, 64, 64), dtype=np.uint8)
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 5) for image in noise[:20]])
    flat = np.stack([np.full((64, 64), level, dtype=np.uint8) for level in (0, 1, 127, 128, 255)])
    coarse = noise[:20] // 64 * 64
    cells = [random.integers(0, 2, (side, side)) * 255 for side in (1, 2, 4, 8, 16, 32) for _ in range(4)]
    blocks = np.stack([np.kron(cell, np.ones((64 // len(cell),) * 2)).astype(np.uint8) for cell in cells])
    return np.concatenate([photograph_chunk(), noise, smooth, flat, coarse, blocks])


def photograph_chunk() -> Bytes:
    photographs = [load_photograph(name).convert("L").resize((64, 64)) for name in NAMES]
    return np.stack([np.asarray(photograph) for photograph in photographs])


def pack(hashed: imagehash.ImageHash) -> Bytes:
    return np.packbits(hashed.hash)


def test_wavelet_hashes_equal_those_of_imagehash_bit_for_bit() -> None:
    gray = make_gray_chunk()
    expected = [pack(imagehash.whash(Image.fromarray(image), hash_size=16)) for image in gray]
    np.testing.assert_array_equal(wavelet_hashes(gray), expected)


def test_dct_hashes_equal_those_of_imagehash_bit_for_bit() -> None:
    gray = make_gray_chunk()
    expected = [pack(imagehash.phash(Image.fromarray(image), hash_size=16)) for image in gray]
    np.testing.assert_array_equal(dct_hashes(gray), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hash_does_not_depend_on_the_chunk_around_it(kind: HashKind) -> None:
    gray = make_gray_chunk()
    alone = np.concatenate([HASHES[kind](gray[at : at + 1]) for at in range(len(gray))])
    np.testing.assert_array_equal(HASHES[kind](gray), alone)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_chunk_gives_no_hashes(kind: HashKind) -> None:
    assert HASHES[kind](np.empty((0, 64, 64), dtype=np.uint8)).shape == (0, 32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gray", [np.zeros((1, 64, 63), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((1, 64, 64))])
def test_images_of_another_shape_or_type_are_refused(kind: HashKind, gray: Bytes) -> None:
    with pytest.raises(ValueError, match=r"Expected gray images of shape \(n, 64, 64\)"):
        HASHES[kind](gray)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_transformed_hash_is_close_to_the_hash_of_the_transformed_photograph(name: str, kind: HashKind) -> None:
    gray = photograph_chunk()
    turned = np.stack([transform_image(image, name) for image in gray])
    distances = hamming_distances(transform_hashes(HASHES[kind](gray), name, kind), HASHES[kind](turned))
    assert distances.max() <= (2 if kind == "wavelet" else 24)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_distances_are_the_same_whichever_of_two_near_hashes_is_transformed(name: str, kind: HashKind) -> None:
    left, right = make_near_codes()
    forth = hamming_distances(transform_hashes(left, name, kind), right)
    back = hamming_distances(left, transform_hashes(right, INVERSE_TRANSFORMS[name], kind))
    np.testing.assert_array_equal(forth, back)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_transforming_two_near_hashes_keeps_their_distance(name: str, kind: HashKind) -> None:
    left, right = make_near_codes()
    kept = hamming_distances(transform_hashes(left, name, kind), transform_hashes(right, name, kind))
    np.testing.assert_array_equal(kept, hamming_distances(left, right))


def test_hamming_distance_is_the_number_of_flipped_bits() -> None:
    random = np.random.default_rng(3)
    bits = random.integers(0, 2, (257, 256), dtype=np.uint8)
    flipped = bits.copy()
    for count in range(257):
        flipped[count, random.permutation(256)[:count]] ^= 1
    distances = hamming_distances(np.packbits(bits, axis=1), np.packbits(flipped, axis=1))
    assert distances.dtype == np.int32
    assert distances.tolist() == list(range(257))


def make_near_codes() -> tuple[Bytes, Bytes]:
    """Return 200 random codes and copies of them with 0 to 40 bits flipped."""
    random = np.random.default_rng(2)
    bits = random.integers(0, 2, (200, 256), dtype=np.uint8)
    flips = random.random((200, 256)) < random.uniform(0, 0.15, (200, 1))
    return np.packbits(bits, axis=1), np.packbits(bits ^ flips, axis=1)
