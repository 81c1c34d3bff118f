"""Which kept pictures are compared: each with those that have the nearest vectors, among all of one model.

Belongs here: the kept pictures and their vectors, their lists of neighbours, and what is remembered of these. Does not
belong here: the search (`kernels/vectors/exact_search.py`), or the verdicts (`assets/similar_groups.py`).

A pair is looked at where one of its ends is among the nearest k of the other, of all pictures that are kept now. So what is
looked at follows from the contents and their vectors, and nothing depends on the order in which they came: what is remembered
(`nearest_pictures`) only saves comparing again, as `update_nearest` gives the lists that a search from scratch gives.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from dedup_assets.embedders.protocol import ModelName
from dedup_assets.kernels.vectors.exact_search import Floats, Nearest, pair_neighbours, update_nearest
from dedup_assets.kernels.vectors.inverted_index import find_nearest_by_index, measure_recall
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import PAIR_KEY, order_pair_ends, pair_up
from dedup_assets.stages.vectors.vector_rows import MODEL, ROW_KEY, of_model
from dedup_assets.tables import EMBEDDINGS, NEAREST_PICTURES, REPRESENTATIVES

COSINES = ("min_copy_cosine", "min_similar_cosine")
EXACT = {"search": "exact", "search_recall": 1.0}
RECALL_SAMPLE = 500
"""Pictures whose neighbours are searched exactly as well, where an index searches: 2.4 s of one processor for 400,000."""


@dataclass(frozen=True)
class SearchLimits:
    """How far a search goes: `neighbours` a picture from `min_cosine` on; comparing all up to `max_exact` pictures."""

    neighbours: int
    min_cosine: float
    max_exact: int
    threads: int


@dataclass(frozen=True)
class FoundNeighbours:
    """The pairs to look at (left and right id, sha256, cosine_similarity, and the partition of the left), and about them."""

    pairs: pl.DataFrame
    about: dict[str, Any]


def read_models(tables: TableStore) -> dict[ModelName, dict[str, float]]:
    """The models that partitions have their vectors of now, in order, with the lowest limits that stand beside them.

    One, as a rule: more only where partitions were embedded in runs of different models, which are never compared.
    """
    commits = (tables.commit_of(EMBEDDINGS, key) for key in tables.partitions(EMBEDDINGS))
    details = [commit.details for commit in commits if "model" in commit.details]
    limits: dict[ModelName, dict[str, float]] = {}
    for each in details:
        model = ModelName(*(each[name] for name in ModelName._fields))
        limits[model] = {name: min(each[name], limits.get(model, each)[name]) for name in COSINES}
    return dict(sorted(limits.items()))


def find_neighbours(tables: TableStore, model: ModelName, limits: SearchLimits) -> FoundNeighbours:
    """Which of the pictures that are kept now, and have a vector of this model, are to be looked at."""
    pictures, vectors = read_kept_vectors(tables, model)
    lists, about = _search(tables, pictures["file_sha256"], vectors, model, limits)
    low, high, cosines = pair_neighbours(lists)
    pairs = pair_up(pictures, low, high).with_columns(cosine_similarity=pl.Series(cosines, dtype=pl.Float64))
    ordered = order_pair_ends(pairs).drop("right_partition").rename({"left_partition": "partition"})
    told = about | _tell_limits(lists, limits.neighbours, len(pictures))
    return FoundNeighbours(ordered.sort(PAIR_KEY), told)


def read_kept_vectors(tables: TableStore, model: ModelName) -> tuple[pl.DataFrame, Floats]:
    """file_sha256, image_id and partition of each kept picture, sorted by content, and its vector (n, d) float32.

    Of equal files the one with the lowest image_id is named, kept or not, as by `read_contents`: a pair has one name.
    """
    columns = ["file_sha256", "image_id", "is_representative"]
    images = [
        tables.read(REPRESENTATIVES, key, columns).with_columns(partition=pl.lit(key))
        for key in tables.partitions(REPRESENTATIVES)
    ]
    contents = (
        pl.concat(images)
        .sort("file_sha256", "image_id")
        .group_by("file_sha256", maintain_order=True)
        .agg(pl.col("image_id", "partition").first(), kept=pl.col("is_representative").any())
    )
    homes = contents.filter("kept").drop("kept").with_row_index("row")
    parts = list(_vectors_of(tables, model, homes.select("file_sha256", "row")))
    rows = np.concatenate([np.empty(0, np.uint32), *(part["row"].to_numpy() for part in parts)])
    taken, first = np.unique(rows, return_index=True)
    matrices = [part["vector"].explode().to_numpy().reshape(part.height, -1) for part in parts if part.height]
    vectors = np.concatenate(matrices)[first] if matrices else np.empty((0, 1), np.float32)
    return homes[taken].drop("row"), np.ascontiguousarray(vectors, np.float32)


def _vectors_of(tables: TableStore, model: ModelName, homes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The columns row and vector of each partition whose present vectors are of this model."""
    for key in tables.partitions(EMBEDDINGS):
        commit = tables.commit_of(EMBEDDINGS, key)
        if any(commit.details.get(name) != getattr(model, name) for name in MODEL):
            continue
        rows = tables.read_parts(EMBEDDINGS, key, commit.parts, [*ROW_KEY, "vector"]).filter(
            of_model("image", model) & pl.col("vector").is_not_null()
        )
        contents = rows.select("vector", file_sha256=pl.col("content_key").str.decode("hex"))
        yield contents.join(homes, on="file_sha256", maintain_order="left").select("row", "vector")


