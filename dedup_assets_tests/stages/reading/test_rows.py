"""One image, one row, whatever happens to it."""

import hashlib
import io
import json
import time
from pathlib import Path
from threading import Timer

import polars as pl
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dedup_assets.errors import StoreAccessError
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import ImageSketch, describe_image, sketch_image
from dedup_assets.kernels.describe.hashes import HASH_BYTES
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.stages.reading import rows as rows_module
from dedup_assets.stages.reading.isolated_decoding import DecodingTimedOutError
from dedup_assets.stages.reading.rows import FEATURE_VERSION, RowReader
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.stages.reading.conftest import Listed

UNLIMITED = Throttle(RateLimits())


@pytest.fixture
def reader(images: ImageStore) -> RowReader:
    return RowReader(images, sketch_image, DecodeLimits(), UNLIMITED)


def test_rows_come_in_the_order_of_the_blobs_and_fit_the_table(reader: RowReader, listed: Listed, folder: Path) -> None:
    blobs = listed()
    rows = IMAGE_FEATURES.conform(reader.read(blobs))
    assert rows["path"].to_list() == blobs["path"].to_list() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert rows["file_sha256"].to_list() == [
        hashlib.sha256((folder / path).read_bytes()).digest() for path in blobs["path"]
    ]
    assert {len(code) for name in ("dct_hash", "wavelet_hash") for code in rows[name]} == {HASH_BYTES}
    assert set(rows["feature_version"]) == {FEATURE_VERSION}


def test_a_row_tells_what_the_picture_of_its_own_path_looks_like(
    reader: RowReader, listed: Listed, folder: Path
) -> None:
    (folder / "1.jpg").write_bytes(b"")
    rows = reader.read(listed())
    for path, gray, sharpness in rows.select("path", "gray_64", "sharpness").drop_nulls().iter_rows():
        told = describe_image((folder / path).read_bytes(), DecodeLimits())
        assert (gray, sharpness) == (told.gray_64.tobytes(), told.sharpness)


def test_images_that_are_read_at_once_give_the_same_rows(reader: RowReader, images: ImageStore, listed: Listed) -> None:
    blobs = listed()
    for reads in (2, 3, 9):
        assert RowReader(images, sketch_image, DecodeLimits(), UNLIMITED, reads).read(blobs).equals(reader.read(blobs))


def test_an_image_without_pixels_becomes_a_row_with_its_cause(reader: RowReader, listed: Listed, folder: Path) -> None:
    (folder / "1.jpg").write_bytes(b"")
    (folder / "2.jpg").write_bytes((folder / "2.jpg").read_bytes()[:700])
    rows = IMAGE_FEATURES.conform(reader.read(listed()))
    assert rows["decode_status"].to_list() == ["ok", "corrupt", "truncated", "ok"]
    assert "0 bytes" in rows["decode_error"][1]


def test_an_image_that_took_too_long_becomes_a_row_with_its_bytes_hash(images: ImageStore, listed: Listed) -> None:
    def sketch(data: bytes, limits: DecodeLimits) -> ImageSketch:
        raise DecodingTimedOutError("Decoding took longer than 60 s.")

    rows = RowReader(images, sketch, DecodeLimits(), UNLIMITED).read(listed())
    assert set(rows["decode_status"]) == {"timed_out"}
    assert set(rows["decode_error"]) == {"Decoding took longer than 60 s."}
    assert rows["file_sha256"].null_count() == 0


def test_a_file_of_too_many_bytes_is_not_downloaded(images: ImageStore, listed: Listed, folder: Path) -> None:
    (folder / "2.jpg").write_bytes((folder / "1.jpg").read_bytes() + bytes(50_000))
    rows = RowReader(images, sketch_image, DecodeLimits(max_file_bytes=50_000), UNLIMITED).read(listed())
    assert rows["decode_status"].to_list() == ["ok", "ok", "too_large", "ok"]
    assert rows["decode_error"][2].endswith(" bytes; 50,000 are allowed.")
    assert rows["file_sha256"].is_null().to_list() == [False, False, True, False]


@pytest.mark.parametrize(("reads", "most"), [(1, 1), (3, 3), (9, 5)])
def test_only_so_many_images_and_bytes_are_on_their_way(
    images: ImageStore, listed: Listed, monkeypatch: pytest.MonkeyPatch, reads: int, most: int
) -> None:
    blobs = pl.concat([listed()] * 8)
    monkeypatch.setattr(rows_module, "MOST_BYTES", 5 * max(blobs["size_bytes"]))
    throttle = _WatchingThrottle()
    RowReader(images, sketch_image, DecodeLimits(), throttle, reads).read(blobs)
    assert throttle.most == most


class _WatchingThrottle(Throttle):
    """Notes how many wait at once."""

    def __init__(self) -> None:
        super().__init__(RateLimits())
        self.waiting, self.most = 0, 0

    def wait(self, size_bytes: int) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        time.sleep(0.05)
        self.waiting -= 1


def test_a_blob_that_vanished_or_changed_since_it_was_listed_is_read_next_time(
    reader: RowReader, listed: Listed, folder: Path
) -> None:
    blobs = listed()
    (folder / "0.jpg").unlink()
    (folder / "1.jpg").write_bytes(b"other bytes")
    rows = reader.read(blobs)
    assert rows["decode_status"].to_list() == ["vanished", "vanished", "ok", "ok"]
    assert rows["file_sha256"].is_null().to_list() == [True, True, False, False]


def test_a_source_that_is_gone_stops_the_run(reader: RowReader, listed: Listed, folder: Path) -> None:
    blobs = listed()
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreAccessError):
        reader.read(blobs)


def test_what_is_not_begun_when_the_work_is_stopped_is_not_read(
    images: ImageStore, listed: Listed, folder: Path
) -> None:
    for number in range(4, 100):
        (folder / f"{number:03}.jpg").write_bytes(jpeg(make_photograph(1, 16, 16)))

    def slow(data: bytes, limits: DecodeLimits) -> ImageSketch:
        time.sleep(0.02)
        return sketch_image(data, limits)

    reader = RowReader(images, slow, DecodeLimits(), UNLIMITED)
    sketch_image((folder / "0.jpg").read_bytes(), DecodeLimits())
    Timer(0.2, reader.stop).start()
    assert 1 <= reader.read(listed()).height < 90


def test_raw_metadata_is_kept_for_later_parsers(reader: RowReader, listed: Listed, folder: Path) -> None:
    text, out = PngInfo(), io.BytesIO()
    text.add_text("parameters", "a fox\nSteps: 20")
    Image.new("RGB", (64, 64), "red").save(out, "PNG", pnginfo=text)
    (folder / "0.png").write_bytes(out.getvalue())
    rows = dict(reader.read(listed()).select("path", "metadata_text").iter_rows())
    assert json.loads(rows["0.png"]) == {"parameters": "a fox\nSteps: 20"}
    assert rows["0.jpg"] is None
