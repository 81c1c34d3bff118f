import time
from collections.abc import Callable
from threading import Event, Lock

import pytest

from dedup_assets.embedders.batching import BatchSizer, run_ahead


def settle(sizer: BatchSizer, seconds: Callable[[int], float], batches: int = 40) -> int:
    """The batch size after some full batches on a device that takes seconds(images)."""
    for _ in range(batches):
        sizer.note(sizer.size, seconds(sizer.size))
    return sizer.size


def test_the_batch_doubles_as_long_as_that_brings_more_images_a_second() -> None:
    overhead_until_64 = settle(BatchSizer(), lambda images: max(0.64, images / 100))
    assert overhead_until_64 == 64
    assert settle(BatchSizer(), lambda images: images / 100) == 8


def test_the_largest_batch_is_where_memory_or_the_limit_says_stop() -> None:
    sizer = BatchSizer(largest=256)
    assert settle(sizer, lambda images: 1.0) == 256
    sizer.out_of_memory(200)
    assert settle(sizer, lambda images: 1.0) == 100


def test_one_slow_batch_and_batches_that_are_not_full_decide_nothing() -> None:
    sizer = BatchSizer(first=8)
    sizer.note(3, 9.0)
    sizer.note(8, 9.0)
    assert (sizer.size, sizer.is_settled) == (8, False)
    sizer.note(8, 0.1)
    assert sizer.size == 16


def test_a_single_picture_stays_a_batch_whatever_memory_says() -> None:
    sizer = BatchSizer()
    sizer.out_of_memory(1)
    assert sizer.size == 1


def test_results_come_in_the_order_of_the_items_however_long_each_takes() -> None:
    def slower_first(item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return item * item

    assert list(run_ahead(slower_first, range(20), threads=4)) == [item * item for item in range(20)]


def test_the_next_item_is_begun_while_the_first_is_looked_at_and_no_more_than_agreed() -> None:
    begun: list[int] = []
    second_began, lock = Event(), Lock()

    def note(item: int) -> int:
        with lock:
            begun.append(item)
        if item == 1:
            second_began.set()
        return item

    results = run_ahead(note, range(100), threads=1)
    assert next(results) == 0
    assert second_began.wait(5)
    del results
    assert len(begun) <= 3


def test_an_error_is_raised_in_its_place_and_ends_the_work() -> None:
    def fail_at_two(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = run_ahead(fail_at_two, range(1_000), threads=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert list(results) == []
