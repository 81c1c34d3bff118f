"""Recall of `verify_pair` by kind of edit, and false matches: `python benchmarks/verification.py PHOTOS [--limit 60]`.

Takes a folder of distinct photographs, edits each one in every way below, and verifies original against edit, once under the
transform that hashes would propose and once as "unknown". Unrelated pairs are each photograph's nearest others by colour
layout, which is harder than chance. Prints Markdown; `--out` also writes it.
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from verification_edits import EDITS, Picture, recompressed, scaled

from dedup_assets.kernels.describe.borders import find_inner_box
from dedup_assets.kernels.describe.quality import measure_detail
from dedup_assets.kernels.verify.cascade import UNKNOWN, VerifiableImage, verify_pair

LONGER_SIDE_PX = 1000
NEAREST_OTHERS = 4
EXTRACTION = "feature extraction, one image"


def see(picture: Picture) -> VerifiableImage:
    """What verification sees of a BGR picture."""
    height, width = picture.shape[:2]
    rgb, factor = np.ascontiguousarray(picture[..., ::-1]), min(1.0, 256 / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    gray = np.asarray(
        cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA), np.uint8
    )
    small = recompressed(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), 90)
    return VerifiableImage(gray, small, find_inner_box(small), width, height, float(gray.std()), measure_detail(gray))


class Stopwatch:
    """Milliseconds of CPU by what decided, and by what the pairs are and how they came; frames are made in them."""

    def __init__(self) -> None:
        self.times_ms: defaultdict[str, list[float]] = defaultdict(list)
        self.kinds_ms: defaultdict[str, list[float]] = defaultdict(list)

    def know(self, picture: Picture) -> VerifiableImage:
        """See a picture and extract its features."""
        image, start = see(picture), time.process_time()
        _ = image.features
        self.times_ms[EXTRACTION].append(1000 * (time.process_time() - start))
        return image

    def verify(self, left: VerifiableImage, right: VerifiableImage, transform: str, kind: str) -> bool:
        """The verdict on one pair of a kind."""
        start = time.process_time()
        evidence = verify_pair(left, right, transform)
        name = f"{evidence.decided_by}, {'accepted' if evidence.verdict else 'rejected'}"
        self.times_ms[name].append(1000 * (time.process_time() - start))
        way = "unknown" if transform == UNKNOWN else "proposed by hashes"
        self.kinds_ms[f"{kind}, {way}"].append(self.times_ms[name][-1])
        return evidence.verdict


def read_photographs(folder: Path, limit: int) -> list[Picture]:
    found: list[Picture] = []
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None or min(picture.shape[:2]) < 200 or picture.std() < 12:
            continue
        found.append(scaled(np.asarray(picture, np.uint8), min(1.0, LONGER_SIDE_PX / max(picture.shape[:2]))))
    return found[:: max(1, len(found) // limit)][:limit]


def measure_edits(photographs: list[Picture], originals: list[VerifiableImage], watch: Stopwatch) -> list[str]:
    lines = ["| level | edit | pairs | matched as proposed | matched as unknown |", "|---|---|---:|---:|---:|"]
    for name, (level, transform, edit) in EDITS.items():
        edits = [watch.know(edit(picture)) for picture in photographs]
        shares = [
            np.mean([watch.verify(a, b, way, level) for a, b in zip(originals, edits, strict=True)])
            for way in (transform, UNKNOWN)
        ]
        lines.append(f"| {level} | {name} | {len(edits)} | {shares[0]:.3f} | {shares[1]:.3f} |")
        print(lines[-1], flush=True)
    return lines


def measure_unrelated(originals: list[VerifiableImage], watch: Stopwatch) -> str:
    layouts = np.stack(
        [cv2.resize(i.thumbnail, (8, 8), interpolation=cv2.INTER_AREA).ravel() for i in originals]
    ).astype(float)
    layouts -= layouts.mean(axis=1, keepdims=True)
    layouts /= np.linalg.norm(layouts, axis=1, keepdims=True)
    alike = layouts @ layouts.T
    np.fill_diagonal(alike, -2)
    pairs = {
        tuple(sorted((row, int(other))))
        for row in range(len(alike))
        for other in np.argsort(-alike[row])[:NEAREST_OTHERS]
    }
    ways = ("identity", UNKNOWN)
    false = sum(watch.verify(originals[a], originals[b], way, "unrelated") for a, b in sorted(pairs) for way in ways)
    return f"Unrelated pairs, nearest {NEAREST_OTHERS} others of each by colour layout: {len(pairs)} x 2 ways, {false} false."


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("photographs", type=Path)
    ask.add_argument("--limit", type=int, default=60)
    ask.add_argument("--out", type=Path)
    want = ask.parse_args()
    watch = Stopwatch()
    photographs = read_photographs(want.photographs, want.limit)
    originals = [watch.know(picture) for picture in photographs]
    for edit in ("mirrored", "letter across it"):  # compiled before the clock runs
        for transform in ("identity", UNKNOWN):
            verify_pair(see(photographs[0]), see(EDITS[edit][2](photographs[0])), transform)
    lines = [*measure_edits(photographs, originals, watch), "", measure_unrelated(originals, watch), ""]
    lines += ["| pairs | number | mean CPU ms |", "|---|---:|---:|"]
    lines += [f"| {kind} | {len(times)} | {np.mean(times):.2f} |" for kind, times in sorted(watch.kinds_ms.items())]
    lines += ["", "| what decided | pairs | median CPU ms |", "|---|---:|---:|"]
    lines += [f"| {name} | {len(times)} | {np.median(times):.2f} |" for name, times in sorted(watch.times_ms.items())]
    print("\n".join(lines[len(EDITS) + 2 :]))
    if want.out:
        want.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
