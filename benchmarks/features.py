"""How much describing an image costs beyond reading and decoding it.

Side by side in one run, on the same files and threads: (a) the limit: read, SHA-256 and scaled decode, nothing else;
(b) read, SHA-256, `describe_image` and the hashes of each chunk. Prints a table in Markdown.

    python benchmarks/features.py PHOTOGRAPHS [--threads 1 2] [--rounds 5] [--images 300]
"""

import argparse
import hashlib
import io
import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from dedup_assets.kernels.decoding import DecodeLimits, scale_factor
from dedup_assets.kernels.describing import ImageDescription, describe_image
from dedup_assets.kernels.hashing import dct_hashes, wavelet_hashes

CHUNK_IMAGES = 100
LARGE_PIXELS = 6_000_000
SMALL_PIXELS = 1_000_000
LIBRARIES = ("pillow", "simplejpeg", "opencv-python-headless", "numpy", "PyWavelets", "scipy")
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
)

Job = Callable[[Sequence[Path]], None]


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


def read_and_describe(paths: Sequence[Path]) -> None:
    """(b) Everything that needs the pixels of one chunk."""
    descriptions: list[ImageDescription] = []
    for path in paths:
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        descriptions.append(describe_image(data, DecodeLimits()))
    gray = np.stack([description.gray_64 for description in descriptions])
    inner = [description.inner_gray_64 for description in descriptions]
    framed = [image for image in inner if image is not None]
    for chunk in [gray, np.stack(framed)] if framed else [gray]:
        wavelet_hashes(chunk)
        dct_hashes(chunk)


def measure(job: Job, chunks: Sequence[Sequence[Path]], threads: int) -> tuple[float, float]:
    """Return the seconds that all chunks take: by the clock, and of all processors together."""
    with ThreadPoolExecutor(threads) as pool:
        start, start_cpu = time.perf_counter(), time.process_time()
        list(pool.map(job, chunks))
        return time.perf_counter() - start, time.process_time() - start_cpu


def compare(paths: Sequence[Path], threads: int, rounds: int) -> NDArray[np.float64]:
    """Return seconds an image as ((a) clock, (a) processor), ((b) clock, (b) processor), best of the rounds, in turn."""
    size = min(CHUNK_IMAGES, max(1, len(paths) // (2 * threads)))
    chunks = [paths[start : start + size] for start in range(0, len(paths), size)]
    times = [[measure(job, chunks, threads) for job in (read_and_decode, read_and_describe)] for _ in range(rounds)]
    best: NDArray[np.float64] = np.array(times).min(axis=0) / len(paths)
    return best


def select_photographs(folder: Path, max_images: int) -> dict[str, list[Path]]:
    """Return the readable photographs of a folder in two classes of size."""
    classes: dict[str, list[Path]] = {"<= 1 megapixel": [], ">= 6 megapixels": []}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            with Image.open(path) as image:
                pixels = image.width * image.height
            if pixels <= SMALL_PIXELS:
                classes["<= 1 megapixel"].append(path)
            elif pixels >= LARGE_PIXELS:
                classes[">= 6 megapixels"].append(path)
    return {name: paths[:max_images] for name, paths in classes.items() if paths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=300)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.\n")
    print("| " + " | ".join(COLUMNS) + " |\n|---" + "|---:" * (len(COLUMNS) - 1) + "|")
    for name, paths in select_photographs(options.folder, options.images).items():
        for threads in options.threads:
            (limit, limit_cpu), (full, full_cpu) = compare(paths, threads, options.rounds)
            clock = f"{1 / limit:.1f} | {1 / full:.1f} | {limit / full:.2f}"
            processor = f"{1000 * limit_cpu:.2f} | {1000 * full_cpu:.2f} | {limit_cpu / full_cpu:.2f}"
            print(f"| {name} | {len(paths)} | {threads} | {clock} | {processor} |", flush=True)


if __name__ == "__main__":
    main()
