"""What is said about how far work is, in logs and on a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from dedup_assets.resources.progress import ProgressReporter, Tracker

KEYS = ["[shoes]", "[/]", "[bold", "[Überblick & Co]"]

SCRIPT = """
import sys
from dedup_assets.resources.progress import ProgressReporter

for key, total in eval(sys.argv[1]):
    with ProgressReporter(at_terminal=True).track(print, f"image_features {key}", total, "images") as tracker:
        for _ in range(total):
            tracker.advance()
"""


def tracker(total: int, said: list[str] | None = None, every_s: float = 3_600) -> Tracker:
    return Tracker("image_features [shoes]", total, "images", ([] if said is None else said).append, every_s)


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (250, 1_000, 10, "250 of 1,000 images (25%), 25.0 images/s, done in 30 s"),
        (1_000, 1_000, 10, "1,000 of 1,000 images (100%), 100.0 images/s"),
        (0, 1_000, 10, "0 of 1,000 images (0%), 0.0 images/s"),
        (0, 0, 10, "0 of 0 images, 0.0 images/s"),
        (5, 10, 0, "5 of 10 images (50%), 0.0 images/s"),
    ],
)
def test_a_line_says_how_far_how_fast_and_when_it_will_end(done: int, total: int, seconds: float, line: str) -> None:
    work = tracker(total)
    work.advance(done)
    assert work.describe(seconds) == f"image_features [shoes]: {line}"


def test_nothing_is_said_before_it_is_time() -> None:
    said: list[str] = []
    work = tracker(10, said)
    for _ in range(10):
        work.advance()
    assert said == []
    assert work.done == 10


def test_a_line_is_said_whenever_it_is_time() -> None:
    said: list[str] = []
    work = tracker(3, said, every_s=0.01)
    for _ in range(3):
        time.sleep(0.02)
        work.advance()
    assert [line.split(",")[0] for line in said] == [
        f"image_features [shoes]: {done} of 3 images ({share}%)" for done, share in ((1, 33), (2, 67), (3, 100))
    ]


def test_without_a_person_lines_go_to_the_log_of_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    with ProgressReporter(every_s=1e-9).track(said.append, "image_manifest", 2, "prefixes") as work:
        work.advance(2)
    assert len(said) == 1
    assert said[0].startswith("image_manifest: 2 of 2 prefixes (100%)")
    assert capfd.readouterr() == ("", "")


def test_a_person_who_writes_into_a_file_gets_lines_without_control_characters_and_none_where_nothing_was_to_do() -> (
    None
):
    command = [sys.executable, "-c", SCRIPT, repr([("[shoes]", 3), ("[hats]", 0)])]
    finished = subprocess.run(command, capture_output=True, check=True)
    assert finished.stdout == b""
    assert finished.stderr.decode().startswith("image_features [shoes]: 3 of 3 images (100%)")
    assert b"\x1b" not in finished.stderr
    assert finished.stderr.count(b"\n") == 1


def test_a_person_at_a_terminal_sees_bars_with_the_names_of_partitions_as_they_are() -> None:
    drawn = draw_on_a_terminal([(key, 3) for key in KEYS] + [("[hats]", 0)])
    assert [key for key in [*KEYS, "[hats]"] if f"image_features {key} " not in drawn] == []
    assert drawn.count("3/3") >= len(KEYS)


def draw_on_a_terminal(work: list[tuple[str, int]]) -> str:
    """What the script draws for some work on a terminal of 120 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SCRIPT, repr(work)]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as program:
        os.close(theirs)
        drawn = b""
        while chunk := _read(ours):
            drawn += chunk
    os.close(ours)
    assert program.returncode == 0, drawn.decode()
    return drawn.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # what Linux answers when the other side has closed the terminal
        return b""
