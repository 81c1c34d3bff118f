import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.tables import ORGANIZED_BLOBS
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled
from dedup_assets_tests.pipeline.collections import Planted, write_file
from dedup_assets_tests.pipeline.commands import dedup_assets
from dedup_assets_tests.pipeline.conftest import LineOf
from dedup_assets_tests.pipeline.line import Line, Outcome

ONE, TWO = make_photograph(1), make_photograph(2)
FILES = (
    Planted("a/same name.jpg", jpeg(ONE), "one"),
    Planted("b/same name.jpg", jpeg(scaled(ONE, 0.7)), "one"),
    Planted("c/deep/same name.jpg", jpeg(TWO), "two"),
    Planted("c/broken.jpg", b"no image", None),
)
READABLE = [planted for planted in FILES if planted.picture is not None]


@pytest.fixture
def line(line_of: LineOf) -> Line:
    return line_of(FILES)


def contents(folder: Path) -> dict[str, bytes]:
    """Paths and bytes of all files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def organized(line: Line) -> Path:
    return Path(f"{line.source}_deduplicated")


def expected(outcome: Outcome) -> dict[str, bytes]:
    folders = {"Best": "best", "Duplicate": "duplicates"}
    data = {planted.path: planted.data for planted in READABLE}
    return {
        f"{folders[row['Status']]}/{path}": data[path]
        for path, row in outcome.by_path.items()
        if row["Status"] in folders
    }


def test_a_plan_writes_nothing_applying_it_copies_and_undoing_removes(line: Line) -> None:
    outcome = line.run()
    before = contents(Path(line.source))
    assert line.organize("plan") == {"planned": len(READABLE)}
    assert not organized(line).exists()
    planned = line.tables.read_many(ORGANIZED_BLOBS)["destination"]
    assert line.organize("apply") == {"copied": len(READABLE)}
    assert contents(organized(line)) == expected(outcome)
    assert sorted(planned) == sorted(f"{organized(line).name}/{path}" for path in expected(outcome))
    assert line.organize("apply") == {"copied": len(READABLE)}
    assert contents(organized(line)) == expected(outcome)
    (organized(line) / "best" / "my own notes.txt").write_text("not a copy")
    assert line.organize("undo") == {"planned": len(READABLE)}
    assert contents(organized(line)) == {"best/my own notes.txt": b"not a copy"}
    assert contents(Path(line.source)) == before


def test_a_nightly_run_copies_nothing(line: Line) -> None:
    line.run()
    assert not organized(line).exists()
    assert line.tables.partitions(ORGANIZED_BLOBS) == []


def test_a_changed_report_is_organized_anew(line: Line) -> None:
    line.run()
    line.organize("apply")
    (Path(line.source) / "a/same name.jpg").unlink()
    write_file(Path(line.source) / "c/new.jpg", jpeg(make_photograph(3)), 1_800_000_000)
    line.run()
    line.organize("apply")
    line.organize("remove_stale")
    assert sorted(contents(organized(line))) == [
        "best/b/same name.jpg", "best/c/deep/same name.jpg", "best/c/new.jpg",
    ]  # fmt: skip


def test_a_copy_that_somebody_changed_is_left_alone(line: Line) -> None:
    line.run()
    line.organize("apply")
    mine = organized(line) / "best" / "c/deep/same name.jpg"
    mine.write_bytes(b"retouched by hand")
    for _ in range(2):
        said = dedup_assets("organize", "--store", line.store, "--undo")
        assert (said.code, said.out) == (1, f"1 copy still there, in {organized(line).name}.\n")
        assert f"{organized(line).name}/best/c/deep/same name.jpg changed since it was copied" in said.err
        assert contents(organized(line)) == {"best/c/deep/same name.jpg": b"retouched by hand"}


MANY = 700
"""More than are noted at once, and a second of copying."""


def kill_in_mid_apply(line: Line, is_under_way: Callable[[], bool]) -> None:
    process = subprocess.Popen([sys.executable, "-m", "dedup_assets.cli", "organize", "--store", line.store, "--apply"])
    while process.poll() is None and not is_under_way():
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_all_copies_of_an_apply_that_was_killed_are_known_to_the_next_command(line_of: LineOf) -> None:
    line = line_of([Planted(f"a/{number}.jpg", READABLE[0].data, "one") for number in range(MANY)])
    line.run()
    root = organized(line)
    for more in (20, MANY - 100):
        least = len(list(root.rglob("*.jpg"))) + more
        kill_in_mid_apply(line, lambda least=least: len(list(root.rglob("*.jpg"))) >= least)  # type: ignore[misc]
        assert "begun" in set(line.tables.read_many(ORGANIZED_BLOBS)["state"])
        line.organize("plan")
        noted = line.tables.read_many(ORGANIZED_BLOBS).filter(pl.col("state") == "copied")["destination"]
        assert {path.relative_to(root.parent).as_posix() for path in root.rglob("*") if path.is_file()} == set(noted)
        said = dedup_assets("organize", "--store", line.store, "--undo")
        assert said.out == f"0 copies still there, in {root.name}.\n"
        assert not root.exists()


def test_a_file_in_the_way_is_not_overwritten_and_told(line: Line) -> None:
    line.run()
    in_the_way = organized(line) / "best" / "c/deep/same name.jpg"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_bytes(b"somebody else's")
    assert line.organize("apply") == {"copied": len(READABLE) - 1, "failed": 1}
    assert in_the_way.read_bytes() == b"somebody else's"
    causes = line.tables.read_many(ORGANIZED_BLOBS)["cause"].drop_nulls().to_list()
    assert len(causes) == 1
    line.organize("undo")
    assert in_the_way.read_bytes() == b"somebody else's"


def test_the_command_says_where_copies_lie_and_names_what_it_could_not_copy(line: Line) -> None:
    line.run()
    said = dedup_assets("organize", "--store", line.store)
    assert (said.code, said.out) == (0, f"{len(READABLE)} planned, in {organized(line).name}.\n")
    taken = line.tables.read_many(ORGANIZED_BLOBS)["destination"].sort()[0]
    mine = Path(line.source).parent / taken
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"a file of my own")
    said = dedup_assets("organize", "--store", line.store, "--apply")
    assert said.code == 1
    assert "1 failed" in said.out
    assert taken in said.err
    assert mine.read_bytes() == b"a file of my own"