def _search(
    tables: TableStore, contents: pl.Series, vectors: Floats, model: ModelName, limits: SearchLimits
) -> tuple[Nearest, dict[str, Any]]:
    """The lists of all pictures, and how they were found: exactly, going on from what is remembered, or by an index."""
    count, min_cosine = limits.neighbours, limits.min_cosine
    partition = model.stored
    if len(vectors) > limits.max_exact:
        lists = find_nearest_by_index(vectors, count, min_cosine, limits.threads)
        recall = measure_recall(vectors, lists, RECALL_SAMPLE, count, min_cosine)
        about = {"search": "inverted index", "search_recall": round(recall, 4)}
        tables.rewrite(NEAREST_PICTURES, partition, NEAREST_PICTURES.empty(), "", about)
        return lists, about
    stamp = {"neighbours": count, "min_cosine": min_cosine}
    commit = tables.commit_of(NEAREST_PICTURES, partition)
    known = tables.read_parts(NEAREST_PICTURES, partition, commit.parts)
    if any(commit.details.get(name) != value for name, value in stamp.items()):
        known = known.clear()
    now = pl.DataFrame({"file_sha256": contents}).with_row_index("place").cast({"place": pl.Int64})
    place = known.join(now, on="file_sha256", how="left", maintain_order="left")["place"].fill_null(-1).to_numpy()
    lists = update_nearest(vectors, _as_lists(known), place, count, min_cosine)
    tables.rewrite(NEAREST_PICTURES, partition, _as_rows(contents, lists), "", stamp | EXACT)
    return lists, EXACT


def read_search_recall(tables: TableStore) -> float:
    """The lowest recall of the last searches by vectors of models in use: 1 where all pictures were compared."""
    used = {model.stored for model in read_models(tables)}
    commits = (tables.commit_of(NEAREST_PICTURES, key) for key in tables.partitions(NEAREST_PICTURES) if key in used)
    return min((float(commit.details["search_recall"]) for commit in commits), default=1.0)


def forget_neighbours(tables: TableStore, model: ModelName) -> None:
    """Empty the partition of a model; a search by its vectors would begin from scratch."""
    partition = model.stored
    if tables.commit_of(NEAREST_PICTURES, partition).parts:
        tables.rewrite(NEAREST_PICTURES, partition, NEAREST_PICTURES.empty(), "", EXACT)


def _as_lists(rows: pl.DataFrame) -> Nearest:
    entries = rows.with_row_index("row").explode("neighbours", "cosines").drop_nulls("neighbours")
    return Nearest(
        entries["row"].to_numpy().astype(np.int64),
        entries["neighbours"].to_numpy().astype(np.int64),
        entries["cosines"].to_numpy(),
    )


def _as_rows(contents: pl.Series, lists: Nearest) -> pl.DataFrame:
    entries = pl.DataFrame({"row": lists.rows, "neighbours": lists.others, "cosines": lists.cosines})
    grouped = entries.group_by("row", maintain_order=True).agg("neighbours", "cosines")
    every = pl.DataFrame({"file_sha256": contents}).with_row_index("row").cast({"row": pl.Int64})
    joined = every.join(grouped, on="row", how="left", maintain_order="left")
    return joined.select("file_sha256", pl.col("neighbours", "cosines").fill_null([]))


def _tell_limits(lists: Nearest, count: int, pictures: int) -> dict[str, Any]:
    """How many pictures have a full list, so that more neighbours may stand behind it, and the last cosines of these."""
    sizes = np.bincount(lists.rows, minlength=pictures)
    last = lists.cosines[np.cumsum(sizes)[sizes == count] - 1]
    quantiles = np.quantile(last, (0.05, 0.5, 0.95)).round(3).tolist() if len(last) else []
    return {"searched_pictures": pictures, "pictures_at_the_cap": len(last), "last_cosine_5_50_95": quantiles}
