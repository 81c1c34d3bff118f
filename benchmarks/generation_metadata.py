"""Coverage and speed of the generation metadata parsers over a folder of images.

    python benchmarks/generation_metadata.py FOLDER

Prints, per tool, how many files had metadata, how many gave prompt, model, seed and steps, and what the others lack; then
the time a file for reading the carriers and for parsing and hashing them, without I/O, the best of 5.
"""

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median

from dedup_assets.generation_metadata.carriers import read_carriers
from dedup_assets.generation_metadata.recipe import metadata_hash
from dedup_assets.generation_metadata.registry import parse_generation


def best_time_ms(run: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def parse_and_hash(carriers: dict[str, str]) -> None:
    parsed = parse_generation(carriers)
    if parsed:
        metadata_hash(parsed.parameters)


def print_coverage(carriers: list[dict[str, str]]) -> None:
    missing: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for texts in carriers:
        parsed = parse_generation(texts)
        missing[parsed.tool if parsed else "none"][parsed.parameters.missing if parsed else ()] += 1
    for tool, counts in sorted(missing.items()):
        lacking = {" ".join(names): count for names, count in counts.items() if names}
        print(f"{tool:20} files {counts.total():4}  complete {counts[()]:4}  missing {lacking or '-'}")


def print_times(name: str, times_ms: list[float]) -> None:
    ordered = sorted(times_ms)
    print(
        f"{name:20} median {median(ordered):.3f} ms  p95 {ordered[int(len(ordered) * 0.95)]:.3f} ms  max {ordered[-1]:.3f} ms"
    )


def main(folder: str) -> None:
    files = [path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    carriers = [read_carriers(data) for data in files]
    print_coverage(carriers)
    print_times("read carriers", [best_time_ms(lambda data=data: read_carriers(data)) for data in files])  # type: ignore[misc]
    print_times("parse and hash", [best_time_ms(lambda texts=texts: parse_and_hash(texts)) for texts in carriers])  # type: ignore[misc]


if __name__ == "__main__":
    main(sys.argv[1])
