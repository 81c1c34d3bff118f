"""Reading images: one row each, whatever happens to them."""

import hashlib
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dedup_assets.kernels.decoding import DecodeLimits
from dedup_assets.kernels.describing import describe_image
from dedup_assets.kernels.hashing import HASH_BYTES
from dedup_assets.partitions import image_id
from dedup_assets.reading import FEATURE_VERSION, SLICE_IMAGES, ImageReader
from dedup_assets.resources.image_store import ImageStore, StoreAccessError, open_image_store
from dedup_assets.resources.isolated_decoding import IsolatedDecoder
from dedup_assets.resources.locations import parse_location
from dedup_assets.resources.parquet_files import encode_parquet
from dedup_assets.resources.throttle import Throttle
from dedup_assets.tables import IMAGE_FEATURES, IMAGE_MANIFEST
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
    with (
        IsolatedDecoder(1, 60) as decoder,
        ImageReader(images, decoder, DecodeLimits(), Throttle(None, None), workers=3) as reader,
    ):
        yield reader


def listed(images: ImageStore) -> pl.DataFrame:
    blobs = sorted(images.list_blobs(), key=lambda blob: blob.path)
    return IMAGE_MANIFEST.frame([{**blob._asdict(), "image_id": image_id(blob.path)} for blob in blobs])


def read(reader: ImageReader, blobs: pl.DataFrame) -> pl.DataFrame:
    return reader.read_chunk(blobs, lambda count: None)


def test_rows_come_in_the_order_of_the_blobs_and_fit_the_table(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    blobs = listed(images)
    rows = IMAGE_FEATURES.conform(read(reader, blobs))
    assert rows["path"].to_list() == blobs["path"].to_list() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert rows["file_sha256"].to_list() == [
        hashlib.sha256((folder / path).read_bytes()).digest() for path in blobs["path"]
    ]
    assert {len(code) for name in ("dct_hash", "wavelet_hash") for code in rows[name]} == {HASH_BYTES}
    assert set(rows["feature_version"]) == {FEATURE_VERSION}


def test_a_row_tells_what_the_picture_of_its_own_path_looks_like(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    (folder / "1.jpg").write_bytes(b"")
    rows = read(reader, listed(images))
    for path, gray, sharpness in rows.select("path", "gray_64", "sharpness").drop_nulls().iter_rows():
        told = describe_image((folder / path).read_bytes(), DecodeLimits())
        assert (gray, sharpness) == (told.gray_64.tobytes(), told.sharpness)


def test_no_image_gives_no_row(reader: ImageReader, images: ImageStore) -> None:
    assert read(reader, listed(images)[:0]).equals(IMAGE_FEATURES.empty())


def test_rows_do_not_depend_on_the_number_of_threads(images: ImageStore) -> None:
    blobs = listed(images)
    with IsolatedDecoder(1, 60) as decoder:
        ones, many = (_read_with(workers, decoder, images, blobs) for workers in (1, 4))
    assert ones.equals(many)
    assert encode_parquet(IMAGE_FEATURES, ones) == encode_parquet(IMAGE_FEATURES, many)


def _read_with(workers: int, decoder: IsolatedDecoder, images: ImageStore, blobs: pl.DataFrame) -> pl.DataFrame:
    with ImageReader(images, decoder, DecodeLimits(), Throttle(None, None), workers) as reader:
        return read(reader, blobs)


def test_an_image_without_pixels_becomes_a_row_with_its_cause(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    (folder / "1.jpg").write_bytes(b"")
    (folder / "2.jpg").write_bytes((folder / "2.jpg").read_bytes()[:700])
    rows = IMAGE_FEATURES.conform(read(reader, listed(images)))
    assert rows["decode_status"].to_list() == ["ok", "corrupt", "truncated", "ok"]
    assert "0 bytes" in rows["decode_error"][1]


def test_a_blob_that_vanished_or_changed_since_it_was_listed_is_read_next_time(
    reader: ImageReader, images: ImageStore, folder: Path
) -> None:
    blobs = listed(images)
    (folder / "0.jpg").unlink()
    (folder / "1.jpg").write_bytes(b"other bytes")
    rows = read(reader, blobs)
    assert rows["decode_status"].to_list() == ["vanished", "vanished", "ok", "ok"]
    assert rows["file_sha256"].is_null().to_list() == [True, True, False, False]


def test_a_source_that_is_gone_stops_the_run(reader: ImageReader, images: ImageStore, folder: Path) -> None:
    blobs = listed(images)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreAccessError):
        read(reader, blobs)


def test_what_is_not_begun_when_the_work_is_stopped_is_not_read(images: ImageStore, folder: Path) -> None:
    for number in range(4, 200):
        (folder / f"{number:03}.jpg").write_bytes((folder / "0.jpg").read_bytes())
    blobs, throttle = listed(images), _CountingThrottle()
    with (
        pytest.raises(KeyboardInterrupt),
        IsolatedDecoder(1, 60) as decoder,
        ImageReader(images, decoder, DecodeLimits(), throttle, workers=1) as reader,
    ):
        reader.read_chunk(blobs, _interrupt)
    assert SLICE_IMAGES <= throttle.asked < SLICE_IMAGES + 16


class _CountingThrottle(Throttle):
    def __init__(self) -> None:
        super().__init__(None, None)
        self.asked = 0

    def wait(self, size_bytes: int) -> None:
        self.asked += 1
        time.sleep(0.01)


def _interrupt(count: int) -> None:
    raise KeyboardInterrupt


def test_raw_metadata_is_kept_for_later_parsers(reader: ImageReader, images: ImageStore, folder: Path) -> None:
    text, out = PngInfo(), io.BytesIO()
    text.add_text("parameters", "a fox\nSteps: 20")
    Image.new("RGB", (64, 64), "red").save(out, "PNG", pnginfo=text)
    (folder / "0.png").write_bytes(out.getvalue())
    rows = dict(read(reader, listed(images)).select("path", "metadata_text").iter_rows())
    assert json.loads(rows["0.png"]) == {"parameters": "a fox\nSteps: 20"}
    assert rows["0.jpg"] is None


def test_each_image_is_counted_as_it_is_done(reader: ImageReader, images: ImageStore) -> None:
    done: list[int] = []
    reader.read_chunk(listed(images), done.append)
    assert sum(done) == 4
