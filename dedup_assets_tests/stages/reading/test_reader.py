"""Many images: threads or processes, the same rows in the same order, and never far ahead of what is kept."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import psutil
import pytest

from dedup_assets.errors import StoreAccessError
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import sketch_image
from dedup_assets.resources.images.opening import open_image_store
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.resources.locations import ContainerLocation, parse_location
from dedup_assets.resources.tables.parquet import encode_parquet
from dedup_assets.stages.reading.reader import ImageReader, ReadingOrder, read_slice
from dedup_assets.stages.reading.rows import FROM_MANIFEST, RowReader
from dedup_assets.stages.workers.processes import ProcessLostError, WorkerProcesses
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.azurite import Azurite
from dedup_assets_tests.photographs import jpeg, jpeg2000, make_photograph
from dedup_assets_tests.resources.images.flaky_proxy import flaky_proxy
from dedup_assets_tests.spawned import spawned_processes
from dedup_assets_tests.stages.reading.conftest import Listed

ReaderOf = Callable[..., ImageReader]

KILLED_READER = """
import sys
from dedup_assets_tests.stages.reading.test_reader import read_for_ever
if __name__ == "__main__":
    read_for_ever(sys.argv[1])
"""


@pytest.fixture
def many(folder: Path) -> Path:
    """The folder with 96 more images, of which each tenth is of a format that is decoded apart."""
    for number in range(4, 100):
        picture = make_photograph(number, 32, 24)
        (folder / f"{number:03}.{'jpg' if number % 10 else 'jp2'}").write_bytes(
            jpeg(picture) if number % 10 else jpeg2000(picture)
        )
    return folder


@pytest.fixture
def reader_of(images: ImageStore, order: ReadingOrder) -> ReaderOf:
    def make(workers: int = 2, **told: object) -> ImageReader:
        return ImageReader(images, replace(order, **told), workers)  # type: ignore[arg-type]

    return make


def read(reader: ImageReader, blobs: pl.DataFrame, advance: Callable[[int], None] = lambda count: None) -> pl.DataFrame:
    with reader:
        return pl.concat(reader.read(blobs, 1_000, advance))


def test_processes_of_any_number_give_the_rows_that_this_one_would_to_the_byte(
    many: Path, reader_of: ReaderOf, listed: Listed, images: ImageStore
) -> None:
    blobs = listed()
    alone = RowReader(images, sketch_image, DecodeLimits(), Throttle(RateLimits())).read(blobs)
    assert alone["path"].to_list() == blobs["path"].to_list()
    for workers, reads in ((1, 1), (1, 4), (2, 2), (2, 5), (4, 1)):
        rows = read(reader_of(workers, reads=reads), blobs)
        assert rows.equals(alone)
        assert encode_parquet(IMAGE_FEATURES, rows) == encode_parquet(IMAGE_FEATURES, alone)


def test_no_image_gives_no_part(reader_of: ReaderOf, listed: Listed) -> None:
    with reader_of() as reader:
        assert list(reader.read(listed()[:0], 10, lambda count: None)) == []


@pytest.mark.parametrize("chunk_images", [1, 3, 40, 1_000])
@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_begun_and_not_kept_is_never_more_than_a_chunk(
    many: Path, reader_of: ReaderOf, listed: Listed, chunk_images: int, processes: int
) -> None:
    blobs, kept = listed(), 0
    for path in many.iterdir():
        os.utime(path, ns=(0, path.stat().st_mtime_ns))
    with reader_of(processes) as reader:
        for part in reader.read(blobs, chunk_images, lambda count: None):
            time.sleep(0.01)
            begun = sum(path.stat().st_atime_ns > 0 for path in many.iterdir())
            assert kept + part.height <= begun <= kept + chunk_images
            kept += part.height
    assert kept == blobs.height


def test_images_are_counted_as_they_are_done(many: Path, reader_of: ReaderOf, listed: Listed) -> None:
    for processes in (1, 2):
        done: list[int] = []
        with reader_of(processes) as reader:
            assert sum(part.height for part in reader.read(listed(), 1_000, done.append)) == sum(done) == 100
        assert len(done) >= 4


def test_an_image_that_takes_too_long_is_one_row_and_all_others_are_read(
    many: Path, reader_of: ReaderOf, listed: Listed
) -> None:
    (many / "050 slow.jp2").write_bytes(jpeg2000(make_photograph(9, 2400, 2400)))
    rows = read(reader_of(decode_timeout_s=0.3), listed())
    assert rows.filter(pl.col("decode_status") != "ok").select("path", "decode_status").rows() == [
        ("050 slow.jp2", "timed_out")
    ]
    assert rows["file_sha256"].null_count() == 0


def test_a_process_that_is_killed_costs_no_row(many: Path, reader_of: ReaderOf, listed: Listed) -> None:
    blobs = listed()
    expected = read(reader_of(workers=1), blobs)
    with reader_of(rates=RateLimits(max_requests_per_s=200)) as reader:
        parts = reader.read(blobs, 20, lambda count: None)
        first = next(parts)
        spawned_processes()[0].kill()
        assert pl.concat([first, *parts]).equals(expected)


@pytest.mark.parametrize("processes", [1, 2])
def test_each_blob_of_a_container_is_downloaded_once_and_a_failure_in_passing_repeated(
    azurite_credentials: Azurite, processes: int
) -> None:
    container = azurite_credentials.container()
    for number in range(24):
        container.upload_blob(f"{number:02}.jpg", jpeg(make_photograph(number, 32, 24)))
    with flaky_proxy(azurite_credentials.port) as proxy:
        url = f"http://127.0.0.1:{proxy.server_port}/{azurite_credentials.account}"
        images = open_image_store(ContainerLocation(azurite_credentials.account, container.container_name, "", url))
        blobs = pl.DataFrame([(1, each.path, each.etag, each.size_bytes) for each in images.list_blobs()], orient="row")
        blobs.columns = list(FROM_MANIFEST)
        proxy.faults["03.jpg"] = ["busy"]
        order = ReadingOrder(images.location, DecodeLimits(), 60, RateLimits(), reads=5)
        rows = read(ImageReader(images, order, processes), blobs)
        counts = [proxy.requests[path] for path in blobs["path"]]
    assert set(rows["decode_status"]) == {"ok"}
    assert counts == [1, 1, 1, 2] + [1] * 20


def test_an_interrupted_run_leaves_no_process_and_ends_soon(many: Path, reader_of: ReaderOf, listed: Listed) -> None:
    def interrupt(count: int) -> None:
        raise KeyboardInterrupt

    for processes in (1, 2):
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            read(reader_of(processes, rates=RateLimits(20)), listed(), advance=interrupt)
        assert time.monotonic() - began < 5
        assert spawned_processes() == []


def read_for_ever(folder: str) -> None:
    """Read the images of a folder again and again, in processes."""
    images = open_image_store(parse_location(folder))
    blobs = pl.DataFrame([(0, each.path, each.etag, each.size_bytes) for each in images.list_blobs()], orient="row")
    blobs.columns = ["image_id", "path", "etag", "size_bytes"]
    with ImageReader(images, ReadingOrder(images.location, DecodeLimits(), 60, RateLimits(), 2), 2) as reader:
        while True:
            list(reader.read(blobs, 1_000, lambda count: print(count, flush=True)))


def test_a_run_that_is_killed_leaves_no_process(many: Path, tmp_path: Path) -> None:
    script = tmp_path / "reader.py"
    script.write_text(KILLED_READER)
    run = subprocess.Popen([sys.executable, script, many], stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline()
    left = psutil.Process(run.pid).children(recursive=True)
    assert len(left) >= 2
    run.send_signal(signal.SIGKILL)
    run.communicate()
    _, alive = psutil.wait_procs(left, timeout=20)
    assert alive == []


@pytest.fixture
def processes() -> Iterator[WorkerProcesses]:
    processes = WorkerProcesses(2)
    yield processes
    processes.stop()


def test_a_process_gives_the_rows_that_this_one_would(
    processes: WorkerProcesses, order: ReadingOrder, images: ImageStore, listed: Listed, folder: Path
) -> None:
    (folder / "half.jpg").write_bytes((folder / "0.jpg").read_bytes()[:700])
    (folder / "rare.jp2").write_bytes(jpeg2000(make_photograph(9)))
    here = RowReader(images, sketch_image, DecodeLimits(), Throttle(RateLimits())).read(listed())
    assert processes.schedule(read_slice, (order, listed())).result().equals(here)
    assert here["decode_status"].to_list() == ["ok"] * 4 + ["truncated", "ok"]


def test_a_source_that_is_gone_is_told_as_it_is(
    processes: WorkerProcesses, order: ReadingOrder, listed: Listed, folder: Path
) -> None:
    blobs = listed()
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreAccessError, match="photographs"):
        processes.schedule(read_slice, (order, blobs)).result()


def test_an_image_that_takes_too_long_ends_its_process_and_another_takes_its_place(
    processes: WorkerProcesses, order: ReadingOrder, listed: Listed, folder: Path
) -> None:
    (folder / "slow.jp2").write_bytes(jpeg2000(make_photograph(9, 2400, 2400)))
    blobs, hurried = listed(), replace(order, decode_timeout_s=0.2)
    with pytest.raises(ProcessLostError):
        processes.schedule(read_slice, (hurried, blobs)).result()
    assert processes.schedule(read_slice, (hurried, blobs[:4])).result()["decode_status"].to_list() == ["ok"] * 4


def test_processes_that_are_stopped_are_gone_whatever_they_were_reading(
    processes: WorkerProcesses, order: ReadingOrder, listed: Listed
) -> None:
    slow = replace(order, rates=RateLimits(max_requests_per_s=1))
    for _ in range(2):
        processes.schedule(read_slice, (slow, listed()))
    while len(spawned_processes()) < 2:
        time.sleep(0.01)
    processes.stop()
    assert spawned_processes() == []


def test_processes_share_what_one_was_allowed(order: ReadingOrder) -> None:
    shared = replace(order, rates=RateLimits(1_000, None), reads=7).share(3)
    assert (shared.rates, shared.reads) == (RateLimits(1_000 / 3, None), 3)
    assert replace(shared, rates=order.rates, reads=order.reads) == order
