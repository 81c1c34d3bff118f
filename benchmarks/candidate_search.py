"""Time and recall of the candidate search: `python benchmarks/candidate_search.py [--codes 100000 300000 1000000]`.

Random 256-bit codes, 45 % of them within 30 bits of another, and skewed ones, whose bits are as unequally likely and as
dependent as a photograph's: every tenth bit repeats its neighbour. `--photographs FOLDER` takes instead the DCT hashes of the
photographs in a folder and of edits of them (JPEG, half size, cropped by 5 %, brighter), and fills up to the count with copies
of these hashes: each round moved as a whole by 60 bits, then each code by up to 2. `--faiss` compares our bands with
`faiss.IndexBinaryMultiHash` on planted copies up to the radius away. `--one-band FOLDER` searches three bands alone, over codes
that are mapped from a file which it makes there, and reckons what all bands take. Prints Markdown; `--out` also writes it.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup_assets.kernels.candidates.band_join import find_in_band
from dedup_assets.kernels.candidates.bands import band_masks
from dedup_assets.kernels.candidates.hamming_search import find_pairs_within

Codes = NDArray[np.uint8]
Measure = Callable[[Sequence[int], int], Iterator[str]]
Searched = tuple[NDArray[np.int64], NDArray[np.int64]]
COPIED_SHARE = 0.225
SAMPLE = 200
NEW_CODES = 10_000
CHUNK = 1_000_000
FAISS = ((12, 20, 1), (16, 16, 1), (12, 20, 2))
"""Tables, bits of a key, and how many of these may differ; bits of a key stand side by side, and keys apart."""


def make_codes(count: int, skewed: bool, max_flips: int = 30, seed: int = 0) -> tuple[Codes, NDArray[np.int64]]:
    """`count` codes in random order, of which 22.5 % are copies of another 22.5 % with 1 to `max_flips` bits flipped.

    Returns them and the planted pairs (m, 2).
    """
    random = np.random.default_rng(count + seed)
    copied = int(count * COPIED_SHARE)
    fresh = random.integers(0, 256, (count - copied, 32), dtype=np.uint8)
    if skewed:
        bits = np.unpackbits(fresh, axis=1)
        bits[:, 10::10] = bits[:, 9:-1:10]
        bits[:, 5::10] &= random.integers(0, 2, bits[:, 5::10].shape, dtype=np.uint8)
        fresh = np.packbits(bits, axis=1)
    copies = [flip_bits(part, random, max_flips) for part in np.array_split(fresh[:copied], 20)]
    place = random.permutation(count)
    codes = np.empty((count, 32), np.uint8)
    codes[place] = np.concatenate([fresh, *copies])
    return codes, np.stack([place[:copied], place[len(fresh) :]], axis=1)


def photograph_codes(folder: Path) -> Codes:
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


def multiply(codes: Codes, count: int) -> Codes:
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


def flip_bits(codes: Codes, random: np.random.Generator, max_flips: int) -> Codes:
    flips = random.integers(1, max_flips + 1, len(codes))
    ranks = random.random((len(codes), 256)).argsort(axis=1).argsort(axis=1)
    return np.packbits(np.unpackbits(codes, axis=1) ^ (ranks < flips[:, None]), axis=1)


def brute_force(codes: Codes, rows: NDArray[np.int64], radius: int) -> set[tuple[int, int]]:
    words = codes.view(np.uint64)
    near = ((int(row), np.flatnonzero(np.bitwise_count(words ^ words[row]).sum(axis=1) <= radius)) for row in rows)
    return {(row, int(other)) for row, others in near for other in others}


def measure(codes: Codes, kind: str, radius: int, threads: int) -> str:
    count = len(codes)
    start = time.perf_counter(), time.process_time()
    left, right, _ = find_pairs_within(codes, codes, radius, threads)
    all_s, all_cpu_s = time.perf_counter() - start[0], time.process_time() - start[1]
    sample = np.random.default_rng(1).choice(count, SAMPLE, replace=False)
    wanted = brute_force(codes, sample, radius)
    found = set()
    for one, other in ((left, right), (right, left)):
        sampled = np.isin(one, sample)
        found |= set(zip(one[sampled].tolist(), other[sampled].tolist(), strict=True))
    start = time.perf_counter(), time.process_time()
    find_pairs_within(codes[:NEW_CODES].copy(), codes, radius, threads)
    new_s, new_cpu_s = time.perf_counter() - start[0], time.process_time() - start[1]
    strangers = {(a, b) for a, b in wanted if a != b}
    recall = len(strangers & found) / len(strangers)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clocks = f"{all_s:.1f} | {all_cpu_s:.1f} | {new_s:.1f} | {new_cpu_s:.1f}"
    return f"| {kind} | {count:,} | {radius} | {clocks} | {len(left):,} | {recall:.4f} | {peak_mb:.0f} |"


def compare(count: int, skewed: bool, radius: int, table: tuple[int, int, int] | None) -> str:
    """One way to search, in a process of its own; by bands where no table of faiss is given."""
    codes, planted = make_codes(count, skewed, radius)
    start_mb, start = peak_mb(), time.process_time()
    search = index_codes(codes, radius, table) if table else partial(search_bands, codes, radius)
    index_s, start = time.process_time() - start, time.process_time()
    asked, (rows, others) = NEW_CODES, search(codes[:NEW_CODES].copy())
    new_s, start = time.process_time() - start, time.process_time()
    all_s = new_s * count / NEW_CODES
    if table is None or count <= 100_000:
        asked, (rows, others) = count, search(codes)
        all_s = time.process_time() - start
    planted = planted[planted[:, 0] < asked]
    pairs = np.concatenate([rows * count + others, others * count + rows])
    met = np.isin(planted[:, 0] * count + planted[:, 1], pairs)
    far = np.bitwise_count(codes[planted[:, 0]] ^ codes[planted[:, 1]]).sum(axis=1) > radius - 5
    by = "bands" if table is None else f"faiss, {table[0]} x {table[1]} bits, {table[2]} may differ"
    clocks = f"{index_s:.1f} | {new_s:.1f} | {index_s + all_s:.1f}"
    kind = "skewed" if skewed else "random"
    return f"| {kind} | {count:,} | {by} | {clocks} | {met.mean():.4f} | {met[far].mean():.4f} | {peak_mb() - start_mb:.0f} |"


def search_bands(codes: Codes, radius: int, some: Codes) -> Searched:
    return find_pairs_within(some, codes, radius)[:2]


def index_codes(codes: Codes, radius: int, table: tuple[int, int, int]) -> Callable[[Codes], Searched]:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryMultiHash(256, *table[:2])
    index.nflip = table[2]
    index.add(codes)

    def search(some: Codes) -> Searched:
        ends, _, others = index.range_search(some, radius + 1)
        return np.repeat(np.arange(len(some)), np.diff(ends.astype(np.int64))), others

    return search


def peak_mb() -> float:
    """What this process held at most; the figure of `getrusage` begins with that of the process which started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def compare_with_faiss(counts: Sequence[int], radius: int) -> Iterator[str]:
    clocks = "index, s of CPU | 10,000 new, s | index and all pairs, s"
    yield f"| codes | count | by | {clocks} | recall | of pairs {radius - 4} to {radius} apart | memory, MB |"
    yield "|---|---:|---|" + "---:|" * 6
    for skewed, count, table in product((False, True), counts, (None, *FAISS)):
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            yield alone.submit(compare, count, skewed, radius, table).result()


