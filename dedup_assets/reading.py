"""Read images from the source and turn each into a row of `image_features`, whatever its bytes are.

Belongs here: one download and one description an image, in threads, and the cause where there is none. Does not belong
here: which images are read (`assets/image_features.py`), decoding (`kernels/`).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from threadpoolctl import threadpool_limits

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription, ImageSketch, describe_sketches
from dedup_assets.resources.image_store import BlobChanged, BlobUnavailable, BlobVanished, ImageStore
from dedup_assets.resources.isolated_decoding import DecodingTimedOutError, IsolatedDecoder
from dedup_assets.resources.throttle import Throttle
from dedup_assets.tables import IMAGE_FEATURES

FEATURE_VERSION = 2
"""Raised whenever the same bytes give other features: every image is then read again, once."""

Row = dict[str, Any]

_DESCRIBED = tuple(name for name in ImageDescription.__slots__ if name in IMAGE_FEATURES.schema)

SLICE_IMAGES = 32
"""So many images at most are described together by one thread; 30 KB each until they are."""

SLICES_A_WORKER = 4
"""A chunk is cut into so many slices a thread at least, so that none has to wait long for the last."""


class ImageReader:
    """Reads images of one source under the given limits."""

    def __init__(
        self, images: ImageStore, decoder: IsolatedDecoder, limits: DecodeLimits, throttle: Throttle, workers: int
    ) -> None:
        self._images, self._decoder, self._limits = images, decoder, limits
        self._throttle, self._workers = throttle, workers

    def read_chunk(self, blobs: Sequence[Row], advance: Callable[[], None]) -> list[Row]:
        """Rows of `image_features` for rows of `image_manifest`, in their order.

        Each worker is one thread: those that BLAS starts for products of small matrices mostly wait, spinning.

        Raises:
            StoreAccessError: the source itself cannot be read any more.
        """
        size = max(1, min(SLICE_IMAGES, len(blobs) // (SLICES_A_WORKER * self._workers)))
        slices = [blobs[start : start + size] for start in range(0, len(blobs), size)]
        rows: list[Row] = []
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(self._workers) as pool:
            try:
                for described in pool.map(self._read_slice, slices):
                    rows += described
                    for _ in described:
                        advance()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return rows

    def _read_slice(self, blobs: Sequence[Row]) -> list[Row]:
        read = [self._read_one(blob) for blob in blobs]
        descriptions = iter(describe_sketches([sketch for _, sketch in read if sketch is not None]))
        return [row if sketch is None else row | _columns(next(descriptions)) for row, sketch in read]

    def _read_one(self, blob: Row) -> tuple[Row, ImageSketch | None]:
        row: Row = {name: blob[name] for name in ("image_id", "path", "etag", "size_bytes")}
        row |= {"feature_version": FEATURE_VERSION, "decode_status": "ok"}
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
    return {name: getattr(description, name) for name in _DESCRIBED} | {"gray_64": description.gray_64.tobytes()}


def _metadata_text(data: bytes) -> str | None:
    carriers = read_carriers(data)
    return json.dumps(carriers, sort_keys=True) if carriers else None
