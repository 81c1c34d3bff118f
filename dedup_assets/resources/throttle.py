"""How many requests and bytes a second the source is asked for.

Belongs here: waiting until the next request is within the limits. Does not belong here: retrying (the stores do).
"""

from pyrate_limiter import Limiter, Rate

SECOND_MS = 1_000
UNIT_BYTES = 65_536
"""Bytes are counted in units of 64 KiB: the limiter keeps one entry a unit for a second."""


class Throttle:
    """Makes callers of any number of threads wait; None is no limit."""

    def __init__(self, max_requests_per_s: int | None, max_bytes_per_s: int | None) -> None:
        self._requests = Limiter(Rate(max_requests_per_s, SECOND_MS)) if max_requests_per_s else None
        self._max_units = max(1, max_bytes_per_s // UNIT_BYTES) if max_bytes_per_s else 0
        self._bytes = Limiter(Rate(self._max_units, SECOND_MS)) if self._max_units else None

    def wait(self, size_bytes: int) -> None:
        """Return as soon as one more request of about `size_bytes` may be sent; a blob above a second's bytes counts as one."""
        if self._requests is not None:
            self._requests.try_acquire("requests")
        if self._bytes is not None:
            self._bytes.try_acquire("bytes", weight=min(self._max_units, max(1, -(-size_bytes // UNIT_BYTES))))
