"""Memory and time of sorting the CSV report: `python benchmarks/report_csv.py [--rows 1000000 10000000] [--folder FOLDER]`.

Rows of `dedup_report` in parts of 20,000, in an order that says nothing about groups, are sorted and written by
`report/sorted_runs.py` and by `sink_csv` of polars' streaming engine, which spills to the disk where the environment gives it a
budget (`POLARS_OOC_MEMORY_BUDGET_MB`); each in a process of its own. Prints Markdown; `--out` also writes it.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from hashlib import file_digest
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from dedup_assets.report.csv_file import shape_rows
from dedup_assets.report.sorted_runs import sort_frames
from dedup_assets.tables import DEDUP_REPORT

IN_A_PART = 20_000
Way = tuple[str, Callable[[Path, Path], None], Mapping[str, str]]
SPILLING = {"POLARS_OOC_MEMORY_BUDGET_MB": "200"}


def write_parts(folder: Path, rows: int) -> None:
    """Parts of shaped rows, with their key: groups of four, of images from anywhere in the container."""
    folder.mkdir()
    for part in range(rows // IN_A_PART):
        random = np.random.default_rng(part)
        group = pl.Series(random.integers(0, rows // 4, IN_A_PART))
        known = {
            "image_id": pl.Series(part * IN_A_PART + np.arange(IN_A_PART)), "quality_score": random.random(IN_A_PART),
            "group_id": pl.select(pl.format("g{}", group)).to_series(), "group_size": 4,
            "status": np.where(random.random(IN_A_PART) < 0.25, "Best", "Duplicate"),
            "avg_color_correlation": random.random(IN_A_PART), "dominant_colors": 5, "keep_rank": 1, "level": "near",
            "kept_because": "more real pixels (1920 x 1080 against 960 x 540)", "decided_by": "local_features",
            "width_px": 960, "height_px": 540, "size_bytes": random.integers(10**4, 10**6, IN_A_PART),
            "file_sha256": [random.bytes(32) for _ in range(IN_A_PART)],
        }  # fmt: skip
        frame = pl.DataFrame(known).with_columns(
            path=pl.format("shop/{}/image-{}.jpg", pl.col("image_id") % 97, "image_id"),
            representative_path=pl.format("shop/{}/image-{}.jpg", group % 97, group),
        )
        whole = pl.concat([DEDUP_REPORT.empty(), frame], how="diagonal_relaxed")
        shape_rows(whole).write_parquet(folder / f"{part:05}.parquet")


def by_sorted_runs(parts: Path, out: Path) -> None:
    with out.open("wb") as file:
        for rows in sort_frames(map(pl.read_parquet, sorted(parts.iterdir())), "_key"):
            rows.drop("_key").write_csv(file, include_header=False, line_terminator="\r\n")


def by_sink(parts: Path, out: Path) -> None:
    rows = pl.scan_parquet(parts / "*.parquet").sort("_key").drop("_key")
    rows.sink_csv(out, include_header=False, line_terminator="\r\n", engine="streaming")


def measure(way: Callable[[Path, Path], None], parts: Path, out: Path) -> str:
    wall, cpu = time.perf_counter(), time.process_time()
    way(parts, out)
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    with out.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()[:8]
    return f"{cpu_s:.0f} | {wall_s:.0f} | {peak_mb():,.0f} | {digest}"


def peak_mb() -> float:
    """What this process held at most; the figure of `getrusage` begins with that of the process which started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure_alone(way: Callable[[Path, Path], None], parts: Path, out: Path, environment: Mapping[str, str]) -> str:
    os.environ.update(environment)
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        line = alone.submit(measure, way, parts, out).result()
    for name in environment:
        del os.environ[name]
    return line


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    ask.add_argument("--folder", type=Path, help="Where to put a few GB for a while")
    ask.add_argument("--out", type=Path)
    want = ask.parse_args()
    ways: tuple[Way, ...] = (
        ("sorted_runs", by_sorted_runs, {}),
        ("sink_csv", by_sink, {}),
        ("sink_csv, spilling", by_sink, SPILLING),
    )
    lines = ["| rows | by | CPU, s | wall, s | peak RSS, MB | SHA-256 of the CSV |", "|---:|---|---:|---:|---:|---|"]
    print("\n".join(lines), flush=True)
    for rows in want.rows:
        with tempfile.TemporaryDirectory(dir=want.folder) as folder:
            parts, out = Path(folder) / "parts", Path(folder) / "report.csv"
            write_parts(parts, rows)
            for name, way, environment in ways:
                spilling = {**environment, "POLARS_OOC_SPILL_DIR": f"{folder}/spill"}
                figures = measure_alone(way, parts, out, spilling)
                lines.append(f"| {rows:,} | {name} | {figures} |")
                print(lines[-1], flush=True)
    if want.out:
        want.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
