"""Measure a provider of vectors on a labelled collection: speed, recall by kind of edit, and false candidates.

    python benchmarks/embeddings.py COLLECTION [--provider descriptor] [--compared-with 3000]

COLLECTION holds `blobs/` and `truth.csv` (columns path, group, role, kind), where files of one group show the same
picture. Reported are images/s; for each kind the share of copies that have their original among the 10 nearest
originals, and whose cosine with it reaches `min_copy_cosine`; and for a range of thresholds the unrelated candidates
that one image has among 3,000.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.settings import EmbedderSettings

THUMBNAIL_SIDE_PX = 256
NEAREST = 10
SHARES = (0.03, 0.01, 0.003, 0.001, 0.0001)


def read_thumbnail(path: Path) -> NDArray[np.uint8] | None:
    """The upright RGB picture with its longer side at most 256 px, or None where it cannot be read."""
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if image is None:
        return None
    scale = min(1.0, THUMBNAIL_SIDE_PX / max(image.shape[:2]))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def read_collection(folder: Path) -> tuple[list[dict[str, str]], list[NDArray[np.uint8]]]:
    """The rows of truth.csv whose files can be read, and their thumbnails."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pictures = [(row, read_thumbnail(folder / "blobs" / row["path"])) for row in rows]
    readable = [(row, picture) for row, picture in pictures if picture is not None]
    return [row for row, _ in readable], [picture for _, picture in readable]


def print_recall(
    rows: Sequence[dict[str, str]], cosines: NDArray[np.float32], own: NDArray[np.intp], min_cosine: float
) -> None:
    """`cosines` (n, originals), `own` the column of each row's original, or -1."""
    kinds = sorted({row["kind"] for row in rows} - {""})
    for kind in kinds:
        chosen = np.flatnonzero([row["kind"] == kind for row in rows] & (own >= 0))
        if not len(chosen):
            continue
        with_own = cosines[chosen, own[chosen]]
        rank = (cosines[chosen] >= with_own[:, None]).sum(axis=1)
        print(
            f"  {kind:16} {len(chosen):4} copies  recall@{NEAREST} {(rank <= NEAREST).mean():.3f}"
            f"  at min_copy_cosine {(with_own >= min_cosine).mean():.3f}  median cosine {np.median(with_own):.2f}"
        )


def print_candidates(
    cosines: NDArray[np.float32], unrelated: NDArray[np.bool_], true: NDArray[np.float32], among: int
) -> None:
    """Thresholds that a share of unrelated pairs reaches, and what they mean for one image among `among`."""
    values = cosines[unrelated]
    for share in SHARES:
        threshold = float(np.quantile(values, 1 - share))
        print(
            f"  cosine >= {threshold:.3f}: {share:.2%} of unrelated pairs, {share * among:.1f} unrelated candidates"
            f" an image among {among}; recall of copies {(true >= threshold).mean():.3f}"
        )
    print(f"  highest unrelated cosine {values.max():.3f} of {len(values)} pairs")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("collection", type=Path)
    ask.add_argument("--provider", default="descriptor")
    ask.add_argument("--compared-with", type=int, default=3000)
    want = ask.parse_args()
    cv2.setNumThreads(1)
    embedder = choose_embedder((want.provider,), EmbedderSettings()).embedder
    rows, pictures = read_collection(want.collection)
    started, started_cpu = time.perf_counter(), time.process_time()
    vectors = embedder.embed(pictures)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    usable = np.isfinite(vectors).all(axis=1)
    print(
        f"{embedder.name} {embedder.model} {embedder.revision}: {len(rows)} images, {int(usable.sum())} with a vector"
    )
    print(f"{len(rows) / seconds:.1f} images/s, {1000 * cpu_seconds / len(rows):.1f} ms of CPU an image")
    originals = [index for index, row in enumerate(rows) if row["role"] == "original"]
    groups = {rows[index]["group"]: column for column, index in enumerate(originals)}
    own = np.array([groups.get(row["group"], -1) for row in rows])
    cosines = np.nan_to_num(vectors, nan=0.0) @ np.nan_to_num(vectors[originals], nan=0.0).T
    print_recall(rows, cosines, own, embedder.min_copy_cosine)
    variants = np.array([row["group"].removesuffix("-variant") for row in rows])
    unrelated = variants[:, None] != variants[originals][None, :]
    copies = np.flatnonzero([row["role"] == "copy" for row in rows] & (own >= 0))
    print_candidates(cosines, unrelated, cosines[copies, own[copies]], want.compared_with)


if __name__ == "__main__":
    main()
