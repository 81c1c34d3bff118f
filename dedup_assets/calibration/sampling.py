"""A sample of a person's own images: chosen the same way every time, read once, never changed.

Belongs here: which images are chosen, reading them, and the cause where one cannot be. Does not belong here: what is
planted in them (`planting.py`).
"""

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup_assets.errors import BlobError
from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage, decode_image
from dedup_assets.kernels.describe.description import ImageDescription, describe_sketches
from dedup_assets.kernels.planted_edits import scaled
from dedup_assets.resources.images.image_names import may_be_image
from dedup_assets.resources.images.source import Blob, ImageStore
from dedup_assets.stages.reading.isolated_decoding import DecodingTimedOutError, IsolatedDecoder

PLANTED_SIDE_PX = 640
"""Longer side of the picture that edits are planted in: thumbnails of 256 and hashes see no more of a larger one."""


@dataclass(frozen=True)
class SampledImage:
    """One image of the sample: its description, and its upright RGB picture, longer side at most PLANTED_SIDE_PX."""

    path: str
    file_sha256: bytes
    description: ImageDescription
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class UnreadableSample:
    """One image of the sample that gives no picture, and why."""

    path: str
    cause: str


def choose_sample(images: ImageStore, count: int, seed: int) -> tuple[int, list[Blob]]:
    """How many images the source holds, and `count` of them: those whose paths hash lowest with the seed.

    The same images give the same sample in whatever order they are listed, and memory holds the sample alone.
    """
    listed = 0

    def ranked() -> Iterator[tuple[bytes, Blob]]:
        nonlocal listed
        for blob in images.list_blobs():
            if may_be_image(blob) and not blob.is_link:
                listed += 1
                yield hashlib.sha256(f"{seed}\0{blob.path}".encode("utf-8", "surrogateescape")).digest(), blob

    chosen = heapq.nsmallest(count, ranked(), key=lambda each: (each[0], each[1].path))
    return listed, [blob for _, blob in chosen]


def read_image(
    images: ImageStore, decoder: IsolatedDecoder, limits: DecodeLimits, blob: Blob
) -> SampledImage | UnreadableSample:
    """One image, decoded here only once it was described, where its format is doubtful in a process of its own.

    Raises:
        StoreAccessError: the source itself cannot be read any more.
    """
    try:
        data = images.read(blob.path, blob.etag)
    except BlobError as cause:
        return UnreadableSample(blob.path, str(cause))
    try:
        description = describe_sketches([decoder.sketch(data, limits)])[0]
        picture = decode_image(data, limits).rgb
    except UnreadableImage as cause:
        return UnreadableSample(blob.path, cause.sentence)
    except DecodingTimedOutError as cause:
        return UnreadableSample(blob.path, str(cause))
    except Exception as cause:  # noqa: BLE001 - whatever one image's bytes do to a decoder, it is one unreadable image
        return UnreadableSample(blob.path, f"It could not be described: {type(cause).__name__}: {cause}.")
    small = scaled(picture, min(1.0, PLANTED_SIDE_PX / max(picture.shape[:2])))
    return SampledImage(blob.path, hashlib.sha256(data).digest(), description, small)
