"""The whole stage `image_features`, Parquet included, over generated photographs: speed against the limit, and memory.

    python benchmarks/feature_stage.py --images 10000 --images 100000 --workers 1 --workers 2

Each line is a run in a process of its own over files of ~480 px. The limit is reading, SHA-256 and a scaled decode and
nothing else, on the same files with the same number of threads; the stage reads in as many processes. Memory is the peak
resident set of the run's own process, and of all its processes together, where pages that they share count once.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import psutil

FOLDER_FILES = 5_000
DISTINCT = 200


def write_photographs(folder: Path, count: int) -> None:
    """`count` JPEG files of ~480 px, all of different bytes: smooth random pictures, each file with a comment of its own."""
    random = np.random.default_rng(3)
    pictures = [_photograph(random) for _ in range(DISTINCT)]
    for number in range(count):
        path = folder / f"{number // FOLDER_FILES:03d}" / f"{number:07d}.jpg"
        path.parent.mkdir(exist_ok=True)
        data, comment = pictures[number % DISTINCT], f"file {number:07d}".encode()
        marker = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        path.write_bytes(data[:2] + marker + data[2:])


def _photograph(random: np.random.Generator) -> bytes:
    small = random.integers(0, 255, (24, 32, 3), np.uint8)
    smooth = cv2.resize(small, (481, 321), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noisy = np.clip(smooth + random.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def run_limit(source: Path, store: Path, workers: int) -> None:
    """Read, hash and decode every file, and nothing else."""
    from dedup_assets.kernels.decode.image import DecodeLimits, decode_image

    def read(path: Path) -> None:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        decode_image(data, DecodeLimits())

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(read, sorted(source.rglob("*.jpg"))):
            pass


def run_stage(source: Path, store: Path, workers: int) -> None:
    """Materialize the manifest and the features of every prefix."""
    import dagster as dg

    from dedup_assets.assets import image_features, image_manifest
    from dedup_assets.automation.prefixes import PREFIXES, range_tags, sync_prefixes
    from dedup_assets.policies import FeaturePolicy
    from dedup_assets.resources.collection import Collection
    from dedup_assets.resources.progress import ProgressReporter

    collection = Collection(source=str(source), store=str(store), workers=workers)
    policy = FeaturePolicy()
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        sync_prefixes(instance, collection)
        dg.materialize(
            [image_manifest.image_manifest, image_features.image_features],
            instance=instance,
            resources={"collection": collection, "progress": ProgressReporter(), "feature_policy": policy},
            tags=range_tags(instance.get_dynamic_partitions(PREFIXES)),
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )


STEPS: dict[str, Callable[[Path, Path, int], None]] = {"limit": run_limit, "stage": run_stage}


def measure_here(step: str, source: Path, store: Path, workers: int) -> None:
    """Run one step in this process and print its figures as JSON."""
    began, cpu_began = time.monotonic(), time.process_time()
    STEPS[step](source, store, workers)
    usage, of_children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    figures = {
        "s": time.monotonic() - began,
        "cpu_s": time.process_time() - cpu_began + of_children.ru_utime + of_children.ru_stime,
        "rss_mb": usage.ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def measure(step: str, source: Path, workers: int) -> dict[str, float]:
    """Run one step in a process of its own."""
    with tempfile.TemporaryDirectory() as store:
        command = [sys.executable, __file__, "--step", step, "--source", str(source), "--store", store]
        command += ["--workers", str(workers)]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        together = _watch_memory(psutil.Process(run.pid))
        printed, _ = run.communicate()
    figures: dict[str, float] = json.loads(printed.splitlines()[-1])
    return figures | {"together_mb": together}


def _watch_memory(run: psutil.Process) -> float:
    """Return the most memory that a run and its processes took together until it ended, looked at each half second."""
    most = 0
    while run.status() != psutil.STATUS_ZOMBIE:
        most = max(most, sum(map(_proportional_set, [run, *run.children(recursive=True)])))
        time.sleep(0.5)
    return most / 2**20


def _proportional_set(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def main() -> None:
    """Print a table for every number of images and of workers."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--images", type=int, action="append")
    ask.add_argument("--workers", type=int, action="append")
    ask.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    ask.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    ask.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    want = ask.parse_args()
    if want.step:
        measure_here(want.step, want.source, want.store, want.workers[0])
        return
    print("| images | workers | step | seconds | images/s | CPU ms an image | peak RSS, MB | all processes, MB |")
    print("|---:|---:|---|---:|---:|---:|---:|---:|")
    for images in want.images or [10_000]:
        with tempfile.TemporaryDirectory() as folder:
            write_photographs(Path(folder), images)
            for workers in want.workers or [2]:
                for step in STEPS:
                    found = measure(step, Path(folder), workers)
                    figures = f"{found['s']:.1f} | {images / found['s']:,.0f} | {1000 * found['cpu_s'] / images:.2f}"
                    memory = f"{found['rss_mb']:,.0f} | {found['together_mb']:,.0f}"
                    print(f"| {images:,} | {workers} | {step} | {figures} | {memory} |", flush=True)


if __name__ == "__main__":
    main()
