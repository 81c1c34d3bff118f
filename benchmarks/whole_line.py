"""What a picture costs from its bytes to the report: CPU of the whole line, beside the limit of reading it, and beside peers.

    python benchmarks/whole_line.py COLLECTION... [--workers 1 2] [--level copy near] [--policies FILE] [--peers FILE...]

Each line is a run of `dedup-assets run` into a new store, less the run over three of its images, which is what starting takes.
The limit is reading, SHA-256 and a scaled decode and nothing else, on the same files in the same run. Peers are adapters,
`python FILE COLLECTION OUT_CSV`, run by the interpreter that `FILE:PYTHON` names. Prints a table in Markdown; on a machine that
others use CPU time holds, seconds of the clock do not.

All processes count. Orphans, such as the server that workers are forked from and the database, are waited for here (Linux: a
subreaper). Memory is the most that all of them held together, of shared memory a share each (PSS), looked at ten times a second.
"""

import argparse
import ctypes
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets.kernels.decode.unreadable import UnreadableImage

FEW = 3
LOOK_EVERY_S = 0.1
PR_SET_CHILD_SUBREAPER = 36
COLUMNS = (
    "collection", "files", "by", "limit, CPU ms", "CPU ms an image", "line / limit", "clock, s", "cores used", "peak MB",
    "pairs", "embedded",
)  # fmt: skip


class Cost(NamedTuple):
    """What a command took, with all that it started."""

    cpu_s: float
    clock_s: float
    peak_mb: float


def measure_limit(files: list[Path]) -> float:
    """CPU ms an image of what cannot be saved."""
    began = time.process_time()
    for path in files:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        try:
            decode_image(data, DecodeLimits())
        except UnreadableImage:
            continue
    return 1000 * (time.process_time() - began) / len(files)


def take(command: list[str]) -> Cost:
    """Run a command to its end and that of all that it left; raises CalledProcessError."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, began, peak_mb = cpu_of_ended(), time.monotonic(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak_mb = max(peak_mb, sum(map(pss_mb, psutil.Process().children(recursive=True))))
        time.sleep(LOOK_EVERY_S)
    clock_s = time.monotonic() - began
    wait_for_orphans()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(cpu_of_ended() - before, clock_s, peak_mb)


def cpu_of_ended() -> float:
    """CPU seconds of all that was started here and waited for, by this process or by one that was."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def wait_for_orphans() -> None:
    """Wait for whatever is left of a command."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def pss_mb(process: psutil.Process) -> float:
    """MB that a process holds, 0 where it has ended."""
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0


def run_line(source: Path, store: Path, want: argparse.Namespace, level: str, workers: int) -> Cost:
    """Take a run into a new store."""
    command = [sys.executable, "-m", "dedup_assets", "run", str(source), "--store", str(store), "--level", level]
    return take([*command, "--workers", str(workers), *(["--policies", want.policies] if want.policies else [])])


def measure(collection: Path, files: list[Path], limit: float, cost: Cost, start: Cost) -> list[str]:
    """The columns that all lines have, after who did it."""
    line = 1000 * (cost.cpu_s - start.cpu_s) / len(files)
    cores = (cost.cpu_s - start.cpu_s) / max(cost.clock_s - start.clock_s, 0.001)
    return [
        f"{limit:.2f}", f"{line:.1f}", f"{line / limit:.1f}", f"{cost.clock_s:.0f}", f"{cores:.2f}", f"{cost.peak_mb:.0f}",
    ]  # fmt: skip


def tell(*columns: str) -> None:
    """Print a line of the table."""
    print("| " + " | ".join(columns) + " |", flush=True)


def tell_collection(collection: Path, want: argparse.Namespace, folder: Path) -> None:
    """Print the lines of a collection: each level by each number of workers, then the peers."""
    files = sorted(path for path in collection.rglob("*") if path.is_file())
    (folder / "few").mkdir()
    for path in files[:FEW]:
        shutil.copy(path, folder / "few" / path.name)
    for level in want.level:
        for workers in want.workers:
            stores = folder / f"few-{level}-{workers}", folder / f"{level}-{workers}"
            start = run_line(folder / "few", stores[0], want, level, workers)
            limit = measure_limit(files)
            cost = run_line(collection, stores[1], want, level, workers)
            summary = json.loads((stores[1] / "report/summary.json").read_text())
            found = f"{summary['verified_pairs']:,}", f"{summary['embedded_images']:,}"
            by = f"{level}, {workers} workers"
            tell(collection.name, f"{len(files):,}", by, *measure(collection, files, limit, cost, start), *found)
    for peer in want.peers:
        script, _, python = peer.partition(":")
        command = [python or sys.executable, script]
        start = take([*command, str(folder / "few"), str(folder / "few.csv")])
        limit = measure_limit(files)
        cost = take([*command, str(collection), str(folder / "peer.csv")])
        columns = measure(collection, files, limit, cost, start)
        tell(collection.name, f"{len(files):,}", Path(script).stem, *columns, "", "")


def main() -> None:
    """Print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("collections", nargs="+", type=Path)
    ask.add_argument("--workers", nargs="+", type=int, default=[os.cpu_count() or 1])
    ask.add_argument("--level", nargs="+", default=["copy"], choices=["copy", "near"])
    ask.add_argument("--policies")
    ask.add_argument("--peers", nargs="+", default=[])
    want = ask.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for collection in want.collections:
        with tempfile.TemporaryDirectory() as folder:
            tell_collection(collection, want, Path(folder))


if __name__ == "__main__":
    main()
