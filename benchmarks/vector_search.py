"""Which pairs the search by vectors looks at, and what it costs: `python benchmarks/vector_search.py PHOTOS [--out FILE]`.

PHOTOS are distinct photographs; every second by name, from the second on, is used: training saw the others. Some are the
originals of families with one heavy edit of each planted kind, the others are unrelated pictures, of which synthetic ones
are made: a descriptor of one in random directions of the spectrum that all have. What families are found among them is
counted; then stores of such pictures, written without any image, go through the search as `similar_groups` runs it. Last, the
exact search, which is that of faiss and again in float64, is compared with products of blocks by numpy alone.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.kernels.group.stars import find_components
from dedup_assets.kernels.planted_kinds import PLANTED_EDITS
from dedup_assets.kernels.vectors.exact_search import COSINE_SLACK, Nearest, cut_lists, exact_cosines, find_nearest
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.vectors.nearest_pictures import SearchLimits, find_neighbours, read_models
from dedup_assets.tables import EMBEDDINGS, REPRESENTATIVES

Floats = NDArray[np.float32]
Result = TypeVar("Result")
HEAVY = [edit for edit in PLANTED_EDITS if edit.family in ("turned", "copy")]
MIN_COSINE = DescriptorEmbedder.min_copy_cosine
SHARE_OF_A_PHOTOGRAPH = 0.3
NEIGHBOURS, MANY = (3, 5, 10, 20, 40), 40
IN_A_PARTITION, BATCH = 20_000, 10_000


def describe_file(data: bytes) -> Floats:
    """The built-in descriptor of a file's thumbnail."""
    picture = read_picture(data)
    scale = min(1.0, 256 / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    vector: Floats = DescriptorEmbedder().embed([np.asarray(small, np.uint8)])[0]
    return vector


def read_picture(data: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise ValueError("OpenCV cannot decode one of the photographs")
    return np.asarray(picture, np.uint8)


def describe_families(files: Sequence[Path]) -> Floats:
    """An original and one heavy edit of each kind for each file: (files, kinds + 1, 256)."""
    families = []
    for file in files:
        original = file.read_bytes()
        edits = (edit.apply(read_picture(original)) for edit in HEAVY)
        families.append(np.stack([describe_file(data) for data in (original, *edits)]))
    return np.stack(families)


class Synthesis:
    """Makes pictures that are related to none, like those given: (n, 256) float32 of length 1."""

    def __init__(self, photographs: Floats) -> None:
        self.photographs, self.random = photographs, np.random.default_rng(1)
        spread = np.cov(photographs.T) + 1e-6 * np.eye(photographs.shape[1])
        self.mean, self.spread = photographs.mean(axis=0), np.linalg.cholesky(spread).T.astype(np.float32)

    def make(self, count: int) -> Floats:
        """So many more of them."""
        parts = [np.empty((0, len(self.mean)), np.float32)]
        for start in range(0, count, BATCH):
            rows = min(BATCH, count - start)
            noise = self.random.standard_normal((rows, len(self.mean)), dtype=np.float32) @ self.spread + self.mean
            photographs = self.photographs[self.random.integers(0, len(self.photographs), rows)]
            share = SHARE_OF_A_PHOTOGRAPH
            parts.append(share * photographs + (1 - share**2) ** 0.5 * unit(noise))
        return unit(np.concatenate(parts))


def unit(vectors: Floats) -> Floats:
    out: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return out


def unrelated_shares(vectors: Floats) -> str:
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    shares = " | ".join(f"{(cosines >= limit).mean():.3%}" for limit in (0.15, MIN_COSINE, 0.21, 0.25, 0.3, 0.35))
    return f"{shares} | {len(cosines):,} | {cosines.max():.3f}"


def linked_shares(lists: Nearest, families: int, size: int) -> list[str]:
    """The share of copies of which a chain of looked-at pairs of their own family leads to the original, by neighbours."""
    rank = np.arange(len(lists.rows)) - np.searchsorted(lists.rows, lists.rows)
    own = (lists.others < families * size) & (lists.rows // size == lists.others // size)
    shares = []
    for count in NEIGHBOURS:
        entries = lists.take(own & (rank < count))
        label = find_components(families * size, np.stack([entries.rows, entries.others], axis=1)).reshape(-1, size)
        shares.append(f"{(label[:, 1:] == label[:, :1]).mean():.4f}")
    return shares


def lone_shares(lists: Nearest, families: int, size: int) -> list[str]:
    """The share of copies that would be compared with their original if these two were all of their family."""
    own = (lists.others < families * size) & (lists.rows // size == lists.others // size)
    strangers = np.concatenate([[0], np.cumsum(~own)])
    before = strangers[:-1] - strangers[np.searchsorted(lists.rows, lists.rows)]
    with_original = own & ((lists.rows % size == 0) | (lists.others % size == 0))
    ends = np.maximum(lists.rows, lists.others)
    near = [np.unique(ends[with_original & (before < count)]) for count in NEIGHBOURS]
    return [f"{len(each) / (families * (size - 1)):.4f}" for each in near]


def measure_families(families: Floats, synthesis: Synthesis, counts: Sequence[int]) -> list[str]:
    members = families.reshape(-1, families.shape[-1])
    lines = []
    for count in counts:
        everyone = np.concatenate([members, synthesis.make(count)])
        lists = find_nearest(everyone, np.arange(len(members)), MANY + len(families[0]), MIN_COSINE)
        for what, shares in (("whole family", linked_shares), ("original and copy", lone_shares)):
            lines.append(f"| {count:,} | {what} | {' | '.join(shares(lists, *families.shape[:2]))} |")
    return lines


def write_store(tables: TableStore, vectors: Floats) -> None:
    """The tables up to embeddings as if each vector were that of a kept picture."""
    about = {"model": "synthetic", "revision": "1", "min_copy_cosine": MIN_COSINE, "min_similar_cosine": 0.5}
    for start in range(0, len(vectors), IN_A_PARTITION):
        key, rows = f"p{start // IN_A_PARTITION}", range(start, min(start + IN_A_PARTITION, len(vectors)))
        contents = [sha256(row.to_bytes(8)).digest() for row in rows]
        ids = pl.Series(rows) + 1
        kept: dict[str, Any] = {"image_id": ids, "file_sha256": contents, "representative_id": ids}
        frame = pl.DataFrame(kept | {"representative_sha256": contents}).with_columns(
            group_id=pl.lit("g"), group_size=1, is_representative=True, level=None, decided_by=None, keep_rank=0,
            quality_score=1.0, kept_because=pl.lit("alone"),
        )  # fmt: skip
        tables.rewrite(REPRESENTATIVES, key, frame.select(REPRESENTATIVES.column_names), "")
        embedded = pl.DataFrame(
            {"content_key": [content.hex() for content in contents], "vector": vectors[list(rows)].tolist()}
        ).with_columns(
            subject=pl.lit("image"), image_id=ids, provider=pl.lit("p"), model=pl.lit("synthetic"),
            revision=pl.lit("1"), error=None,
        )  # fmt: skip
        tables.rewrite(EMBEDDINGS, key, embedded.select(EMBEDDINGS.column_names), "", about)


def measure_store(synthesis: Synthesis, count: int, neighbours: int) -> str:
    vectors = synthesis.make(count + count // 100)
    limits = SearchLimits(neighbours, MIN_COSINE, max_exact=10**9, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        tables = Collection(store=folder).tables()
        write_store(tables, vectors[:count])
        (model,) = read_models(tables)
        all_s, found = timed(lambda: find_neighbours(tables, model, limits))
        write_store(tables, vectors)
        new_s, _ = timed(lambda: find_neighbours(tables, model, limits))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = found.pairs.height
    return f"| {count:,} | {all_s:.1f} | {new_s:.1f} | {pairs:,} | {pairs / count:.2f} | {peak_mb:,.0f} |"


def find_by_blocks(vectors: Floats, count: int, min_cosine: float) -> Nearest:
    """What `find_nearest` says of all vectors, by numpy: from products of 1,024 by 8,192 vectors what may still enter a list."""
    parts = []
    for first in range(0, len(vectors), 1024):
        asked = np.arange(first, min(first + 1024, len(vectors)))
        floors = np.full(len(asked), min_cosine - COSINE_SLACK, np.float32)
        found = cut_lists([], count)
        for start in range(0, len(vectors), 8192):
            block = vectors[asked] @ vectors[start : start + 8192].T
            itself = (asked >= start) & (asked < start + 8192)
            block[itself, asked[itself] - start] = -2
            rows, others = np.nonzero(block >= floors[:, None])
            more = Nearest(rows, others + start, block[rows, others])
            found = Nearest(
                *(np.concatenate([getattr(part, name) for part in (found, more)]) for name in Nearest._fields)
            )
            if len(found.rows) > 64 * len(asked):
                found = raise_floors(found, floors, count)
        found = raise_floors(found, floors, count)
        cosines = exact_cosines(vectors, asked[found.rows], found.others)
        near = cosines >= np.float32(min_cosine)
        parts.append(Nearest(asked[found.rows[near]], found.others[near], cosines[near]))
    return cut_lists(parts, count)


def raise_floors(found: Nearest, floors: Floats, count: int) -> Nearest:
    """Raise each floor to a little under the `count`-th cosine found so far, and drop what lies below."""
    found = found.take(np.lexsort((-found.cosines, found.rows)))
    last = np.searchsorted(found.rows, np.arange(len(floors))) + count - 1
    full = np.flatnonzero(np.bincount(found.rows, minlength=len(floors)) >= count)
    floors[full] = np.maximum(floors[full], found.cosines[last[full]] - COSINE_SLACK)
    return found.take(found.cosines >= floors[found.rows])


def measure_exact(synthesis: Synthesis, count: int, neighbours: int) -> str:
    vectors = synthesis.make(count)
    with threadpool_limits(1):
        blocks_s, wanted = timed(lambda: find_by_blocks(vectors, neighbours, MIN_COSINE))
        faiss_s, found = timed(lambda: find_nearest(vectors, np.arange(count), neighbours, MIN_COSINE))
    equal = [column.tobytes() for column in wanted] == [column.tobytes() for column in found]
    return f"| {count:,} | {blocks_s:.1f} | {faiss_s:.1f} | {blocks_s / faiss_s:.1f} | {len(found.rows):,} | {equal} |"


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds of CPU, and what came of them."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("photos", type=Path)
    ask.add_argument("--families", type=int, default=60)
    ask.add_argument("--background", type=int, nargs="+", default=[0, 10_000, 100_000, 300_000])
    ask.add_argument("--stores", type=int, nargs="+", default=[12_500, 25_000, 50_000])
    ask.add_argument("--exact", type=int, nargs="+", default=[50_000, 100_000])
    ask.add_argument("--neighbours", type=int, default=10)
    ask.add_argument("--out", type=Path)
    want = ask.parse_args()
    files = sorted(path for path in want.photos.rglob("*") if path.is_file())[1::2]
    readable = [path for path in files if cv2.haveImageReader(str(path))]
    families = describe_families(readable[: want.families])
    families = families[np.isfinite(families).all(axis=(1, 2))]
    others = np.stack([describe_file(path.read_bytes()) for path in readable[want.families :]])
    synthesis = Synthesis(others[np.isfinite(others).all(axis=1)])
    stores = [measure_store(synthesis, count, want.neighbours) for count in want.stores]
    lines = [
        f"{len(families)} families of an original and {len(HEAVY)} heavy edits; {len(others)} other photographs.",
        "", "| unrelated pairs from | 0.15 | 0.18 | 0.21 | 0.25 | 0.3 | 0.35 | pairs | highest |", "|---|" + "---:|" * 8,
        f"| photographs | {unrelated_shares(synthesis.photographs)} |",
        f"| synthetic | {unrelated_shares(synthesis.make(2_000))} |",
        "", "| synthetic pictures | kept beside them | " + " | ".join(f"{count} nearest" for count in NEIGHBOURS) + " |",
        "|---:|---|" + "---:|" * len(NEIGHBOURS), *measure_families(families, synthesis, want.background),
        "", "| kept pictures | all, s of CPU | 1 % new, s | pairs | a picture | peak RSS, MB |",
        "|---:|" + "---:|" * 5, *stores,
        "", "| vectors | by numpy, s of CPU | by faiss, s | ratio | entries of lists | equal to the bit |",
        "|---:|" + "---:|" * 4 + "---|", *(measure_exact(synthesis, count, want.neighbours) for count in want.exact),
    ]  # fmt: skip
    print("\n".join(lines))
    if want.out:
        want.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
