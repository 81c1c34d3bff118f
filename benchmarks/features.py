"""How much describing an image costs beyond reading and decoding it.

Side by side in one run, on the same files and threads: (a) the limit: read, SHA-256 and scaled decode, nothing else;
(b) the stage, as `image_features` calls it: read and compare with the etag, SHA-256, all that is told of a picture, its
metadata's text, frames of 750 images, and those as Parquet in memory; (a) in so many threads, (b), as any long run, in so
many processes. Then, on one thread, where the time of (b)
goes: each step over and over, which is faster than the same step between others. Prints tables in Markdown.
Time by the clock means little on a machine that others use; processor time holds.

    python benchmarks/features.py PHOTOGRAPHS [--threads 1 2] [--rounds 5] [--images 300]
"""

import argparse
import hashlib
import io
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits

from dedup_assets.kernels.decode.image import DecodeLimits, decode_image, scale_factor
from dedup_assets.kernels.describe.borders import find_inner_box
from dedup_assets.kernels.describe.description import describe_sketches, sketch_image
from dedup_assets.kernels.describe.quality import measure_quality
from dedup_assets.kernels.describe.shrinking import reduce_picture
from dedup_assets.kernels.describe.thumbnails import make_thumbnail
from dedup_assets.resources.images.folder import LocalImages
from dedup_assets.resources.images.throttle import RateLimits
from dedup_assets.resources.locations import FolderLocation
from dedup_assets.resources.tables.parquet import encode_parquet
from dedup_assets.stages.reading.reader import SLICE_IMAGES, ImageReader, ReadingOrder
from dedup_assets.tables import IMAGE_FEATURES

CHUNK_IMAGES = 1000
STEP_IMAGES = 100
LARGE_PIXELS = 6_000_000
SMALL_PIXELS = 1_000_000
SMALL, LARGE = "<= 1 megapixel", ">= 6 megapixels"
ROUND_IMAGES = {SMALL: 2000, LARGE: 24}
"""Files are taken again and again up to so many: a run of minutes has one end, where a worker waits for the others."""
LIBRARIES = ("pillow", "simplejpeg", "opencv-python-headless", "numba", "numpy")
COLUMNS = (
    "photographs",
    "files",
    "threads",
    "(a) images/s",
    "(b) images/s",
    "(b) / (a)",
    "(a) CPU ms an image",
    "(b) CPU ms an image",
    "CPU (a) / (b)",
    "(a) x the first",
    "(b) x the first",
)

Job = Callable[[], object]


