"""A folder of a few photographs, listed, and what to read of it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.partitions import image_id
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits
from dedup_assets.resources.locations import parse_location
from dedup_assets.stages.reading.reader import ReadingOrder
from dedup_assets.tables import IMAGE_MANIFEST
from dedup_assets_tests.photographs import jpeg, make_photograph

Listed = Callable[[], pl.DataFrame]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(jpeg(make_photograph(number)))
    return folder


@pytest.fixture
def images(folder: Path) -> ImageStore:
    return open_image_store(parse_location(str(folder)))


@pytest.fixture
def order(images: ImageStore) -> ReadingOrder:
    return ReadingOrder(images.location, DecodeLimits(), 60, RateLimits(), reads=2)


@pytest.fixture
def listed(images: ImageStore) -> Listed:
    """List what is in the folder now, as rows of the manifest by path."""

    def list_now() -> pl.DataFrame:
        blobs = sorted(images.list_blobs(), key=lambda blob: blob.path)
        return IMAGE_MANIFEST.frame([{**blob._asdict(), "image_id": image_id(blob.path)} for blob in blobs])

    return list_now
