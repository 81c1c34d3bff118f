"""From a blob to a row of `image_features`, whatever its bytes are.

Belongs here: one download and one description an image, and the cause where there is none. Does not belong here: which
images are read (`assets/image_features.py`), by which threads and processes (`reader.py`), decoding (`kernels/`).

Images become a frame at once. As rows they would be some thousand pieces of memory a second that each thread takes from
a heap of its own, and that memory hardly ever goes back to the system.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from threading import Event
from typing import Any

import polars as pl

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.kernels.decoding import DecodeLimits, UnreadableImage
from dedup_assets.kernels.describing import ImageDescription, ImageSketch, describe_sketches
from dedup_assets.resources.image_store import BlobChanged, BlobUnavailable, BlobVanished, ImageStore
from dedup_assets.resources.isolated_decoding import DecodingTimedOutError
from dedup_assets.resources.throttle import Throttle
from dedup_assets.tables import IMAGE_FEATURES

FEATURE_VERSION = 3
"""Raised whenever the same bytes give other features: every image is then read again, once."""

FROM_MANIFEST = ("image_id", "path", "etag", "size_bytes")

Row = dict[str, Any]
Sketched = tuple[Row, ImageSketch | None]
Sketcher = Callable[[bytes, DecodeLimits], ImageSketch]
EachInTurn = Callable[[Callable[[Row], Sketched], Iterable[Row]], Iterator[Sketched]]

_DESCRIBED = tuple(name for name in ImageDescription.__slots__ if name in IMAGE_FEATURES.schema)
_described_fields = attrgetter(*_DESCRIBED)


class RowReader:
    """Reads images of one source and describes them by `sketch`, in the thread that asks.

    `in_turn` is `map` or the like: a pool's `map` reads several images of a slice at once.
    """

    def __init__(
        self, images: ImageStore, sketch: Sketcher, limits: DecodeLimits, throttle: Throttle, in_turn: EachInTurn = map
    ) -> None:
        self._images, self._sketch, self._limits = images, sketch, limits
        self._throttle, self._in_turn = throttle, in_turn
        self._stopped = Event()

    def stop(self) -> None:
        """Begin no further image, in whatever thread."""
        self._stopped.set()

    def read(self, blobs: pl.DataFrame) -> pl.DataFrame:
        """Rows of `image_features` for rows of `image_manifest`, of some ten images, in their order.

        Raises:
            StoreAccessError: the source itself cannot be read any more.
        """
        wanted = (blob for blob in blobs.to_dicts() if not self._stopped.is_set())
        read = list(self._in_turn(self._read_one, wanted))
        descriptions = iter(describe_sketches([sketch for _, sketch in read if sketch is not None]))
        rows = [row if sketch is None else row | _columns(next(descriptions)) for row, sketch in read]
        return IMAGE_FEATURES.frame(rows)

    def _read_one(self, blob: Row) -> Sketched:
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
            sketch = self._sketch(data, self._limits)
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
