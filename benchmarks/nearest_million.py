"""What the search among more pictures than can all be compared finds, and costs: `python benchmarks/nearest_million.py PHOTOS`.

    python benchmarks/nearest_million.py PHOTOS [--onnx sscd_distilled.onnx] [--pictures 1000000] [--asked 20000] [--families 60]

Families of a photograph and one heavy edit of each planted kind stand among synthetic pictures that are related to none (see
`vector_search.py`). A copy counts where one end of the pair of it and its original lists the other among its ten nearest: of
those that the exact search lists so, the share that the search by signs does is told. Time is that of the processor for some
asked pictures against all, in each of `--threads` threads, and in proportion for all: every asked picture costs the same.
"""

import argparse
import resource
import time
from pathlib import Path

import cv2
import numpy as np
from vector_search import HEAVY, Floats, Synthesis, read_picture

from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.provider_settings import EmbedderSettings
from dedup_assets.kernels.vectors.exact_search import Nearest, Rows, find_nearest
from dedup_assets.kernels.vectors.sign_search import RoundedVectors, find_nearest_by_signs, most_apart, round_vectors

NEIGHBOURS, MADE_AT_ONCE = 10, 10_000


def describe(embedder: Embedder, data: bytes) -> Floats:
    picture = read_picture(data)
    scale = min(1.0, 256 / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    vector: Floats = embedder.embed([np.asarray(small, np.uint8)])[0]
    return vector


def describe_families(embedder: Embedder, files: list[Path]) -> Floats:
    """An original and one heavy edit of each kind for each file: (files, kinds + 1, d); those without a vector left out."""
    families = []
    for file in files:
        data = file.read_bytes()
        edits = (edit.apply(read_picture(data)) for edit in HEAVY)
        families.append(np.stack([describe(embedder, each) for each in (data, *edits)]))
    found = np.stack(families)
    return found[np.isfinite(found).all(axis=(1, 2))]


def find_copies(lists: Nearest, size: int) -> set[tuple[int, int]]:
    """The pairs of an original and its copy that one of them lists; families are the first rows, `size` each."""
    low, high = np.minimum(lists.rows, lists.others), np.maximum(lists.rows, lists.others)
    own = (low % size == 0) & (high - low < size) & (high > low)
    return set(zip(low[own].tolist(), high[own].tolist(), strict=True))


def exact_lists(members: Floats, backgrounds: list[RoundedVectors], min_cosine: float) -> Nearest:
    """The exact lists of the members alone, from the members and what the rounded backgrounds stand for."""
    others = np.concatenate([part.values * part.scales[:, None] for part in backgrounds])
    return find_nearest(np.concatenate([members, others]), np.arange(len(members)), NEIGHBOURS, min_cosine)


def timed_lists(vectors: RoundedVectors, asked: Rows, min_cosine: float, threads: int) -> tuple[Nearest, float, float]:
    """The lists of asked rows, and seconds of the processor and of the clock."""
    cpu, clock = time.process_time(), time.monotonic()
    lists = find_nearest_by_signs(threads, vectors, asked, NEIGHBOURS, min_cosine)
    return lists, time.process_time() - cpu, time.monotonic() - clock


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("photos", type=Path)
    ask.add_argument("--onnx", help="an ONNX file instead of the built-in descriptor")
    ask.add_argument("--pictures", type=int, default=1_000_000)
    ask.add_argument("--asked", type=int, default=20_000)
    ask.add_argument("--families", type=int, default=60)
    ask.add_argument("--threads", type=int, default=2)
    want = ask.parse_args()
    settings = EmbedderSettings(onnx_model=want.onnx, devices=["cpu"]) if want.onnx else EmbedderSettings()
    embedder = choose_embedder(["onnx" if want.onnx else "descriptor"], settings).embedder
    files = [path for path in sorted(want.photos.rglob("*")) if cv2.haveImageReader(str(path))][1::2]
    families = describe_families(embedder, files[: want.families])
    others = np.stack([describe(embedder, path.read_bytes()) for path in files[want.families :]])
    synthesis = Synthesis(others[np.isfinite(others).all(axis=1)])
    members, size = families.reshape(-1, families.shape[-1]), families.shape[1]
    made = range(0, want.pictures, MADE_AT_ONCE)
    backgrounds = [round_vectors(synthesis.make(min(MADE_AT_ONCE, want.pictures - start))) for start in made]
    vectors, min_cosine = RoundedVectors.join([round_vectors(members), *backgrounds]), embedder.min_copy_cosine
    timed_lists(vectors, np.arange(10), min_cosine, 1)
    _, cpu, clock = timed_lists(vectors, np.arange(len(members), len(members) + want.asked), min_cosine, want.threads)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = find_copies(timed_lists(vectors, np.arange(len(members)), min_cosine, want.threads)[0], size)
    exact = exact_lists(members, backgrounds, min_cosine)
    wanted, full = find_copies(exact, size), exact.cosines[NEIGHBOURS - 1 :: NEIGHBOURS]
    share = len(vectors) / want.asked
    print(
        f"{embedder.model}, {len(vectors):,} pictures of {vectors.values.shape[1]} numbers, from {min_cosine} on, at most "
        f"{most_apart(min_cosine)} signs apart",
        f"copies that the exact search lists: {len(wanted)} of {len(families) * (size - 1)}; by signs {len(wanted & found)}, "
        f"{len(wanted & found) / len(wanted):.4f} of these; median cosine of a tenth neighbour {np.median(full):.3f}",
        f"{want.asked:,} asked: {cpu:.1f} s of the processor, {clock:.1f} of the clock; "
        f"{1e9 * cpu / want.asked / len(vectors):.2f} ns a pair; all: {cpu * share / 60:.1f} min of one processor, "
        f"{cpu * share / 60 / want.threads:.1f} of {want.threads}; peak {peak_mb:,.0f} MB",
        sep="\n",
    )


if __name__ == "__main__":
    main()
