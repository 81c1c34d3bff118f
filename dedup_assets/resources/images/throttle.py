"""How many requests and bytes a second the source is asked for.

Belongs here: waiting until the next request is within the limits. Does not belong here: retrying (the stores do).
"""

from dataclasses import dataclass
from math import ceil

from pyrate_limiter import Limiter, Rate

SECOND_MS = 1_000
UNIT_BYTES = 65_536
"""Bytes are counted in units of 64 KiB: the limiter keeps one entry a unit for a second."""

LEAST_SHARE = 100
"""Requests or units a second of each process that shares a limit: with fewer, the last at work would wait for its own."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a source may be asked for in a second; None is no limit."""

    max_requests_per_s: float | None = None
    max_bytes_per_s: float | None = None

    @property
    def most_processes(self) -> int | None:
        """How many processes may share these limits, None for any number."""
        units = self.max_bytes_per_s and self.max_bytes_per_s / UNIT_BYTES
        limits = [limit for limit in (self.max_requests_per_s, units) if limit]
        return min((max(1, int(limit // LEAST_SHARE)) for limit in limits), default=None)

    def share(self, processes: int) -> "RateLimits":
        """What each of so many processes may ask for, which may be less than one request a second."""
        limits = (self.max_requests_per_s, self.max_bytes_per_s)
        return RateLimits(*(limit and limit / processes for limit in limits))


class Throttle:
    """Makes callers of any number of threads wait."""

    def __init__(self, rates: RateLimits) -> None:
        units = rates.max_bytes_per_s and rates.max_bytes_per_s / UNIT_BYTES
        self._requests, self._bytes = _limiter(rates.max_requests_per_s), _limiter(units)
        self._max_units = ceil(units or 0)

    def wait(self, size_bytes: int) -> None:
        """Return as soon as one more request of about `size_bytes` may be sent: one byte and more count as 64 KiB."""
        if self._requests is not None:
            self._requests.try_acquire("requests")
        units = max(1, -(-size_bytes // UNIT_BYTES)) if self._bytes is not None else 0
        while self._bytes is not None and units > 0:
            self._bytes.try_acquire("bytes", weight=min(self._max_units, units))
            units -= self._max_units


def _limiter(per_s: float | None) -> Limiter | None:
    """Whole units in as much more than a second as they are more than `per_s`: 0.625 a second are one in 1.6 seconds."""
    return Limiter(Rate(ceil(per_s), round(SECOND_MS * ceil(per_s) / per_s))) if per_s else None
