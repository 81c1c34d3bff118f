"""Sorting more rows than memory should hold: sorted runs on disk, read back slice by slice of the key.

Belongs here: order and temporary files; nothing about what the columns mean.
Does not belong here: the CSV format (`csv_file.py`).
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

ROWS_PER_RUN = 50_000
_SAMPLES_PER_RUN = 200


def sort_frames(frames: Iterable[pl.DataFrame], key: str, rows_per_run: int = ROWS_PER_RUN) -> Iterator[pl.DataFrame]:
    """All rows of all frames, sorted by the column `key`, in frames of about `rows_per_run` rows.

    The frames share one schema; `key` is never null and no two rows share it. Memory holds a few runs; the rest waits
    in a temporary folder. Sorted runs and sampled splitters: external sample sort (Frazer and McKellar, 1970).
    """
    with TemporaryDirectory(prefix="dedup-assets-sort-") as folder:
        samples = []
        step = max(1, rows_per_run // _SAMPLES_PER_RUN)
        for number, run in enumerate(_runs(frames, rows_per_run)):
            ordered = run.sort(key)
            ordered.write_parquet(Path(folder) / f"{number:06d}.parquet", row_group_size=max(1, rows_per_run // 100))
            samples.append(ordered[key].gather_every(step, step // 2).to_list())
        if samples:
            yield from _slices(Path(folder), key, sorted(chain.from_iterable(samples))[:: rows_per_run // step][1:])


def _runs(frames: Iterable[pl.DataFrame], rows_per_run: int) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(map(len, waiting)) >= rows_per_run:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)


def _slices(folder: Path, key: str, splitters: list[str]) -> Iterator[pl.DataFrame]:
    """Every run's rows from one splitter to the next; statistics of the row groups keep the rest unread."""
    rows = pl.scan_parquet(folder / "*.parquet")
    for low, high in pairwise([None, *splitters, None]):
        at_least = pl.lit(True) if low is None else pl.col(key) >= low
        below = pl.lit(True) if high is None else pl.col(key) < high
        yield rows.filter(at_least & below).sort(key).collect(engine="streaming")
