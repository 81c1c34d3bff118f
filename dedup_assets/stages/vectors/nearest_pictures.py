"""Which kept pictures are compared: each with those that have the nearest vectors, among all of one model.

Belongs here: the kept pictures and their vectors, their lists of neighbours, and what is remembered of these. Does not
belong here: the search (`kernels/vectors/exact_search.py`), or the verdicts (`assets/similar_groups.py`).

A pair is looked at where one of its ends is among the nearest k of the other, of all pictures that are kept now. So what is
looked at follows from the contents and their vectors, and nothing depends on the order in which they came: what is remembered
(`nearest_pictures`) only saves comparing again, as `update_nearest` gives the lists that a search from scratch gives.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from dedup_assets.embedders.protocol import ModelName
from dedup_assets.kernels.vectors.exact_search import EXACT, Floats, Nearest, Searching, pair_neighbours, update_nearest
from dedup_assets.kernels.vectors.sign_search import (
    RoundedVectors,
    measure_recall,
    most_apart,
    round_vectors,
    search_by_signs,
)
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs.contents import PAIR_KEY, order_pair_ends, pair_up
from dedup_assets.stages.vectors.vector_rows import MODEL, ROW_KEY, of_model
from dedup_assets.tables import EMBEDDINGS, NEAREST_PICTURES, REPRESENTATIVES

COSINES = ("min_copy_cosine", "min_similar_cosine")
RECALL_SAMPLE = 500
"""Pictures that are compared with all, where a search compares by signs: 20 s of one processor for a million."""


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
    pictures, vectors = read_kept_vectors(tables, model, limits.max_exact)
    lists, about = _search(tables, pictures["file_sha256"], vectors, model, limits)
    low, high, cosines = pair_neighbours(lists)
    pairs = pair_up(pictures, low, high).with_columns(cosine_similarity=pl.Series(cosines, dtype=pl.Float64))
    ordered = order_pair_ends(pairs).drop("right_partition").rename({"left_partition": "partition"})
    told = about | _tell_limits(lists, limits.neighbours, len(pictures))
    return FoundNeighbours(ordered.sort(PAIR_KEY), told)


def read_kept_vectors(
    tables: TableStore, model: ModelName, max_exact: int
) -> tuple[pl.DataFrame, Floats | RoundedVectors]:
    """file_sha256, image_id and partition of each kept picture, sorted by content, and its vector (n, d) float32.

    Where more than `max_exact` pictures are kept, vectors are rounded as they are read, so that they take a quarter of that.
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
    keep: Callable[[Floats], Any] = round_vectors if homes.height > max_exact else np.asarray
    rows, vectors = [np.empty(0, np.uint32)], []
    for part in _vectors_of(tables, model, homes.select("file_sha256", "row")):
        rows.append(part["row"].to_numpy())
        vectors.append(keep(part["vector"].explode().to_numpy().reshape(part.height, -1)))
    taken, first = np.unique(np.concatenate(rows), return_index=True)
    join = RoundedVectors.join if homes.height > max_exact else np.concatenate
    return homes[taken].drop("row"), join(vectors or [keep(np.empty((0, 1), np.float32))])[first]


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
        found = contents.join(homes, on="file_sha256", maintain_order="left").select("row", "vector")
        if found.height:
            yield found


def _search(
    tables: TableStore, contents: pl.Series, vectors: Any, model: ModelName, limits: SearchLimits
) -> tuple[Nearest, dict[str, Any]]:
    """The lists of all pictures, going on from what is remembered, and how they were found: exactly, or by signs."""
    count, min_cosine, partition = limits.neighbours, limits.min_cosine, model.stored
    by: Searching[Any] = EXACT
    stamp = {"neighbours": count, "min_cosine": min_cosine, "search": "exact"}
    if isinstance(vectors, RoundedVectors):
        by = search_by_signs(limits.threads)
        stamp |= {"search": "sign", "max_signs_apart": most_apart(min_cosine)}
    commit = tables.commit_of(NEAREST_PICTURES, partition)
    known = tables.read_parts(NEAREST_PICTURES, partition, commit.parts)
    if any(commit.details.get(name) != value for name, value in stamp.items()):
        known = known.clear()
    now = pl.DataFrame({"file_sha256": contents}).with_row_index("place").cast({"place": pl.Int64})
    place = known.join(now, on="file_sha256", how="left", maintain_order="left")["place"].fill_null(-1).to_numpy()
    lists = update_nearest(vectors, _as_lists(known), place, count, min_cosine, by)
    recall = 1.0 if by is EXACT else round(measure_recall(vectors, lists, RECALL_SAMPLE, count, min_cosine), 4)
    tables.rewrite(NEAREST_PICTURES, partition, _as_rows(contents, lists), "", stamp | {"search_recall": recall})
    return lists, {"search": stamp["search"], "search_recall": recall}


def read_search_recall(tables: TableStore) -> float:
    """The lowest recall of the last searches by vectors of models in use: 1 where all pictures were compared."""
    used = {model.stored for model in read_models(tables)}
    commits = (tables.commit_of(NEAREST_PICTURES, key) for key in tables.partitions(NEAREST_PICTURES) if key in used)
    return min((float(commit.details["search_recall"]) for commit in commits), default=1.0)


def forget_neighbours(tables: TableStore, model: ModelName) -> None:
    """Empty the partition of a model; a search by its vectors would begin from scratch."""
    partition = model.stored
    if tables.commit_of(NEAREST_PICTURES, partition).parts:
        tables.rewrite(NEAREST_PICTURES, partition, NEAREST_PICTURES.empty(), "", {"search_recall": 1.0})


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
