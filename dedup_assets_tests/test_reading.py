"""Reading images: one row each, whatever happens to them."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dedup_assets.kernels.decoding import DecodeLimits
from dedup_assets.kernels.hashing import HASH_BYTES
from dedup_assets.partitions import image_id
from dedup_assets.reading import FEATURE_VERSION, ImageReader, Row
from dedup_assets.resources.image_store import ImageStore, StoreAccessError, open_image_store
from dedup_assets.resources.isolated_decoding import IsolatedDecoder
from dedup_assets.resources.locations import parse_location
from dedup_assets.resources.throttle import Throttle
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.photographs import jpeg, make_photograph


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(make_photograph(number)))
    return tmp_path


@pytest.fixture
def images(folder: Path) -> ImageStore:
    return open_image_store(parse_location(str(folder)))


@pytest.fixture
def reader(images: ImageStore) -> Iterator[ImageReader]:
    with IsolatedDecoder(1, 60) as decoder:
        yield ImageReader(images, decoder, DecodeLimits(), Throttle(None, None), workers=3)


def listed(images: ImageStore) -> list[Row]:
    blobs = sorted(images.list_blobs(), key=lambda blob: blob.path)
    now = datetime.now(UTC)
    return [
        {
            "image_id": image_id(blob.path),
            "path": blob.path,
            "etag": blob.etag,
            "size_bytes": blob.size_bytes,
            "created_at": now,
        }
        for blob in blobs
    ]


def read(reader: ImageReader, blobs: list[Row]) -> list[Row]:
    return reader.read_chunk(blobs, lambda: None)


def test_rows_come_in_the_order_of_the_blobs_and_fit_the_table(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    blobs = listed(images)
    rows = read(reader, blobs)
    assert [row["path"] for row in rows] == [blob["path"] for blob in blobs]
    assert IMAGE_FEATURES.conform(IMAGE_FEATURES.frame(rows)).height == 4
    assert [row["file_sha256"] for row in rows] == [
        hashlib.sha256((folder / blob["path"]).read_bytes()).digest() for blob in blobs
    ]
    assert {len(row[name]) for row in rows for name in ("dct_hash", "wavelet_hash")} == {HASH_BYTES}
    assert {row["feature_version"] for row in rows} == {FEATURE_VERSION}


def test_an_image_without_pixels_becomes_a_row_with_its_cause(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    (folder / "1.jpg").write_bytes(b"")
    (folder / "2.jpg").write_bytes((folder / "2.jpg").read_bytes()[:700])
    rows = read(reader, listed(images))
    assert [row["decode_status"] for row in rows] == ["ok", "corrupt", "truncated", "ok"]
    assert "0 bytes" in rows[1]["decode_error"]
    assert IMAGE_FEATURES.conform(IMAGE_FEATURES.frame(rows)).height == 4


def test_a_blob_that_vanished_or_changed_since_it_was_listed_is_read_next_time(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    blobs = listed(images)
    (folder / "0.jpg").unlink()
    (folder / "1.jpg").write_bytes(b"other bytes")
    rows = read(reader, blobs)
    assert [row["decode_status"] for row in rows] == ["vanished", "vanished", "ok", "ok"]
    assert all("file_sha256" not in row for row in rows[:2])


def test_a_source_that_is_gone_stops_the_run(reader: ImageReader, images: ImageStore, folder: Path) -> None:
    blobs = listed(images)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreAccessError):
        read(reader, blobs)


def test_raw_metadata_is_kept_for_later_parsers(reader: ImageReader, images: ImageStore, folder: Path) -> None:
    text, out = PngInfo(), io.BytesIO()
    text.add_text("parameters", "a fox\nSteps: 20")
    Image.new("RGB", (64, 64), "red").save(out, "PNG", pnginfo=text)
    (folder / "0.png").write_bytes(out.getvalue())
    rows = {row["path"]: row for row in read(reader, listed(images))}
    assert json.loads(rows["0.png"]["metadata_text"]) == {"parameters": "a fox\nSteps: 20"}
    assert rows["0.jpg"]["metadata_text"] is None


def test_each_image_is_counted_as_it_is_done(reader: ImageReader, images: ImageStore) -> None:
    done: list[int] = []
    reader.read_chunk(listed(images), lambda: done.append(1))
    assert len(done) == 4