def read_and_decode(paths: Sequence[Path]) -> None:
    """(a) What cannot be saved: the bytes, their SHA-256, and pixels at the scale that describing them needs."""
    for path in paths:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        if data.startswith(b"\xff\xd8"):
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
            factor = scale_factor(width, height)
            simplejpeg.decode_jpeg(
                data, "RGB", min_height=-(-height // factor), min_width=-(-width // factor), min_factor=factor
            )
        else:
            with Image.open(io.BytesIO(data)) as image:
                np.asarray(image.convert("RGB"))


@contextmanager
def measure_limit(paths: Sequence[Path], threads: int) -> Iterator[Job]:
    """(a) What cannot be saved, in chunks over threads."""
    size = min(SLICE_IMAGES, -(-len(paths) // (2 * threads)))
    chunks = [paths[start : start + size] for start in range(0, len(paths), size)]
    with ThreadPoolExecutor(threads) as pool:
        yield lambda: list(pool.map(read_and_decode, chunks))


@contextmanager
def measure_stage(paths: Sequence[Path], threads: int) -> Iterator[Job]:
    """(b) The stage, from rows of the manifest to Parquet."""
    folder = Path(os.path.commonpath(paths) if len(paths) > 1 else paths[0].parent)
    images = LocalImages(FolderLocation(folder))
    listed = {blob.path: blob for blob in images.list_blobs()}
    blobs = [listed[path.relative_to(folder).as_posix()] for path in paths]
    rows = [(at, blob.path, blob.etag, blob.size_bytes) for at, blob in enumerate(blobs, start=1)]
    manifest = pl.DataFrame(rows, schema=["image_id", "path", "etag", "size_bytes"], orient="row")
    order = ReadingOrder(images.location, DecodeLimits(), 60, RateLimits(), threads)
    with ImageReader(images, order, workers=threads) as reader:
        yield lambda: [
            encode_parquet(IMAGE_FEATURES, part) for part in reader.read(manifest, CHUNK_IMAGES, lambda _: None)
        ]


def compare(paths: Sequence[Path], threads: Sequence[int], rounds: int) -> NDArray[np.float64]:
    """Return seconds an image (threads, 2, 2): of (a) and (b), by clock and processor, best of rounds in which all take turns."""
    with ExitStack() as stack:
        jobs = [
            stack.enter_context(measure(paths, count))
            for count in threads
            for measure in (measure_limit, measure_stage)
        ]
        for job in jobs:
            job()
        times = [[_time(job) for job in jobs] for _ in range(rounds)]
    best: NDArray[np.float64] = np.array(times).min(axis=0).reshape(len(threads), 2, 2) / len(paths)
    return best


def _time(job: Job) -> tuple[float, float]:
    """Return the seconds that a job takes: by the clock, and of all processors together."""
    start, start_cpu = time.perf_counter(), _processor_seconds()
    job()
    return time.perf_counter() - start, _processor_seconds() - start_cpu


def _processor_seconds() -> float:
    """Return what this process and those that decode for it have taken."""
    apart = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return time.process_time() + sum(times.user + times.system for times in apart)


def time_steps(paths: Sequence[Path], rounds: int) -> dict[str, float]:
    """Return processor milliseconds an image of each step of (b), best of the rounds, on one thread."""
    files = [path.read_bytes() for path in paths]
    decoded = [decode_image(data, DecodeLimits()) for data in files]
    reduced = [reduce_picture(one.rgb) for one in decoded]
    both = list(zip(decoded, reduced, strict=True))
    sketches = [sketch_image(data, DecodeLimits()) for data in files]
    slices = [sketches[start : start + SLICE_IMAGES] for start in range(0, len(sketches), SLICE_IMAGES)]
    steps: dict[str, Callable[[], object]] = {
        "SHA-256": lambda: [hashlib.sha256(data).digest() for data in files],
        "`decode_image`": lambda: [decode_image(data, DecodeLimits()) for data in files],
        "`reduce_picture`": lambda: [reduce_picture(one.rgb) for one in decoded],
        "`measure_quality`": lambda: [
            measure_quality(small, one.width_px, one.height_px, 1, one.jpeg_quantization) for one, small in both
        ],
        "`find_inner_box`": lambda: [find_inner_box(one.gray) for one in reduced],
        "`make_thumbnail`": lambda: [make_thumbnail(one.rgb, small) for one, small in both],
        "`describe_sketches`": lambda: [describe_sketches(part) for part in slices],
    }
    return {name: 1000 * min(_processor_time(step) for _ in range(rounds)) / len(files) for name, step in steps.items()}


def _processor_time(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


def select_photographs(folder: Path, max_images: int) -> dict[str, list[Path]]:
    """Return the readable photographs of a folder in two classes of size."""
    classes: dict[str, list[Path]] = {SMALL: [], LARGE: []}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            with Image.open(path) as image:
                pixels = image.width * image.height
            if pixels <= SMALL_PIXELS:
                classes[SMALL].append(path)
            elif pixels >= LARGE_PIXELS:
                classes[LARGE].append(path)
    return {name: paths[:max_images] for name, paths in classes.items() if paths}


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print("| " + " | ".join(columns) + " |\n|---" + "|---:" * (len(columns) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
    print()


def compare_threads(
    classes: Mapping[str, Sequence[Path]], threads: Sequence[int], rounds: int
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the first table."""
    for name, files in classes.items():
        paths = [*files] * -(-ROUND_IMAGES[name] // len(files))
        found = compare(paths, threads, rounds)
        for count, ((limit, limit_cpu), (full, full_cpu)) in zip(threads, found, strict=True):
            clock = f"{1 / limit:.1f}", f"{1 / full:.1f}", f"{limit / full:.2f}"
            processor = f"{1000 * limit_cpu:.2f}", f"{1000 * full_cpu:.2f}", f"{limit_cpu / full_cpu:.2f}"
            gains = (f"{first / now:.2f}" for first, now in zip(found[0, :, 0], (limit, full), strict=True))
            yield name, len(files), count, *clock, *processor, *gains


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=300)
    options = parser.parse_args()
    threadpool_limits(1, "blas")
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.\n")
    classes = select_photographs(options.folder, options.images)
    print_table(COLUMNS, compare_threads(classes, options.threads, options.rounds))
    steps = {name: time_steps(paths[:STEP_IMAGES], options.rounds) for name, paths in classes.items()}
    names = next(iter(steps.values()), {})
    rows = [(step, *(f"{times[step]:.3f}" for times in steps.values())) for step in names]
    print_table(("CPU ms an image", *steps), rows)


if __name__ == "__main__":
    main()
