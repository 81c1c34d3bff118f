"""What workers are forked from must be safe to fork."""

import subprocess
import sys
from pathlib import Path

LOOK = """
import sys
from pathlib import Path
import dedup_assets.stages.workers.preloaded
print("dagster" in sys.modules, sorted({each.read_text().strip() for each in Path("/proc/self/task").glob("*/comm")}))
"""

WITHOUT_LOCKS = ["jemalloc_bg_thd", "polars-ooc-clea", Path(sys.executable).name]
"""Threads that importing polars starts: of its allocator, which is told of forks, and one that waits for files of queries that did
not fit into memory, of which workers have none."""


def test_no_thread_that_a_fork_would_miss_has_started_and_dagster_is_not_there() -> None:
    seen = subprocess.run([sys.executable, "-c", LOOK], check=True, capture_output=True, text=True).stdout
    assert seen.strip() == f"False {WITHOUT_LOCKS}"
