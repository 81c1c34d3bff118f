import time
from pathlib import Path

import numpy as np
import pytest

from dedup_assets.stages.workers.engine import Workers
from dedup_assets.stages.workers.memory import LOOK_EVERY_S, NEWS_MB, follow_memory, peak_rss_mb

HELD_MB = 300
SHARED_MB = 100
"""More than what a worker shares with the one that it is forked from is small beside."""


def test_what_workers_hold_counts_and_what_they_share_counts_once(workers: Workers, tmp_path: Path) -> None:
    list(workers.map(_hold_together, (0, str(tmp_path)), ["a", "b"]))
    follow_memory()
    before = peak_rss_mb()
    list(workers.map(_hold_together, (HELD_MB, str(tmp_path)), ["c", "d"]))
    most = peak_rss_mb()
    assert before + 2 * HELD_MB - NEWS_MB < most < before + 2 * HELD_MB + SHARED_MB


def test_an_earlier_peak_is_forgotten_where_a_stage_begins() -> None:
    block = np.ones(HELD_MB << 17)
    follow_memory()
    with_block = peak_rss_mb()
    del block
    follow_memory()
    assert peak_rss_mb() == pytest.approx(with_block - HELD_MB, abs=NEWS_MB)


def test_looking_takes_next_to_nothing_of_a_processor(workers: Workers, tmp_path: Path) -> None:
    list(workers.map(_hold_together, (HELD_MB, str(tmp_path)), ["a", "b"]))
    follow_memory()
    began = time.process_time()
    time.sleep(10)
    assert time.process_time() - began < 10 * 0.01


def _hold_together(order: tuple[int, str], piece: str) -> int:
    """Hold some MB until another does so too, and has been seen."""
    size_mb, folder = order
    held = np.ones(size_mb << 17)
    Path(folder, piece).touch()
    while len(list(Path(folder).iterdir())) % 2:
        time.sleep(0.01)
    time.sleep(4 * LOOK_EVERY_S)
    return len(held)
