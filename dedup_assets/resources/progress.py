"""How far a stage is, how fast it goes and when it will end: as log lines, and as bars on a terminal.

Belongs here: the arithmetic of progress and its two faces. Does not belong here: what the stages do.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import dagster as dg
from pydantic import Field
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@cache
def terminal() -> Console:
    """Where stderr led when this was first called: Dagster leads it elsewhere while a step runs, so call it before."""
    return Console(file=open(os.dup(2), "w", encoding="utf-8", closefd=False))


@dataclass
class Tracker:
    """Counts done items, shows each count, and says where it stands at most every `every_s` seconds."""

    what: str
    total: int
    unit: str
    say: Callable[[str], None]
    every_s: float
    show: Callable[[int], object] = lambda _: None
    done: int = 0

    def __post_init__(self) -> None:
        """Begin to measure the time."""
        self._began = self._said = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Note that `count` more items are done."""
        self.done += count
        self.show(self.done)
        now = time.monotonic()
        if now - self._said >= self.every_s:
            self._said = now
            self.say(self.describe(now - self._began))

    def finish(self) -> None:
        """Say where it ended, if there was anything to do."""
        if self.total:
            self.say(self.describe(time.monotonic() - self._began))

    def describe(self, seconds: float) -> str:
        """One line: how far, how fast, and when it will end."""
        rate = self.done / seconds if seconds > 0 else 0.0
        left = f", done in {(self.total - self.done) / rate:,.0f} s" if rate and self.done < self.total else ""
        share = f" ({self.done / self.total:.0%})" if self.total else ""
        return f"{self.what}: {self.done:,} of {self.total:,} {self.unit}{share}, {rate:,.1f} {self.unit}/s{left}"


class ProgressReporter(dg.ConfigurableResource[None]):
    """Says in the run's log how far each piece of work is, and to a person at a terminal as well."""

    at_terminal: bool = Field(
        default=False, description="A person started this run: draw bars, or print lines into a file"
    )
    every_s: float = Field(default=10.0, gt=0, description="Seconds between two lines")

    @contextmanager
    def track(self, log: Callable[[str], None], what: str, total: int, unit: str) -> Iterator[Tracker]:
        """Follow a piece of work of `total` items."""
        if not self.at_terminal:
            yield Tracker(what, total, unit, log, self.every_s)
        elif terminal().is_terminal:
            with _bar(what, total) as show:
                yield Tracker(what, total, unit, log, self.every_s, show)
        else:
            tracker = Tracker(what, total, unit, lambda line: print(line, file=sys.stderr, flush=True), self.every_s)
            yield tracker
            tracker.finish()


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    columns = (
        TextColumn("{task.description:<46}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=terminal()) as display:
        task = display.add_task(what, total=max(total, 1), completed=0 if total else 1)
        yield lambda done: display.update(task, completed=done)
