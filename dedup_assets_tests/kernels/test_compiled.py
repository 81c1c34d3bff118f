"""Compiled functions give what they give as they are written, from any thread, and are kept for the next process."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.compiled import compiled

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
    kept = sorted(path.name for path in (tmp_path / "__pycache__").iterdir())
    assert any(name.startswith("summing.total") and name.endswith(".nbc") for name in kept), kept


def test_damaged_files_of_what_was_kept_are_not_used(tmp_path: Path) -> None:
    module = tmp_path / "summing.py"
    module.write_text(MODULE)
    command = [sys.executable, str(module)]
    subprocess.run(command, check=True, capture_output=True)
    for ending in ("nbc", "nbi"):
        for kept in (tmp_path / "__pycache__").glob(f"*.{ending}"):
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
