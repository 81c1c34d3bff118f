import os
import random
import secrets
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
from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.collections import FIRST_TIME_S, small_collection, write_collection, write_file
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

CROWDED_IMAGES, DISTINCT_PICTURES, CROWDED_CHUNK, KILLS = 1_500, 50, 40, 10


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
    """Parquet parts of image_features, partitions of the other tables that hold a commit."""
    kind = "*.parquet" if table == IMAGE_FEATURES.name else "000001.json"
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


def crowded_folder(folder: Path) -> Path:
    """Many images in three directories: each picture again and again, as it is and brightened."""
    for number in range(DISTINCT_PICTURES):
        picture = make_photograph(number, 96, 72)
        files = [jpeg(picture, quality) for quality in (90, 60)]
        for copy in range(CROWDED_IMAGES // DISTINCT_PICTURES):
            path = folder / "abc"[copy % 3] / f"{number:03d} {copy:02d}.jpg"
            write_file(path, files[copy % 2], FIRST_TIME_S + number)
    return folder


@pytest.mark.timeout(900)
def test_ten_kills_at_random_moments_change_nothing_and_lose_a_chunk_each(tmp_path: Path) -> None:
    source = crowded_folder(tmp_path / "photos")
    undisturbed, line = (Line(str(source), str(tmp_path / name), chunk_images=CROWDED_CHUNK) for name in ("one", "two"))
    began = time.monotonic()
    expected = undisturbed.run()
    seconds = time.monotonic() - began
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    kept = 0
    forget_reads(source)
    for kill in range(KILLS):
        delay = chance.uniform(0, seconds / 7)
        process = start("dedup_assets_tests.pipeline.line", line.source, line.store, str(CROWDED_CHUNK))
        stop(process, partial(has_worked_for, Path(line.store), time.time(), delay), signal.SIGKILL)
        told = f"seed {seed}, kill {kill} after {delay:.3f} s"
        assert broken_commits(Path(line.store)) == [], told
        rows = line.tables.read_many(IMAGE_FEATURES, columns=["image_id"]).height
        assert 0 <= forget_reads(source) - (rows - kept) <= CROWDED_CHUNK, told
        kept = rows
    outcome = line.run()
    assert outcome.csv == expected.csv, f"seed {seed}"
    assert outcome.page == expected.page, f"seed {seed}"


def forget_reads(folder: Path) -> int:
    """How many files were read since this was last asked: their time of access is set back to the epoch."""
    read = [path for path in folder.rglob("*.jpg") if path.stat().st_atime_ns > 0]
    for path in read:
        os.utime(path, ns=(0, path.stat().st_mtime_ns))
    return len(read)


def has_worked_for(store: Path, started: float, seconds: float) -> bool:
    """True so long after a process that was started then began its work on the store."""
    begun = store / "dagster" / "workspace.yaml"
    return begun.exists() and (written := begun.stat().st_mtime) >= started and time.time() - written >= seconds


def test_a_killed_run_loses_at_most_the_chunk_that_it_was_reading(source: Path, tmp_path: Path) -> None:
    line = Line(str(source), str(tmp_path / "store"), chunk_images=CHUNK_IMAGES)
    process = start("dedup_assets_tests.pipeline.line", line.source, line.store, str(CHUNK_IMAGES))
    stop(process, partial(reaches, Path(line.store), IMAGE_FEATURES.name, 4), signal.SIGKILL)
    kept = line.tables.read_many(IMAGE_FEATURES, columns=["image_id"]).height
    assert kept >= 4 - CHUNK_IMAGES
    assert line.run().work["downloaded_images"] == len(small_collection()) - kept


def test_ctrl_c_says_how_to_go_on_and_that_goes_on(source: Path, tmp_path: Path, undisturbed: Outcome) -> None:
    store = tmp_path / "a store"
    options = ["--store", str(store), "--prefix-depth", "2", "--decode-timeout", "60"]
    process = start("dedup_assets.cli", "run", str(source), *options)
    features = store / "tables" / IMAGE_FEATURES.name
    code, errors = stop(process, lambda: any(features.rglob("*.json")), signal.SIGINT)
    assert code == 130, errors
    assert "Traceback" not in errors
    told = errors.strip().splitlines()
    assert "to go on" in told[-2]
    program, *arguments = shlex.split(told[-1])
    assert [program, *arguments] == ["dedup-assets", "run", str(source), *options]
    again = start("dedup_assets.cli", *arguments)
    text, errors = (stream.decode() for stream in again.communicate(timeout=PATIENCE_S))
    assert again.returncode == 0, errors
    assert f"{len(small_collection())} images" in text
    outcome = Line(str(source), str(store), prefix_depth=2).outcome()
    assert outcome.csv.decode() == undisturbed.csv.decode()
    assert outcome.work["downloaded_images"] < len(small_collection())