def measure_bands(folder: Path, counts: Sequence[int], radius: int) -> Iterator[str]:
    """Three bands over codes of which 22.5 % are copies, in chunks; the last bands look back at the most others."""
    masks = band_masks(radius)
    yield "| codes | count | bands of all | CPU s a band | reckoned, core-hours | found in these |"
    yield "|---|" + "---:|" * 5
    for count in counts:
        path = folder / "codes"
        with path.open("wb") as file:
            for chunk in range(0, count, CHUNK):
                file.write(make_codes(min(CHUNK, count - chunk), skewed=False, seed=chunk)[0].tobytes())
        codes = np.memmap(path, np.uint64, "r").reshape(-1, 4)
        find_in_band(codes[:1000], codes[:1000], masks, 0, radius)
        chosen, start = (0, len(masks) // 2, len(masks) - 1), time.process_time()
        found = sum(len(find_in_band(codes, codes, masks, number, radius)[0]) for number in chosen)
        each = (time.process_time() - start) / len(chosen)
        hours = each * len(masks) / 3600
        yield f"| random | {count:,} | 3 of {len(masks)} | {each:.1f} | {hours:.2f} | {found:,} |"
        path.unlink()


def measure_all(photographs: Path | None, threads: int, counts: Sequence[int], radius: int) -> Iterator[str]:
    clocks = ["all pairs, s", "of CPU", "10,000 new, s", "of CPU"]
    heads = ["codes", "count", "radius", *clocks, "pairs", "recall", "peak RSS, MB"]
    yield "| " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * (len(heads) - 1)
    seen = photograph_codes(photographs) if photographs else None
    for kind in ("random", "skewed") if seen is None else ("photographs",):
        for count in counts:
            codes = make_codes(count, kind == "skewed")[0] if seen is None else multiply(seen, count)
            yield measure(codes, kind, radius, threads)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--codes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    ask.add_argument("--radius", type=int, default=40)
    ask.add_argument("--photographs", type=Path, help="A folder of photographs, whose codes to take")
    ask.add_argument("--faiss", action="store_true", help="Compare with IndexBinaryMultiHash instead")
    ask.add_argument("--one-band", type=Path, help="A folder for the codes of a few bands that are measured alone")
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument("--out", type=Path)
    want = ask.parse_args()
    lines = []
    measured: Measure = partial(measure_all, want.photographs, want.threads)
    if want.faiss or want.one_band:
        measured = compare_with_faiss if want.faiss else partial(measure_bands, want.one_band)
    for line in measured(want.codes, want.radius):
        lines.append(line)
        print(line, flush=True)
    if want.out:
        want.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
