"""How far a stage is, how fast it goes and when it will end: as log lines, and as bars on a terminal.

Belongs here: the arithmetic of progress and its two faces. Does not belong here: what the stages do.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import Field
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_TERMINAL = Console(stderr=True)


class Tracker:
    """Counts done items and says where it stands at most every `every_s` seconds."""

    def __init__(self, what: str, total: int, unit: str, say: Callable[[str], None], every_s: float) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._say, self._every_s = say, every_s
        self._began = self._said = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Note that `count` more items are done."""
        self.done += count
        now = time.monotonic()
        if now - self._said >= self._every_s:
            self._said = now
            self._say(self.describe(now - self._began))

    def describe(self, seconds: float) -> str:
        """One line: how far, how fast, and when it will end."""
        rate = self.done / seconds if seconds > 0 else 0.0
        left = f", done in {(self.total - self.done) / rate:,.0f} s" if rate else ""
        share = f" ({self.done / self.total:.0%})" if self.total else ""
        return f"{self.what}: {self.done:,} of {self.total:,} {self.unit}{share}, {rate:,.1f} {self.unit}/s{left}"


class ProgressReporter(dg.ConfigurableResource[None]):
    """Says in the run's log, and on the terminal if asked to, how far each piece of work is."""

    bars: bool = Field(default=False, description="Draw progress bars on the terminal")
    every_s: float = Field(default=10.0, gt=0, description="Seconds between two log lines")

    @contextmanager
    def track(self, log: Callable[[str], None], what: str, total: int, unit: str) -> Iterator[Tracker]:
        """Follow a piece of work of `total` items."""
        if not self.bars:
            yield Tracker(what, total, unit, log, self.every_s)
            return
        with Progress(
            TextColumn("{task.description:<42}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=_TERMINAL,
            transient=True,
        ) as display:
            task = display.add_task(what, total=total)
            yield _BarTracker(what, total, unit, log, self.every_s, lambda done: display.update(task, completed=done))


class _BarTracker(Tracker):
    def __init__(
        self, what: str, total: int, unit: str, say: Callable[[str], None], every_s: float, show: Callable[[int], None]
    ) -> None:
        super().__init__(what, total, unit, say, every_s)
        self._show = show

    def advance(self, count: int = 1) -> None:
        super().advance(count)
        self._show(self.done)
