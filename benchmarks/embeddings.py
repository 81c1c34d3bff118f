"""Measure a provider of vectors on a labelled collection: speed, recall by kind of edit, and false candidates.

    python benchmarks/embeddings.py COLLECTION [--provider descriptor] [--compared-with 3000]
    python benchmarks/embeddings.py FOLDER --speed 200 [--provider open_clip --policies policies.yaml]

COLLECTION holds `blobs/` and `truth.csv` (columns path, group, role, kind), where files of one group show the same
picture. Reported are images/s; for each kind the share of copies that have their original among the 10 nearest
originals, and whose cosine with it reaches `min_copy_cosine`; and for a range of thresholds the unrelated candidates
that one image has among 3,000.

With `--speed`, only that: from stored JPEG thumbnails to vectors, as the asset does it, and for a model also its bare forward
pass over prepared tensors, in batches of the size that was found. Both are run in turn, three times, and the faster counts.
"""

import argparse
import csv
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dedup_assets.embedders.batching import run_ahead
from dedup_assets.embedders.chain import choose_embedder
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.torch_embedder import TorchEmbedder
from dedup_assets.policies import EmbeddingPolicy
from dedup_assets.settings import read_policies
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail

THUMBNAIL_SIDE_PX = 256
NEAREST = 10
EMBEDDED_AT_ONCE = 64
SHARES = (0.03, 0.01, 0.003, 0.001, 0.0001)


def read_thumbnail(path: Path) -> NDArray[np.uint8] | None:
    """The upright RGB picture with its longer side at most 256 px, or None where it cannot be read."""
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if image is None:
        return None
    scale = min(1.0, THUMBNAIL_SIDE_PX / max(image.shape[:2]))
    size = [max(1, round(length * scale)) for length in image.shape[1::-1]]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def read_collection(folder: Path) -> tuple[list[dict[str, str]], list[NDArray[np.uint8]]]:
    """The rows of truth.csv whose files can be read, and their thumbnails."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pictures = [(row, read_thumbnail(folder / "blobs" / row["path"])) for row in rows]
    readable = [(row, picture) for row, picture in pictures if picture is not None]
    return [row for row, _ in readable], [picture for _, picture in readable]


def read_photographs(folder: Path, count: int) -> list[bytes]:
    """JPEG thumbnails, as `image_features` stores them, of the first pictures of a folder; again from the start if too few."""
    read = (read_thumbnail(path) for path in sorted(folder.rglob("*")) if path.is_file())
    pictures = list(islice((picture for picture in read if picture is not None), count))
    thumbnails = [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures]
    return list(islice(cycle(thumbnails), count))


def print_speed(embedder: Embedder, thumbnails: Sequence[bytes]) -> None:
    """Images a second from thumbnails to vectors, against the forward pass alone where the provider is a model."""
    embed_all(embedder, thumbnails)  # finds the batch size
    forward = bare_forward(embedder, thumbnails)
    whole: list[tuple[float, float]] = []
    bare: list[tuple[float, float]] = []
    for _ in range(3):
        whole.append(seconds_of(lambda: embed_all(embedder, thumbnails)))
        if forward:
            bare.append(seconds_of(forward))
    wall, cpu = (min(each) for each in zip(*whole, strict=True))
    count = len(thumbnails)
    print(f"{embedder.name} {embedder.model}: {count / wall:.1f} images/s, {1000 * cpu / count:.1f} ms of CPU an image")
    if isinstance(embedder, TorchEmbedder):
        bare_wall, bare_cpu = (min(each) for each in zip(*bare, strict=True))
        print(
            f"bare forward pass on {embedder.device}, {embedder.batches.size} a batch: {count / bare_wall:.1f} images/s, "
            f"{1000 * bare_cpu / count:.1f} ms of CPU an image; ratio {bare_wall / wall:.3f}, by CPU time {bare_cpu / cpu:.3f}"
        )


def seconds_of(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of all threads of this process: on a machine shared with others only these are its own."""
    started, started_cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - started_cpu


def embed_all(embedder: Embedder, thumbnails: Sequence[bytes]) -> None:
    calls = [thumbnails[start : start + EMBEDDED_AT_ONCE] for start in range(0, len(thumbnails), EMBEDDED_AT_ONCE)]
    for _ in run_ahead(
        lambda call: embedder.embed([decode_thumbnail(data) for data in call]), calls, embedder.calls_at_once
    ):
        pass


def bare_forward(embedder: Embedder, thumbnails: Sequence[bytes]) -> Callable[[], None] | None:
    """The model's forward pass over tensors that are ready; None for a provider that is no model in this process."""
    if not isinstance(embedder, TorchEmbedder):
        return None
    from PIL import Image as PillowImage

    prepared = [embedder.preprocess(PillowImage.fromarray(decode_thumbnail(data))) for data in thumbnails]
    size = embedder.batches.size
    batches = [torch_stack(prepared[start : start + size]) for start in range(0, len(prepared), size)]
    return lambda: [embedder.run(batch) for batch in batches].clear()


def torch_stack(tensors: Sequence[Any]) -> Any:
    import torch

    return torch.stack(list(tensors))


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
    ask.add_argument("--policies", help="YAML file whose section embeddings names the model")
    ask.add_argument("--speed", type=int, help="measure only the speed, on that many pictures of a folder")
    want = ask.parse_args()
    policy = EmbeddingPolicy(**read_policies(want.policies).get("embeddings", {}))
    embedder = choose_embedder((want.provider,), policy.embedder_settings()).embedder
    if want.speed:
        return print_speed(embedder, read_photographs(want.collection, want.speed))
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
