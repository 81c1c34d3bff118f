"""Makes pictures of which no two are copies, as many as wanted: `python benchmarks/distinct_pictures.py OUT [--count 20000]`.

Each is a dead-leaves picture (Lee, Mumford & Huang 2001) of a seed of its own: hundreds of shapes whose sizes follow a power law
hide one another, as things do before a camera, and each has a colour, a slope of light and a grain of its own. Edges, corners and
sizes of detail are those of photographs, and nothing in one picture stands in another: whatever a run calls a copy here is a false
pair. JPEG of 300 to 640 px, quality 80 to 95, a thousand a folder.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

MOST_LEAVES = 700
SMALLEST_PX, LARGEST_PX = (7.0, 40.0), 300.0

Pixels = npt.NDArray[np.uint8]


def make_picture(seed: int) -> Pixels:
    """(height, width, 3) of a seed, a function of the seed alone."""
    random = np.random.default_rng([seed, 4711])
    width, height = random.integers(300, 641), random.integers(300, 641)
    mood = random.normal(128, 40) + random.normal(0, 15, 3)
    canvas = np.full((height, width, 3), np.clip(mood, 0, 255), np.float32)
    for radius in draw_radii(random):
        lay_leaf(canvas, random, radius, mood)
    blurred = cv2.GaussianBlur(canvas, (0, 0), random.uniform(0.5, 1.1))
    noise = random.normal(0, random.uniform(1, 5), canvas.shape)
    return np.clip(blurred + noise, 0, 255).astype(np.uint8)


def draw_radii(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Radii whose density falls with the third power, the largest first, so that small things are seen."""
    smallest = random.uniform(*SMALLEST_PX)
    least, most, count = LARGEST_PX**-2, smallest**-2, int(MOST_LEAVES * SMALLEST_PX[0] / smallest)
    return np.sort(random.uniform(least, most, count) ** -0.5 * random.uniform(0.5, 2.0, count))[::-1]


def lay_leaf(
    canvas: npt.NDArray[np.float32], random: np.random.Generator, radius: float, mood: npt.NDArray[np.float64]
) -> None:
    """Lay one shape, of any form between a triangle and an ellipse, over what is there."""
    height, width = canvas.shape[:2]
    middle = random.uniform((0, 0), (width, height))
    turns = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 24)))
    lean, (long, short) = random.uniform(0, np.pi), random.uniform(0.3, 1.0, 2) * radius
    axes = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]]) * [[long], [short]]
    points = (middle + np.stack([np.cos(turns), np.sin(turns)], axis=1) @ axes).astype(np.int32)
    low, high = np.maximum(points.min(axis=0), 0), np.minimum(points.max(axis=0) + 1, (width, height))
    if (high <= low).any():
        return
    part = canvas[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(mask, [points - low], 1)
    slope = np.linspace(-1, 1, part.shape[1], dtype=np.float32)[None, :, None] * np.float32(random.normal(0, 25))
    grain = random.normal(0, abs(random.normal(0, 14)), (*part.shape[:2], 1)).astype(np.float32)
    colour = (mood + random.normal(0, 45) + random.normal(0, 18, 3)).astype(np.float32)
    np.copyto(part, colour + slope + grain, where=mask[..., None].astype(bool))


def write_picture(seed: int, out: Path) -> None:
    quality = int(np.random.default_rng([seed, 12]).integers(80, 96))
    cv2.imwrite(
        str(out / f"{seed // 1000:03d}" / f"{seed:06d}.jpg"), make_picture(seed), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )


def main() -> None:
    """Write them."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("out", type=Path)
    ask.add_argument("--count", type=int, default=20_000)
    want = ask.parse_args()
    for folder in range((want.count + 999) // 1000):
        (want.out / f"{folder:03d}").mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(write_picture, out=want.out), range(want.count), chunksize=50))


if __name__ == "__main__":
    main()
