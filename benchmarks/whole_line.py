"""What a picture costs from its bytes to the report: CPU of the whole line, beside the limit of reading it.

    python benchmarks/whole_line.py COLLECTION... [--workers 1 2] [--policies FILE]

Each line is a run of `dedup-assets run` into a new store, all its processes counted, less the run over three of its images,
which is what starting takes. The limit is reading, SHA-256 and a scaled decode and nothing else, on the same files in the same
run. Seconds a stage are those of the clock. Prints a table in Markdown; on a machine that others use CPU time holds.
"""

import argparse
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

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image
from dedup_assets.kernels.decode.unreadable import UnreadableImage

FEW = 3
COLUMNS = (
    "collection", "files", "workers", "limit, CPU ms", "line, CPU ms an image", "line / limit", "clock, s", "cores used",
    "peak MB of the run", "pairs", "embedded",
)  # fmt: skip


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


def run(source: Path, store: Path, workers: int, policies: str | None) -> tuple[float, float]:
    """Seconds of CPU, of all processes, and of the clock."""
    command = [
        sys.executable,
        "-m",
        "dedup_assets",
        "run",
        str(source),
        "--store",
        str(store),
        "--workers",
        str(workers),
    ]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command + (["--policies", policies] if policies else []), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began


def measure(collection: Path, workers: int, policies: str | None, folder: Path) -> list[str]:
    """A line of the table."""
    files = sorted(path for path in collection.rglob("*") if path.is_file())
    for path in files[:FEW]:
        (folder / "few").mkdir(exist_ok=True)
        shutil.copy(path, folder / "few" / path.name)
    start_cpu, start_s = run(folder / "few", folder / "few-store", workers, policies)
    limit = measure_limit(files)
    cpu, seconds = run(collection, folder / "store", workers, policies)
    summary = json.loads((folder / "store/report/summary.json").read_text())
    line = 1000 * (cpu - start_cpu) / len(files)
    return [
        collection.name, f"{len(files):,}", str(workers), f"{limit:.2f}", f"{line:.1f}", f"{line / limit:.1f}",
        f"{seconds:.0f}", f"{(cpu - start_cpu) / (seconds - start_s):.2f}", f"{summary['peak_rss_mb']:.0f}",
        f"{summary['verified_pairs']:,}", f"{summary['embedded_images']:,}",
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("collections", nargs="+", type=Path)
    ask.add_argument("--workers", nargs="+", type=int, default=[os.cpu_count() or 1])
    ask.add_argument("--policies")
    want = ask.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for collection in want.collections:
        for workers in want.workers:
            with tempfile.TemporaryDirectory() as folder:
                print("| " + " | ".join(measure(collection, workers, want.policies, Path(folder))) + " |", flush=True)


if __name__ == "__main__":
    main()
