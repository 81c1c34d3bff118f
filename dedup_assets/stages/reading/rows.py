"""From a blob to a row of `image_features`, whatever its bytes are.

Belongs here: one download and one description an image, and the cause where there is none. Does not belong here: which
images are read (`assets/image_features.py`), by which threads and processes (`reader.py`), decoding (`kernels/`).

Images become a frame at once. As rows they would be some thousand pieces of memory a second that each thread takes from
a heap of its own, and that memory hardly ever goes back to the system.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import fields
from operator import attrgetter
from threading import Event
from typing import Any

import polars as pl

from dedup_assets.errors import BlobChanged, BlobUnavailable, BlobVanished
from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decode.first_bytes import FIRST_BYTES, announces_image
from dedup_assets.kernels.decode.image import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describe.description import ImageDescription, ImageSketch, describe_sketches
from dedup_assets.resources.images.image_names import has_image_suffix
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import Throttle
from dedup_assets.stages.reading.isolated_decoding import DecodingTimedOutError
from dedup_assets.tables import IMAGE_FEATURES

FEATURE_VERSION = 4
"""Raised whenever the same bytes give other features: images are then read again, once, as far as `carried_rows.py` says."""

MOST_DOWNLOADS = 256
"""Threads that wait for images, of all threads that ask; those that are not needed are not started."""

MOST_BYTES = 64_000_000
"""On their way to each thread that asks: large photographs come one by one."""

FROM_MANIFEST = ("image_id", "path", "etag", "size_bytes")

Row = dict[str, Any]
Downloaded = tuple[Row, bytes | None]
Sketcher = Callable[[bytes, DecodeLimits], ImageSketch]

_DESCRIBED = tuple(field.name for field in fields(ImageDescription) if field.name in IMAGE_FEATURES.schema)
_described_fields = attrgetter(*_DESCRIBED)


class RowReader:
    """Reads images of one source and describes them by `sketch`, in the thread that asks.

    So many images as `reads` are on their way at once to each thread that asks: memory is that of few pictures.
    """

    def __init__(
        self, images: ImageStore, sketch: Sketcher, limits: DecodeLimits, throttle: Throttle, reads: int = 1
    ) -> None:
        self._images, self._sketch, self._limits = images, sketch, limits
        self._throttle, self._reads = throttle, reads
        self._downloads, self._stopped = ThreadPoolExecutor(MOST_DOWNLOADS), Event()

    def stop(self) -> None:
        """Begin no further image, in whatever thread."""
        self._stopped.set()
        self._downloads.shutdown(wait=False, cancel_futures=True)

    def read(self, blobs: pl.DataFrame) -> pl.DataFrame:
        """Rows of `image_features` for rows of `image_manifest`, of some ten images, in their order.

        Raises:
            StoreAccessError: the source itself cannot be read any more.
        """
        wanted = (blob for blob in blobs.to_dicts() if not self._stopped.is_set())
        read = [self._describe(row, data) for row, data in self._download_in_turn(wanted)]
        descriptions = iter(describe_sketches([sketch for _, sketch in read if sketch is not None]))
        rows = [row if sketch is None else row | _columns(next(descriptions)) for row, sketch in read]
        return IMAGE_FEATURES.frame(rows)

    def _download_in_turn(self, blobs: Iterator[Row]) -> Iterator[Downloaded]:
        if self._reads == 1:
            return map(self._download, blobs)
        return self._download_ahead(blobs)

    def _download_ahead(self, blobs: Iterator[Row]) -> Iterator[Downloaded]:
        """Yield what came; while it is worked on, those after it are on their way, as far as MOST_BYTES allow."""
        coming: deque[tuple[int, Future[Downloaded]]] = deque()
        blob = next(blobs, None)
        while blob or coming:
            while blob and _has_room(coming, self._reads, blob["size_bytes"]):
                coming.append((blob["size_bytes"], self._downloads.submit(self._download, blob)))
                blob = next(blobs, None)
            yield coming.popleft()[1].result()

    def _download(self, blob: Row) -> Downloaded:
        row = blob | {"feature_version": FEATURE_VERSION, "decode_status": "ok"}
        try:
            if not self._is_image(blob):
                return row | _failed("no_image", "Its name says nothing, and it does not begin as an image does."), None
            if blob["size_bytes"] > (most := self._limits.max_file_bytes):
                told = f"The file has {blob['size_bytes']:,} bytes; {most:,} are allowed."
                return row | _failed("too_large", told), None
            data = self._read(blob)
        except (BlobVanished, BlobChanged) as cause:
            return row | _failed("vanished", str(cause)), None
        except BlobUnavailable as cause:
            return row | _failed("timed_out", str(cause)), None
        return row | {"file_sha256": hashlib.sha256(data).digest(), "size_bytes": len(data)}, data

    def _is_image(self, blob: Row) -> bool:
        """Judge by the first bytes where the name does not tell."""
        first = min(FIRST_BYTES, blob["size_bytes"])
        return has_image_suffix(blob["path"]) or (first > 0 and announces_image(self._read(blob, first)))

    def _read(self, blob: Row, first: int | None = None) -> bytes:
        self._throttle.wait(blob["size_bytes"] if first is None else first)
        if self._stopped.is_set():
            raise CancelledError
        return self._images.read(blob["path"], blob["etag"], first)

    def _describe(self, row: Row, data: bytes | None) -> tuple[Row, ImageSketch | None]:
        if data is None:
            return row, None
        try:
            sketch = self._sketch(data, self._limits)
        except UnreadableImage as cause:
            return row | _failed(cause.status, cause.sentence), None
        except DecodingTimedOutError as cause:
            return row | _failed("timed_out", str(cause)), None
        except Exception as cause:  # noqa: BLE001 - whatever one image's bytes do to a decoder, it becomes this image's row
            return row | _failed("corrupt", f"It could not be described: {type(cause).__name__}: {cause}."), None
        return row | {"metadata_text": _metadata_text(data)}, sketch


def _has_room(coming: Collection[tuple[int, object]], reads: int, size_bytes: int) -> bool:
    """Whether one more blob may be on its way; one may whatever its size."""
    on_its_way = sum(size for size, _ in coming)
    return not coming or (len(coming) < reads and on_its_way + size_bytes <= MOST_BYTES)


def _failed(status: str, sentence: str) -> Row:
    return {"decode_status": status, "decode_error": sentence}


def _columns(description: ImageDescription) -> Row:
    columns = dict(zip(_DESCRIBED, _described_fields(description), strict=True))
    return columns | {"gray_64": description.gray_64.tobytes()}


def _metadata_text(data: bytes) -> str | None:
    carriers = read_carriers(data)
    return json.dumps(carriers, sort_keys=True) if carriers else None
