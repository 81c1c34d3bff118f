import time
from dataclasses import astuple

import pytest

from dedup_assets.resources.images.throttle import RateLimits, Throttle


def seconds_of(throttle: Throttle, requests: int, size_bytes: int) -> float:
    began = time.monotonic()
    for _ in range(requests):
        throttle.wait(size_bytes)
    return time.monotonic() - began


def test_without_limits_nobody_waits() -> None:
    assert seconds_of(Throttle(RateLimits(None, None)), 1_000, 10**9) < 0.5


def test_more_requests_than_a_second_allows_wait_for_the_next_one() -> None:
    assert seconds_of(Throttle(RateLimits(5, None)), 11, 1) >= 1.9


def test_bytes_are_limited_in_units_of_64_kib() -> None:
    assert seconds_of(Throttle(RateLimits(None, 4 * 65_536)), 5, 2 * 65_536) >= 1.9


def test_one_blob_above_a_seconds_bytes_waits_for_as_many_seconds_as_it_has() -> None:
    assert 1.9 <= seconds_of(Throttle(RateLimits(None, 2 * 65_536)), 1, 6 * 65_536) < 4


@pytest.mark.parametrize(
    ("rates", "processes"),
    [
        (RateLimits(), None),
        (RateLimits(5), 1),
        (RateLimits(399), 3),
        (RateLimits(None, 65_536), 1),
        (RateLimits(10_000, 250 * 65_536), 2),
    ],
)
def test_so_many_processes_share_a_limit_that_each_has_a_hundred_of_it(
    rates: RateLimits, processes: int | None
) -> None:
    assert rates.most_processes == processes


@pytest.mark.parametrize("rates", [RateLimits(399, 399 * 65_536), RateLimits(5, 65_536)])
@pytest.mark.parametrize("processes", [1, 2, 8])
def test_shares_of_all_processes_are_the_limit(rates: RateLimits, processes: int) -> None:
    share = rates.share(processes)
    for part, whole in zip(astuple(share), astuple(rates), strict=True):
        assert processes * part == pytest.approx(whole)


def test_no_limit_is_shared_as_none() -> None:
    assert RateLimits().share(4) == RateLimits()


@pytest.mark.parametrize("rates", [RateLimits(5, None), RateLimits(None, 5 * 65_536)])
def test_a_share_of_less_than_one_a_second_makes_its_process_wait_for_more_than_one(rates: RateLimits) -> None:
    assert 1.5 <= seconds_of(Throttle(rates.share(8)), 2, 65_536) < 3
