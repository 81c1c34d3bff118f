"""What a person at a terminal sees of a run."""

import os
import subprocess
import sys

from dedup_assets_tests.photographs import jpeg, make_photograph
from dedup_assets_tests.pipeline.collections import Planted
from dedup_assets_tests.pipeline.conftest import LineOf


def test_a_run_at_a_terminal_draws_bars_although_dagster_redirects_its_output(line_of: LineOf) -> None:
    line = line_of([Planted("a/one.jpg", jpeg(make_photograph(1)), "one")])
    assert "━" in seen_of(["run", line.source, "--store", line.store])


def test_a_run_without_a_terminal_prints_lines(line_of: LineOf) -> None:
    line = line_of([Planted("a/one.jpg", jpeg(make_photograph(1)), "one")])
    command = [sys.executable, "-m", "dedup_assets.cli", "run", line.source, "--store", line.store]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "image_features [a]: 1 of 1 images (100%)" in ended.stderr
    assert ended.stdout.startswith(f"1 image in {line.source}")


def seen_of(arguments: list[str]) -> str:
    """What the command writes to a terminal that is its stderr."""
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "dedup_assets.cli", *arguments]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(command, stderr=terminal, stdout=subprocess.DEVNULL, env=environment)
    os.close(terminal)
    seen = b"".join(iter(lambda: read(controller), b""))
    os.close(controller)
    assert process.wait() == 0
    return seen.decode()


def read(controller: int) -> bytes:
    try:
        return os.read(controller, 65_536)
    except OSError:  # what Linux answers when the other side has closed the terminal
        return b""
