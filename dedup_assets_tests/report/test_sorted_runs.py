from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_assets.report.sorted_runs import sort_frames


def frames_of(keys: list[str], sizes: list[int]) -> list[pl.DataFrame]:
    """The keys over frames of the given sizes, in turn, each with its place as a second column."""
    rows = pl.DataFrame({"key": pl.Series(keys, dtype=pl.String), "place": pl.Series(range(len(keys)), dtype=pl.Int64)})
    frames, start = [], 0
    for size in sizes:
        frames.append(rows.slice(start, size))
        start += size
    return [*frames, rows.slice(start)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("ab\x00é🐱", max_size=6), unique=True, max_size=60), st.lists(st.integers(0, 9), max_size=6))
def test_any_rows_in_any_frames_come_out_as_by_one_sort_in_memory(keys: list[str], sizes: list[int]) -> None:
    rows = [row for frame in sort_frames(frames_of(keys, sizes), "key", rows_per_run=7) for row in frame.iter_rows()]
    assert rows == sorted((key, place) for place, key in enumerate(keys))


def test_many_runs_come_out_in_many_slices_of_about_the_size_of_a_run() -> None:
    keys = [f"{number * 7919 % 20_000:06d}" for number in range(20_000)]
    slices = list(sort_frames(frames_of(keys, [1000] * 19), "key", rows_per_run=2000))
    assert pl.concat(slices)["key"].to_list() == sorted(keys)
    assert len(slices) >= 9
    assert max(map(len, slices)) <= 4000


def test_long_keys_that_differ_only_at_their_end_are_told_apart() -> None:
    keys = [f"{'same long folder/' * 20}{number:05d}" for number in range(5000, 0, -1)]
    slices = list(sort_frames(frames_of(keys, [700] * 7), "key", rows_per_run=1000))
    assert pl.concat(slices)["key"].to_list() == sorted(keys)


def test_no_rows_give_no_frames() -> None:
    assert list(sort_frames([], "key")) == []
    assert sum(map(len, sort_frames(frames_of([], []), "key"))) == 0


def test_nothing_is_left_on_the_disk_even_when_the_reader_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows = sort_frames(frames_of(["b", "a", "c"], []), "key", rows_per_run=1)
    next(iter(rows))
    assert list(tmp_path.iterdir())
    del rows
    assert not list(tmp_path.iterdir())
