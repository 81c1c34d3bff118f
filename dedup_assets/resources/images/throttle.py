"""How many requests and bytes a second the source is asked for.

Belongs here: waiting until the next request is within the limits. Does not belong here: retrying (the stores do).
"""

from dataclasses import dataclass

from pyrate_limiter import Limiter, Rate

SECOND_MS = 1_000
UNIT_BYTES = 65_536
"""Bytes are counted in units of 64 KiB: the limiter keeps one entry a unit for a second."""

LEAST_SHARE = 100
"""Requests or units a second of each process that shares a limit: rounding down then leaves 1 % of it at most."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a source may be asked for in a second; None is no limit."""

    max_requests_per_s: int | None = None
    max_bytes_per_s: int | None = None

    @property
    def most_processes(self) -> int | None:
        """How many processes may share these limits, None for any number."""
        units = self.max_bytes_per_s and self.max_bytes_per_s // UNIT_BYTES
        return min((max(1, limit // LEAST_SHARE) for limit in (self.max_requests_per_s, units) if limit), default=None)

    def share(self, processes: int) -> "RateLimits":
        """What each of so many processes may ask for."""
        limits = (self.max_requests_per_s, self.max_bytes_per_s)
        return RateLimits(*(limit and limit // processes for limit in limits))


class Throttle:
    """Makes callers of any number of threads wait."""

    def __init__(self, rates: RateLimits) -> None:
        requests, size = rates.max_requests_per_s, rates.max_bytes_per_s
        self._requests = Limiter(Rate(requests, SECOND_MS)) if requests else None
        self._max_units = max(1, size // UNIT_BYTES) if size else 0
        self._bytes = Limiter(Rate(self._max_units, SECOND_MS)) if self._max_units else None

    def wait(self, size_bytes: int) -> None:
        """Return as soon as one more request of about `size_bytes` may be sent: one byte and more count as 64 KiB."""
        if self._requests is not None:
            self._requests.try_acquire("requests")
        units = max(1, -(-size_bytes // UNIT_BYTES)) if self._bytes is not None else 0
        while self._bytes is not None and units > 0:
            self._bytes.try_acquire("bytes", weight=min(self._max_units, units))
            units -= self._max_units
