"""Read images from the source and turn each into a row of `image_features`, whatever its bytes are.

Belongs here: one download and one description an image, in threads, and the cause where there is none. Does not belong
here: which images are read (`assets/image_features.py`), decoding (`kernels/`).

Each thread turns the images that it described into a frame at once. As rows they would be some thousand pieces of
memory a second that each thread takes from a heap of its own, and that memory hardly ever goes back to the system.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from threading import Event
from types import TracebackType
from typing import Any

import polars as pl
from threadpoolctl import threadpool_limits

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription, ImageSketch, describe_sketches, load_compiled
from dedup_assets.resources.image_store import BlobChanged, BlobUnavailable, BlobVanished, ImageStore
from dedup_assets.resources.isolated_decoding import DecodingTimedOutError, IsolatedDecoder
from dedup_assets.resources.throttle import Throttle
from dedup_assets.tables import IMAGE_FEATURES

FEATURE_VERSION = 3
"""Raised whenever the same bytes give other features: every image is then read again, once."""

Row = dict[str, Any]

_FROM_MANIFEST = ("image_id", "path", "etag", "size_bytes")
_DESCRIBED = tuple(name for name in ImageDescription.__slots__ if name in IMAGE_FEATURES.schema)
_described_fields = attrgetter(*_DESCRIBED)

SLICE_IMAGES = 32
"""So many images at most are described together by one thread; 30 KB each until they are."""

SLICES_A_WORKER = 4
"""A chunk is cut into so many slices a thread at least, so that none has to wait long for the last."""


class ImageReader:
    """Reads images of one source under the given limits, in threads that live as long as it is open.

    Each worker is one thread: those that BLAS starts for products of small matrices mostly wait, spinning.
    """

    def __init__(
        self, images: ImageStore, decoder: IsolatedDecoder, limits: DecodeLimits, throttle: Throttle, workers: int
    ) -> None:
        self._images, self._decoder, self._limits = images, decoder, limits
        self._throttle, self._workers = throttle, workers
        self._pool, self._left = ThreadPoolExecutor(workers), Event()

    def __enter__(self) -> "ImageReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._pool.shutdown(cancel_futures=True)

    def read_chunk(self, blobs: pl.DataFrame, advance: Callable[[int], None]) -> pl.DataFrame:
        """Rows of `image_features` for rows of `image_manifest`, in their order; `advance` gets counts of images done.

        Raises:
            StoreAccessError: the source itself cannot be read any more.
        """
        load_compiled()
        size = max(1, min(SLICE_IMAGES, blobs.height // (SLICES_A_WORKER * self._workers)))
        frames = [IMAGE_FEATURES.empty()]
        with threadpool_limits(1, "blas"):
            for frame in self._pool.map(self._read_slice, blobs.select(_FROM_MANIFEST).iter_slices(size)):
                frames.append(frame)
                advance(frame.height)
        return pl.concat(frames)

    def _read_slice(self, blobs: pl.DataFrame) -> pl.DataFrame:
        read = [self._read_one(blob) for blob in blobs.to_dicts() if not self._left.is_set()]
        descriptions = iter(describe_sketches([sketch for _, sketch in read if sketch is not None]))
        rows = [row if sketch is None else row | _columns(next(descriptions)) for row, sketch in read]
        return IMAGE_FEATURES.frame(rows)

    def _read_one(self, blob: Row) -> tuple[Row, ImageSketch | None]:
        row = blob | {"feature_version": FEATURE_VERSION, "decode_status": "ok"}
        self._throttle.wait(blob["size_bytes"])
        try:
            data = self._images.read(blob["path"], blob["etag"])
        except (BlobVanished, BlobChanged) as cause:
            return row | _failed("vanished", str(cause)), None
        except BlobUnavailable as cause:
            return row | _failed("timed_out", str(cause)), None
        row |= {"file_sha256": hashlib.sha256(data).digest(), "size_bytes": len(data)}
        try:
            sketch = self._decoder.sketch(data, self._limits)
        except UnreadableImage as cause:
            return row | _failed(cause.status, cause.sentence), None
        except DecodingTimedOutError as cause:
            return row | _failed("timed_out", str(cause)), None
        except Exception as cause:  # noqa: BLE001 - whatever one image's bytes do to a decoder, it becomes this image's row
            return row | _failed("corrupt", f"It could not be described: {type(cause).__name__}: {cause}."), None
        return row | {"metadata_text": _metadata_text(data)}, sketch


def _failed(status: str, sentence: str) -> Row:
    return {"decode_status": status, "decode_error": sentence}


def _columns(description: ImageDescription) -> Row:
    columns = dict(zip(_DESCRIBED, _described_fields(description), strict=True))
    return columns | {"gray_64": description.gray_64.tobytes()}


def _metadata_text(data: bytes) -> str | None:
    carriers = read_carriers(data)
    return json.dumps(carriers, sort_keys=True) if carriers else None
