import time

from dedup_assets.resources.throttle import Throttle


def seconds_of(throttle: Throttle, requests: int, size_bytes: int) -> float:
    began = time.monotonic()
    for _ in range(requests):
        throttle.wait(size_bytes)
    return time.monotonic() - began


def test_without_limits_nobody_waits() -> None:
    assert seconds_of(Throttle(None, None), 1_000, 10**9) < 0.5


def test_more_requests_than_a_second_allows_wait_for_the_next_one() -> None:
    assert seconds_of(Throttle(5, None), 11, 1) >= 1.9


def test_bytes_are_limited_in_units_of_64_kib() -> None:
    assert seconds_of(Throttle(None, 4 * 65_536), 5, 2 * 65_536) >= 1.9


def test_one_blob_above_a_seconds_bytes_still_passes() -> None:
    assert seconds_of(Throttle(None, 65_536), 1, 10**9) < 1.0
