import time
from datetime import timedelta

import pytest

from dedup_assets.resources.images.deadlines import within

LONG = timedelta(seconds=30)


def fail() -> None:
    raise KeyError("mine")


def test_what_ends_in_time_gives_its_result() -> None:
    assert within(LONG, lambda: 7) == 7


def test_what_fails_in_time_raises_its_own_error() -> None:
    with pytest.raises(KeyError, match="mine"):
        within(LONG, fail)


def test_what_takes_too_long_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        within(timedelta(seconds=0.1), lambda: time.sleep(2))
    assert time.monotonic() - began < 1
