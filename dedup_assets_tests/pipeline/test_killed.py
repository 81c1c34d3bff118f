import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.pipeline.collections import small_collection, write_collection
from dedup_assets_tests.pipeline.line import Line, Outcome, broken_commits

CHUNK_IMAGES = 1
COMMITTED_TABLES = (
    ("image_features", 2),
    ("image_features", 5),
    ("wavelet_groups", 2),
    ("verified_groups", 3),
    ("similar_groups", 1),
    ("dedup_report", 2),
)
"""Moments: a run is killed as soon as so many Parquet parts or commits of a table are there."""

PATIENCE_S = 120


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed") / "photos"
    write_collection(folder, small_collection())
    return folder


@pytest.fixture(scope="module")
def undisturbed(source: Path) -> Outcome:
    return Line(str(source), str(source.parent / "undisturbed")).run()


def start(*command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env=os.environ | {"OMP_NUM_THREADS": "1", "DAGSTER_DISABLE_TELEMETRY": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def stop(process: "subprocess.Popen[bytes]", moment: Callable[[], bool], how: signal.Signals) -> tuple[int, str]:
    """Send a signal at a moment, and return how the process ended and what it wrote to stderr."""
    give_up_at = time.monotonic() + PATIENCE_S
    while process.poll() is None and not moment() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    process.send_signal(how)
    errors = process.communicate(timeout=PATIENCE_S)[1].decode()
    return process.returncode, errors


def reaches(store: Path, table: str, count: int) -> bool:
    """True once a table has so many files."""
    return files_of(store, table) >= count


def files_of(store: Path, table: str) -> int:
    """Parquet parts of image_features, commits of the other tables."""
    kind = "*.parquet" if table == IMAGE_FEATURES.name else "commit.json"
    return sum(1 for _ in (store / "tables" / table).rglob(kind))


def test_a_run_killed_again_and_again_goes_on_and_gives_the_same_report(
    source: Path, tmp_path: Path, undisturbed: Outcome
) -> None:
    line = Line(str(source), str(tmp_path / "store"), chunk_images=CHUNK_IMAGES)
    read = 0
    for table, count in COMMITTED_TABLES:
        process = start("dedup_assets_tests.pipeline.line", line.source, line.store, str(CHUNK_IMAGES))
        reached = partial(reaches, Path(line.store), table, count)
        code, errors = stop(process, reached, signal.SIGKILL)
        assert code == -signal.SIGKILL, errors
        assert broken_commits(Path(line.store)) == []
        assert line.tables.read_many(IMAGE_FEATURES, columns=["image_id"]).height >= read
        read = line.tables.read_many(IMAGE_FEATURES, columns=["image_id"]).height
    outcome = line.run()
    assert outcome.csv.decode() == undisturbed.csv.decode()
    assert outcome.page == undisturbed.page
    assert line.run().work["downloaded_images"] == 0


def test_a_killed_run_loses_at_most_the_chunk_that_it_was_reading(source: Path, tmp_path: Path) -> None:
    line = Line(str(source), str(tmp_path / "store"), chunk_images=CHUNK_IMAGES)
    process = start("dedup_assets_tests.pipeline.line", line.source, line.store, str(CHUNK_IMAGES))
    stop(process, partial(reaches, Path(line.store), IMAGE_FEATURES.name, 4), signal.SIGKILL)
    kept = line.tables.read_many(IMAGE_FEATURES, columns=["image_id"]).height
    assert kept >= 4 - CHUNK_IMAGES
    assert line.run().work["downloaded_images"] == len(small_collection()) - kept


def test_ctrl_c_says_how_to_go_on_and_that_goes_on(source: Path, tmp_path: Path, undisturbed: Outcome) -> None:
    store = tmp_path / "a store"
    process = start("dedup_assets.cli", "run", str(source), "--store", str(store), "--prefix-depth", "2")
    code, errors = stop(process, partial(reaches, store, IMAGE_FEATURES.name, 1), signal.SIGINT)
    assert code == 130, errors
    assert "Traceback" not in errors
    told = errors.strip().splitlines()
    assert "to go on" in told[-2]
    program, *arguments = shlex.split(told[-1])
    assert program == "dedup-assets"
    again = start("dedup_assets.cli", *arguments)
    text, errors = (stream.decode() for stream in again.communicate(timeout=PATIENCE_S))
    assert again.returncode == 0, errors
    assert f"{len(small_collection())} images" in text
    outcome = Line(str(source), str(store), prefix_depth=2).outcome()
    assert outcome.csv.decode() == undisturbed.csv.decode()
    assert outcome.work["downloaded_images"] < len(small_collection())
