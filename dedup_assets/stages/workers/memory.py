"""How much memory a run holds, all its processes counted, and what keeps that low in each of them.

Belongs here: what the C library and the kernel are asked. Does not belong here: limits of a process (`processes.py`).

Forked processes share most of what they hold, so it is their proportional shares (PSS) that add up to what a machine must have.
The kernel walks all pages for these, 10 ms a GB; resident pages (RSS) are there at once, and say when to look again.
"""

import resource
import time
from ctypes import CDLL
from functools import cache
from pathlib import Path
from threading import Event, Lock, Thread

MB = 2**20
LOOK_EVERY_S = 0.5
MOST_CPU = 0.002
"""The share of a processor that shares of pages are asked for with, but for new peaks."""

NEWS_MB = 50
"""A peak that is higher by less may be missed, and is found when the shares are asked for next, some seconds later."""

M_ARENA_MAX, ARENAS = -8, 2
"""Of glibc's `mallopt`: its heaps, by default 8 a processor, each keep what threads freed there."""

M_MMAP_THRESHOLD, LARGE_BYTES = -3, 32 << 20
M_TRIM_THRESHOLD, KEPT_BYTES = -1, 256 << 20
"""What is freed stays for the next picture, up to so much at a heap's end, unless it is larger than the first: returned to the
system, each page of it is made anew. Over 999 files 1.0 million pages in place of 1.7, 1.5 to 3 s less of the system's time, and
20 MB more."""


def give_back_memory() -> None:
    """Let the system have what was freed, where the C library can be asked to: glibc keeps what lies below anything in use."""
    if trim := getattr(CDLL(None), "malloc_trim", None):
        trim(0)


def _keep_heaps() -> None:
    if mallopt := getattr(CDLL(None), "mallopt", None):
        for option, value in ((M_ARENA_MAX, ARENAS), (M_MMAP_THRESHOLD, LARGE_BYTES), (M_TRIM_THRESHOLD, KEPT_BYTES)):
            mallopt(option, value)


_keep_heaps()


def peak_rss_mb() -> float:
    """The most MB that this process and all that it started held at once since `follow_memory`; of what is shared, a share each."""
    return round(_memory().peak_mb, 1)


def follow_memory() -> None:
    """Forget earlier peaks: a stage begins."""
    _memory().begin()


@cache
def _memory() -> "_Memory":
    return _Memory()


class _Memory:
    """Looks at the processes from now on, in a thread."""

    def __init__(self) -> None:
        self._shared_mb = self._ask_again_at = self.peak_mb = 0.0
        self._looking = Lock()
        self._look()
        Thread(target=self._follow, daemon=True, name="memory").start()

    def begin(self) -> None:
        """Take what is held now for the peak."""
        with self._looking:
            self.peak_mb = self._ask_again_at = 0.0
            self._look()

    def _follow(self) -> None:
        never = Event()
        while not never.wait(LOOK_EVERY_S):
            with self._looking:
                self._look()

    def _look(self) -> None:
        processes = _processes()
        rss_mb = sum(map(_rss_mb, processes))
        if rss_mb - self._shared_mb < self.peak_mb + NEWS_MB and time.monotonic() < self._ask_again_at:
            return
        began = time.thread_time()
        pss_mb = sum(map(_pss_mb, processes))
        self._shared_mb, self.peak_mb = rss_mb - pss_mb, max(self.peak_mb, pss_mb)
        self._ask_again_at = time.monotonic() + (time.thread_time() - began) / MOST_CPU


def _processes() -> list[Path]:
    """This one and those that it started, and these, in /proc."""
    found = [Path("/proc/self")]
    for process in found:
        children = " ".join(_read(task / "children") for task in _tasks(process))
        found += [Path("/proc", number) for number in children.split()]
    return found


def _tasks(process: Path) -> list[Path]:
    """None where it has ended meanwhile."""
    try:
        return list((process / "task").iterdir())
    except OSError:
        return []


def _rss_mb(process: Path) -> float:
    _, pages, *_ = _read(process / "statm").split() or (0, 0)
    return int(pages) * resource.getpagesize() / MB


def _pss_mb(process: Path) -> float:
    """0 where it has ended."""
    shares = (line.split() for line in _read(process / "smaps_rollup").splitlines())
    return sum(int(words[1]) / 1024 for words in shares if words[0] == "Pss:")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the process has ended meanwhile
        return ""
