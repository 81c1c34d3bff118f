"""Fuzz the generation metadata: `python benchmarks/fuzz_generation_metadata.py --seconds 600 [--seed 1]`.

Damaged files go the whole way from bytes over carriers and parameters to hash and canonical text. Each one must end
without an exception but `MetadataError`, within `--cpu-seconds` and within `--megabytes` above what the program takes at
its start. The first that does not is written to `--out` (the file, and its carriers as JSON) and its cause printed, and
the exit code is 1. One seed gives one sequence of files.
"""

import argparse
import json
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import FrameType
from typing import NoReturn

from dedup_assets_tests.generation_metadata.fuzzing import FuzzCase, check_case, next_case


class TookTooLongError(BaseException):
    """Beyond `Exception`, so that no net of the code under test catches it."""


def stop_at_signal(_: int, frame: FrameType | None) -> NoReturn:
    raise TookTooLongError(f"too slow, in {frame.f_code.co_qualname if frame else 'no frame'}")


def limit_memory(megabytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def slowest_checked(case: FuzzCase, cpu_seconds: float) -> float:
    start = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_seconds)
    try:
        check_case(case)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - start


def keep(case: FuzzCase, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "case.bin").write_bytes(case.data)
    (out / "case.json").write_text(json.dumps(case.carriers))


def fuzz(seconds: float, check: Callable[[FuzzCase], float], random: Random, out: Path) -> int:
    end, cases, slowest = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < end:
        case = next_case(random)
        try:
            slowest = max(slowest, check(case))
        except BaseException:
            keep(case, out)
            print(f"file {cases + 1} failed; it lies in {out}")
            raise
        cases += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cases} files, none failed; the slowest took {slowest:.2f} s of CPU; peak memory {peak:.0f} MB")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cpu-seconds", type=float, default=10, help="of one file, read and parsed five times over")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--out", type=Path, default=Path("fuzz-failure"))
    arguments = parser.parse_args()
    signal.signal(signal.SIGVTALRM, stop_at_signal)
    limit_memory(arguments.megabytes)
    return fuzz(
        arguments.seconds,
        lambda case: slowest_checked(case, arguments.cpu_seconds),
        Random(arguments.seed),
        arguments.out,
    )


if __name__ == "__main__":
    sys.exit(main())
