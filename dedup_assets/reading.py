"""Read images from the source and turn each into a row of `image_features`, whatever its bytes are.

Belongs here: one download and one description an image, in threads, and the cause where there is none. Does not belong
here: which images are read (`assets/image_features.py`), decoding (`kernels/`).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription
from dedup_assets.kernels.hashing import dct_hashes, wavelet_hashes
from dedup_assets.resources.image_store import BlobChanged, BlobUnavailable, BlobVanished, ImageStore
from dedup_assets.resources.isolated_decoding import DecodingTimedOutError, IsolatedDecoder
from dedup_assets.resources.throttle import Throttle
from dedup_assets.tables import IMAGE_FEATURES

FEATURE_VERSION = 1
"""Raised whenever the same bytes give other features: every image is then read again, once."""

Row = dict[str, Any]
Gray = tuple[Row, str, NDArray[np.uint8]]


class ImageReader:
    """Reads images of one source under the given limits."""

    def __init__(
        self, images: ImageStore, decoder: IsolatedDecoder, limits: DecodeLimits, throttle: Throttle, workers: int
    ) -> None:
        self._images, self._decoder, self._limits = images, decoder, limits
        self._throttle, self._workers = throttle, workers

    def read_chunk(self, blobs: Sequence[Row], advance: Callable[[], None]) -> list[Row]:
        """Rows of `image_features` for rows of `image_manifest`, in their order.

        Raises:
            StoreAccessError: the source itself cannot be read any more.
        """
        rows: list[Row] = []
        grays: list[Gray] = []
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                for row, description in pool.map(self._read_one, blobs):
                    rows.append(row)
                    grays += _grays(row, description)
                    advance()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        _add_hashes(grays)
        return rows

    def _read_one(self, blob: Row) -> tuple[Row, ImageDescription | None]:
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
            description = self._decoder.describe(data, self._limits)
        except UnreadableImage as cause:
            return row | _failed(cause.status, cause.sentence), None
        except DecodingTimedOutError as cause:
            return row | _failed("timed_out", str(cause)), None
        except Exception as cause:  # noqa: BLE001 - whatever one image's bytes do to a decoder, it becomes this image's row
            return row | _failed("corrupt", f"It could not be described: {type(cause).__name__}: {cause}."), None
        return row | _columns(description) | {"metadata_text": _metadata_text(data)}, description


def _failed(status: str, sentence: str) -> Row:
    return {"decode_status": status, "decode_error": sentence}


def _columns(description: ImageDescription) -> Row:
    values = {name: getattr(description, name) for name in type(description).__slots__ if name in IMAGE_FEATURES.schema}
    return values | {"gray_64": description.gray_64.tobytes()}


def _metadata_text(data: bytes) -> str | None:
    carriers = read_carriers(data)
    return json.dumps(carriers, sort_keys=True) if carriers else None


def _grays(row: Row, description: ImageDescription | None) -> Iterator[Gray]:
    if description is not None:
        yield row, "", description.gray_64
        if description.inner_gray_64 is not None:
            yield row, "inner_", description.inner_gray_64


def _add_hashes(grays: Sequence[Gray]) -> None:
    if not grays:
        return
    stacked = np.stack([gray for _, _, gray in grays])
    for (row, name, _), wavelet, dct in zip(grays, wavelet_hashes(stacked), dct_hashes(stacked), strict=True):
        row[f"{name}wavelet_hash"], row[f"{name}dct_hash"] = wavelet.tobytes(), dct.tobytes()
