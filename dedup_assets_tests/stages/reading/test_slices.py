"""Processes that read for a run: the same rows, the same errors, and nothing that stays behind."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dedup_assets.errors import StoreAccessError
from dedup_assets.kernels.decode.image import DecodeLimits
from dedup_assets.kernels.describe.description import sketch_image
from dedup_assets.resources.images.source import ImageStore
from dedup_assets.resources.images.throttle import RateLimits, Throttle
from dedup_assets.stages.reading.isolated_processes import IsolatedProcesses, ProcessLostError
from dedup_assets.stages.reading.rows import RowReader
from dedup_assets.stages.reading.slices import ReadingOrder, read_slice
from dedup_assets_tests.photographs import jpeg2000, make_photograph
from dedup_assets_tests.spawned import spawned_processes
from dedup_assets_tests.stages.reading.conftest import Listed


@pytest.fixture
def processes() -> Iterator[IsolatedProcesses]:
    processes = IsolatedProcesses(2)
    yield processes
    processes.stop()


def test_a_process_gives_the_rows_that_this_one_would(
    processes: IsolatedProcesses, order: ReadingOrder, images: ImageStore, listed: Listed, folder: Path
) -> None:
    (folder / "half.jpg").write_bytes((folder / "0.jpg").read_bytes()[:700])
    (folder / "rare.jp2").write_bytes(jpeg2000(make_photograph(9)))
    here = RowReader(images, sketch_image, DecodeLimits(), Throttle(RateLimits())).read(listed())
    assert processes.schedule(read_slice, (order, listed())).result().equals(here)
    assert here["decode_status"].to_list() == ["ok"] * 4 + ["truncated", "ok"]


def test_a_source_that_is_gone_is_told_as_it_is(
    processes: IsolatedProcesses, order: ReadingOrder, listed: Listed, folder: Path
) -> None:
    blobs = listed()
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreAccessError, match="photographs"):
        processes.schedule(read_slice, (order, blobs)).result()


def test_an_image_that_takes_too_long_ends_its_process_and_another_takes_its_place(
    processes: IsolatedProcesses, order: ReadingOrder, listed: Listed, folder: Path
) -> None:
    (folder / "slow.jp2").write_bytes(jpeg2000(make_photograph(9, 2400, 2400)))
    blobs, hurried = listed(), replace(order, decode_timeout_s=0.2)
    with pytest.raises(ProcessLostError):
        processes.schedule(read_slice, (hurried, blobs)).result()
    assert processes.schedule(read_slice, (hurried, blobs[:4])).result()["decode_status"].to_list() == ["ok"] * 4


def test_processes_that_are_stopped_are_gone_whatever_they_were_reading(
    processes: IsolatedProcesses, order: ReadingOrder, listed: Listed
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
