"""Time and recall of the candidate search: `python benchmarks/candidate_search.py [--codes 100000 300000 1000000]`.

Random 256-bit codes, 45 % of them within 30 bits of another, and skewed ones, whose bits are as unequally likely and as
dependent as a photograph's: every tenth bit repeats its neighbour. `--photographs FOLDER` takes instead the DCT hashes of the
photographs in a folder and of edits of them (JPEG, half size, cropped by 5 %, brighter), and fills up to the count with copies
of these hashes: each round moved as a whole by 60 bits, then each code by up to 2. Prints Markdown; `--out` also writes it.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.hamming_search import find_pairs_within

COPIED_SHARE = 0.225
SAMPLE = 200
NEW_CODES = 10_000


def make_codes(count: int, skewed: bool) -> NDArray[np.uint8]:
    """`count` codes in random order, of which 22.5 % are copies of another 22.5 % with 1..30 bits flipped."""
    random = np.random.default_rng(count)
    copied = int(count * COPIED_SHARE)
    fresh = random.integers(0, 256, (count - copied, 32), dtype=np.uint8)
    if skewed:
        bits = np.unpackbits(fresh, axis=1)
        bits[:, 10::10] = bits[:, 9:-1:10]
        bits[:, 5::10] &= random.integers(0, 2, bits[:, 5::10].shape, dtype=np.uint8)
        fresh = np.packbits(bits, axis=1)
    copies = np.concatenate([flip_bits(part, random) for part in np.array_split(fresh[:copied], 20)])
    return random.permutation(np.concatenate([fresh, copies]))


def photograph_codes(folder: Path) -> NDArray[np.uint8]:
    """DCT hashes of the photographs in a folder, and of four edits of each."""
    import cv2

    from dedup_assets.kernels.describe.hashes import dct_hashes

    grays = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if picture is not None:
            height, width = picture.shape
            jpeg = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_GRAYSCALE)
            half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            crop = picture[height // 40 : height - height // 40, width // 40 : width - width // 40]
            edits = (picture, jpeg, half, crop, cv2.convertScaleAbs(picture, alpha=1.1, beta=10))
            shown = [edit for edit in edits if edit is not None]
            grays += [cv2.resize(edit, (64, 64), interpolation=cv2.INTER_AREA) for edit in shown]
    return dct_hashes(np.stack(grays).astype(np.uint8))


def multiply(codes: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """`count` codes: those of photographs over and over, each time moved as a whole by 60 bits, then by 0 to 2 bits each.

    The move keeps what one round's codes have in common, and takes rounds as far from each other as two photographs may be.
    """
    random = np.random.default_rng(count)
    rounds = []
    for number in range(-(-count // len(codes))):
        moved = np.zeros(256, np.uint8)
        moved[random.choice(256, 60 if number else 0, replace=False)] = 1
        few = random.random((len(codes), 256)) < (random.integers(0, 3, len(codes)) / 256)[:, None]
        rounds.append(np.packbits(np.unpackbits(codes, axis=1) ^ moved ^ few, axis=1))
    return random.permutation(np.concatenate(rounds))[:count]


def flip_bits(codes: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    flips = random.integers(1, 31, len(codes))
    ranks = random.random((len(codes), 256)).argsort(axis=1).argsort(axis=1)
    return np.packbits(np.unpackbits(codes, axis=1) ^ (ranks < flips[:, None]), axis=1)


def brute_force(codes: NDArray[np.uint8], rows: NDArray[np.int64], radius: int) -> set[tuple[int, int]]:
    words = codes.view(np.uint64)
    near = ((int(row), np.flatnonzero(np.bitwise_count(words ^ words[row]).sum(axis=1) <= radius)) for row in rows)
    return {(row, int(other)) for row, others in near for other in others}


def measure(codes: NDArray[np.uint8], kind: str, radius: int) -> str:
    count = len(codes)
    start = time.perf_counter(), time.process_time()
    left, right, _ = find_pairs_within(codes, codes, radius)
    all_s, all_cpu_s = time.perf_counter() - start[0], time.process_time() - start[1]
    sample = np.random.default_rng(1).choice(count, SAMPLE, replace=False)
    wanted = brute_force(codes, sample, radius)
    sampled = np.isin(left, sample)
    found = set(zip(left[sampled].tolist(), right[sampled].tolist(), strict=True))
    start = time.perf_counter(), time.process_time()
    find_pairs_within(codes[:NEW_CODES].copy(), codes, radius)
    new_s, new_cpu_s = time.perf_counter() - start[0], time.process_time() - start[1]
    strangers = {(a, b) for a, b in wanted if a != b}
    recall = len(strangers & found) / len(strangers)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clocks = f"{all_s:.1f} | {all_cpu_s:.1f} | {new_s:.1f} | {new_cpu_s:.1f}"
    return f"| {kind} | {count:,} | {radius} | {clocks} | {len(left) - count:,} | {recall:.4f} | {peak_mb:.0f} |"


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--codes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    ask.add_argument("--radius", type=int, default=40)
    ask.add_argument("--photographs", type=Path, help="A folder of photographs, whose codes to take")
    ask.add_argument("--out", type=Path)
    want = ask.parse_args()
    clocks = ["all pairs, s", "of CPU", "10,000 new, s", "of CPU"]
    heads = ["codes", "count", "radius", *clocks, "pairs (both ways)", "recall", "peak RSS, MB"]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    print("\n".join(lines), flush=True)
    seen = photograph_codes(want.photographs) if want.photographs else None
    for kind in ("random", "skewed") if seen is None else ("photographs",):
        for count in want.codes:
            codes = make_codes(count, kind == "skewed") if seen is None else multiply(seen, count)
            lines.append(measure(codes, kind, want.radius))
            print(lines[-1], flush=True)
    if want.out:
        want.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
