"""Memory that may be had, beside what a run needs: for the doctor, and for a run before it begins.

Belongs here: limits on this process and on its group, and what a run was measured to need. Does not belong here: anything that
takes long, or much memory, to import; the limit of each worker (`stages/workers/processes.py`).

Below what is needed libraries fail as they are loaded, wait for ever, or end by a fault, each in words of its own.
"""

import os
import resource
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import psutil

from dedup_assets.errors import SettingsError
from dedup_assets.health.finding import Finding
from dedup_assets.settings import Settings

BASE_BYTES, WORKER_BYTES = 600 << 20, 150 << 20
"""What a run holds, and each of its workers beside it (docs/OPERATIONS.md)."""

ADDRESS_BYTES, ADDRESS_BYTES_A_PROCESSOR = 4_400_000_000, 64 << 20
"""Address space of each process: most of a worker, 1.2 GB of the program and 3 GiB for a picture; a run itself takes 2.9 GB.
Measured with two processors; libraries start threads by their number."""

GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


class Limit(NamedTuple):
    """So many bytes may be had of what, and so many are needed."""

    name: str
    allowed: int
    needed: int
    remedy: str = "raise it, or run with fewer --workers"

    def __str__(self) -> str:
        return f"{self.name} is {self.allowed / 1e9:,.1f} GB, where a run needs some {self.needed / 1e9:,.1f} GB"


def require_memory(settings: Settings, limits: Iterable[Limit] | None = None) -> None:
    """Look at the limits, by default those on this process, before anything large is imported.

    Raises:
        SettingsError: one is below what a run needs.
    """
    for limit in limits_on(settings.workers) if limits is None else limits:
        if limit.allowed < limit.needed:
            raise SettingsError(f"{limit} with {settings.workers} workers: {limit.remedy}.")


def look_at_memory(settings: Settings) -> Iterator[Finding]:
    """What may be had now, by the machine and by the limits, of which the tightest is told."""
    needed, available = _needed(settings.workers), psutil.virtual_memory().available
    limits = [Limit("What is free of the memory of this machine", available, needed), *limits_on(settings.workers)]
    tightest = min(limits, key=lambda limit: limit.allowed / limit.needed)
    told = f"{tightest} with {settings.workers} workers"
    if tightest.allowed < tightest.needed:
        yield Finding("memory", told, "wrong", tightest.remedy)
    else:
        yield Finding("memory", told)


def limits_on(workers: int, groups: Path = GROUPS, own_groups: Path = OWN_GROUPS) -> Iterator[Limit]:
    """The limits on this process, and on its control groups of either version, which hold its workers too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        needed = ADDRESS_BYTES + ADDRESS_BYTES_A_PROCESSOR * (os.cpu_count() or 1)
        yield Limit("The limit of address space (ulimit -v)", soft, needed, "raise it, or set it to unlimited")
    for line in own_groups.read_text().splitlines() if own_groups.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            file = "memory.max" if not controllers else "memory.limit_in_bytes"
            own = PurePosixPath(path.lstrip("/"))
            for folder in (own, *own.parents):
                limit = groups / controllers / folder / file
                if limit.is_file() and (text := limit.read_text().strip()).isdigit():
                    yield Limit(f"The limit of memory in {limit}", int(text), _needed(workers))


def _needed(workers: int) -> int:
    return BASE_BYTES + WORKER_BYTES * workers
