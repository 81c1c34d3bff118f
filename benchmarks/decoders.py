"""CPU of decoders of PNG, GIF and WebP that are installed, over the files of a folder: `python benchmarks/decoders.py FOLDER`.

Those that the package does not need (imagecodecs, pyspng, kornia-rs, pyvips) are measured where they can be imported.
"""

import importlib
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from dedup_assets.kernels.decode.png import read_plain_png

ROUNDS = 4
Decoder = Callable[[bytes], object]


def by_libdeflate(data: bytes) -> object:
    """As `image_features` does; None for what is not plain."""
    averaged = read_plain_png(data, Image.open(io.BytesIO(data)))
    return averaged and averaged(1)


def decoders(suffix: str) -> dict[str, Decoder]:
    """Each decoder of a format by its name."""
    found: dict[str, Decoder] = {
        "Pillow": lambda data: Image.open(io.BytesIO(data)).load(),
        "OpenCV": lambda data: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED),
    }
    others: dict[str, Callable[[Any], Decoder]] = {
        "imagecodecs": lambda module: getattr(module, f"{suffix}_decode"),
        "pyvips": lambda module: lambda data: module.Image.new_from_buffer(data, "").numpy(),
    }
    if suffix == "png":
        found["libdeflate"] = by_libdeflate
        others["pyspng"] = lambda module: module.load
        others["kornia_rs.image"] = lambda module: module.Image.decode
    for name, decoder in others.items():
        try:
            found[name] = decoder(importlib.import_module(name))
        except ImportError:
            continue
    return found


def main(folder: Path) -> None:
    """Print a line for each format and decoder; of all rounds the fastest counts."""
    for suffix in ("png", "gif", "webp"):
        files = [path.read_bytes() for path in sorted(folder.rglob(f"*.{suffix}"))]
        seconds: dict[str, float] = {}
        for _ in range(ROUNDS):
            for name, decode in decoders(suffix).items():
                began = time.process_time()
                for data in files:
                    decode(data)
                seconds[name] = min(seconds.get(name, np.inf), time.process_time() - began)
        for name, took in seconds.items():
            print(f"| {suffix} | {len(files)} | {name} | {took / len(files) * 1e3:.2f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
