"""Compiled functions give what they give as they are written, from any thread, and are kept for the next process."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import FOLDER_NAME, UNUSED_DAYS, compiled

MODULE = """
import numpy as np
from dedup_assets.kernels.compiled import compiled

@compiled
def total(values):
    result = 0
    for value in values:
        result += double(value)
    return result

@compiled
def double(value):
    return 2 * value

if __name__ == "__main__":
    print(total(np.arange(5)))
"""


@compiled
def _sum_of_squares(values: NDArray[np.int64]) -> int:
    """Add up squares."""
    total = 0
    for value in values:
        total += _square(value)
    return total


@compiled
def _square(value: int) -> int:
    return value * value


def test_what_is_compiled_is_what_was_written() -> None:
    values = np.arange(1000)
    assert _sum_of_squares(values) == _sum_of_squares.plain(values) == int((values**2).sum())
    assert _sum_of_squares.__doc__ == "Add up squares."


def test_many_threads_may_call_it_first_at_once() -> None:
    cube = compiled(lambda value: value**3)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(cube, range(40))) == [value**3 for value in range(40)]


def test_what_was_compiled_is_kept_beside_its_source_for_the_next_process(tmp_path: Path) -> None:
    module = tmp_path / "summing.py"
    module.write_text(MODULE)
    for _ in range(2):
        assert (
            subprocess.run([sys.executable, str(module)], capture_output=True, text=True, check=True).stdout == "20\n"
        )
    [kept] = (tmp_path / "__pycache__").rglob("*.nbc")
    assert kept.name.startswith("summing.total")


def test_what_a_process_compiles_of_sources_replaced_under_it_is_not_taken_for_theirs(tmp_path: Path) -> None:
    module = tmp_path / "summing.py"
    module.write_text(MODULE)
    late = (
        "import pathlib, summing, numpy as np; source = pathlib.Path(summing.__file__); "
        "source.write_text(source.read_text().replace('2 * value', '3 * value')); print(summing.total(np.arange(5)))"
    )
    run = partial(subprocess.run, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run([sys.executable, "-c", late]).stdout == "20\n"
    assert run([sys.executable, str(module)]).stdout == "30\n"


def test_what_was_compiled_from_other_sources_goes_after_some_days(tmp_path: Path) -> None:
    module, kept = tmp_path / "summing.py", tmp_path / "__pycache__"
    module.write_text(MODULE)
    for name, days in ((f"{FOLDER_NAME}old", UNUSED_DAYS + 1), (f"{FOLDER_NAME}young", UNUSED_DAYS - 1)):
        (kept / name).mkdir(parents=True)
        os.utime(kept / name, times=(time.time() - days * 86400,) * 2)
    subprocess.run([sys.executable, str(module)], check=True, capture_output=True)
    left = {path.name for path in kept.glob(f"{FOLDER_NAME}*")}
    assert len(left) == 2
    assert f"{FOLDER_NAME}young" in left


def test_the_environment_says_where_it_is_kept(tmp_path: Path) -> None:
    module, volume = tmp_path / "summing.py", tmp_path / "volume"
    module.write_text(MODULE)
    subprocess.run(
        [sys.executable, str(module)],
        check=True,
        capture_output=True,
        env=os.environ | {"NUMBA_CACHE_DIR": str(volume)},
    )
    assert [kept.name.split("-")[0] for kept in volume.rglob("*.nbc")] == ["summing.total"]
    assert list((tmp_path / "__pycache__").glob(f"{FOLDER_NAME}*")) == []


def test_damaged_files_of_what_was_kept_are_not_used(tmp_path: Path) -> None:
    module = tmp_path / "summing.py"
    module.write_text(MODULE)
    command = [sys.executable, str(module)]
    subprocess.run(command, check=True, capture_output=True)
    for ending in ("nbc", "nbi"):
        for kept in (tmp_path / "__pycache__").rglob(f"*.{ending}"):
            kept.write_bytes(kept.read_bytes()[:40] if ending == "nbc" else b"")
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "20\n"


def test_where_nothing_can_be_kept_each_process_compiles_for_itself(tmp_path: Path) -> None:
    module, nowhere = tmp_path / "summing.py", tmp_path / "__pycache__"
    module.write_text(MODULE)
    nowhere.write_text("a file is no folder")
    homeless = os.environ | {"HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere)}
    command = [sys.executable, str(module)]
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=homeless).stdout == "20\n"


def test_the_project_is_loaded_without_the_compiler() -> None:
    check = "import sys, dedup_assets.definitions; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout == "False\n"
