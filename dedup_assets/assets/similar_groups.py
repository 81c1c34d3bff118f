"""`similar_groups`: heavy edits among the kept pictures, found by their vectors and confirmed by geometry; then look-alikes.

Belongs here: which pairs of kept pictures are looked at, and their verdicts. Does not belong here: vectors (`embeddings`),
the tests (`kernels/verification.py`), the final groups (`dedup_report`).

All pairs above the provider's threshold are looked at. A cut at the nearest k would depend on what else was there when an
image came, and so on the order in which images arrive.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from dedup_assets.contents import order_pair_ends, read_contents
from dedup_assets.evidence import PAIR_KEY, PairVerifier, VerificationPolicy
from dedup_assets.kernels.search import find_vector_pairs
from dedup_assets.report.plots import distance_histogram
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.table_commits import Commit, Part
from dedup_assets.stage import PartitionWork, Policy, Stage, table_asset
from dedup_assets.tables import EMBEDDINGS, SIMILAR_GROUPS, VERIFIED_GROUPS

PAIRS_A_PART = 1_000


class SimilarityPolicy(Policy):
    """How alike two vectors must be; None leaves it to the provider, whose measurement stands beside its number."""

    min_copy_cosine: float | None = Field(
        default=None, ge=-1, le=1, description="From here on a pair is tested for a copy"
    )
    min_similar_cosine: float | None = Field(
        default=None, ge=-1, le=1, description="From here on two pictures are look-alikes"
    )

    def limits(self, provider: Mapping[str, Any]) -> tuple[float, float]:
        """The two limits, those of the provider where the policy leaves them open."""
        named = self.settings()
        copy, similar = (
            provider[name] if named[name] is None else named[name] for name in ("min_copy_cosine", "min_similar_cosine")
        )
        return float(copy), float(similar)


@table_asset(SIMILAR_GROUPS, {"opencv"}, "1", reads_all=[EMBEDDINGS], in_one_run=True)
def similar_groups(
    context: dg.AssetExecutionContext,
    collection: Collection,
    verification_policy: VerificationPolicy,
    similarity_policy: SimilarityPolicy,
    progress: ProgressReporter,
) -> None:
    """Compare the newly embedded pictures of each partition with all others, and verify what may be a copy."""
    stage = Stage(
        context, SIMILAR_GROUPS, collection.tables(), verification_policy, similarity_policy, source=EMBEDDINGS
    )
    search: _Search | None = None
    for key in stage.keys:
        vectors = stage.tables.commit_of(EMBEDDINGS, key)
        with stage.partition(key, stage.fingerprint(vectors.digest, _provider(vectors))) as work:
            work.counts = {"verified_pairs": 0}
            if not work.is_current and vectors.details:
                search = search or _Search(stage, collection, verification_policy, similarity_policy, vectors.details)
                _compare(stage, work, search, progress)
            pairs = stage.tables.read(SIMILAR_GROUPS, key)
            work.counts |= {
                "copies": int(pairs["verdict"].sum()),
                "look_alikes": int((pairs["level"] == "similar").sum()),
            }
            work.preview = pairs.filter(pl.col("level").is_not_null()).select(
                *PAIR_KEY, "level", "cosine_similarity", "local_inliers"
            )
            work.picture = partial(_histogram, pairs, search)


def _provider(vectors: Commit) -> dict[str, Any]:
    names = ("model", "revision", "min_copy_cosine", "min_similar_cosine")
    return {name: vectors.details.get(name) for name in names}


class _Search:
    """All vectors of one model, read once a run."""

    def __init__(
        self,
        stage: Stage,
        collection: Collection,
        verification: VerificationPolicy,
        policy: SimilarityPolicy,
        provider: Mapping[str, Any],
    ) -> None:
        self.provider = provider
        self.min_copy, self.min_similar = policy.limits(provider)
        self.verifier = PairVerifier(collection, verification)
        self.homes = read_contents(stage.tables, ()).select("file_sha256", "image_id")
        every = [
            self.usable(stage, key, stage.tables.commit_of(EMBEDDINGS, key).parts)
            for key in stage.tables.partitions(EMBEDDINGS)
        ]
        self.vectors = pl.concat(every).unique("file_sha256", keep="first", maintain_order=True).sort("file_sha256")

    def usable(self, stage: Stage, key: str, parts: tuple[Part, ...]) -> pl.DataFrame:
        """Contents still in the source and their vectors of this model: file_sha256, image_id, vector."""
        rows = stage.tables.read_parts(
            EMBEDDINGS, key, parts, ["subject", "content_key", "model", "revision", "vector"]
        )
        of_model = rows.filter(
            (pl.col("subject") == "image")
            & (pl.col("model") == self.provider["model"])
            & (pl.col("revision") == self.provider["revision"])
            & pl.col("vector").is_not_null()
        )
        contents = of_model.select(pl.col("content_key").str.decode("hex").alias("file_sha256"), "vector")
        return contents.join(self.homes, on="file_sha256", maintain_order="left")

    def pairs_of(self, queries: pl.DataFrame) -> pl.DataFrame:
        """Pairs of a query and any other content at or above the lower limit, ends in order, each once."""
        query, other, cosine = find_vector_pairs(
            self._matrix(queries), self._matrix(self.vectors), min(self.min_copy, self.min_similar)
        )
        left = queries.select(left_id="image_id", left_sha256="file_sha256")[query]
        right = self.vectors.select(right_id="image_id", right_sha256="file_sha256")[other]
        pairs = pl.concat([left, right], how="horizontal").with_columns(
            cosine_similarity=pl.Series(cosine, dtype=pl.Float64), transform=pl.lit("unknown")
        )
        apart = pairs.filter(pl.col("left_sha256") != pl.col("right_sha256"))
        return order_pair_ends(apart).unique(PAIR_KEY, keep="first", maintain_order=True)

    def _matrix(self, vectors: pl.DataFrame) -> NDArray[np.float32]:
        """Vectors as (n, d) float32, where d is that of all of them even for none."""
        dimension = len(self.vectors["vector"][0]) if self.vectors.height else 1
        return vectors["vector"].explode().to_numpy().astype(np.float32, copy=False).reshape(-1, dimension)


def _compare(stage: Stage, work: PartitionWork, search: _Search, progress: ProgressReporter) -> None:
    stamp = {
        "policies": [policy.version for policy in stage.policies],
        "model": [search.provider["model"], search.provider["revision"]],
    }
    if {name: work.commit.details.get(name) for name in stamp} != stamp:
        work.commit = stage.tables.rewrite(SIMILAR_GROUPS, work.key, SIMILAR_GROUPS.empty(), "", stamp)
    embedded = stage.tables.commit_of(EMBEDDINGS, work.key)
    searched = set(work.commit.details.get("searched_parts", ()))
    queries = search.usable(stage, work.key, tuple(part for part in embedded.parts if part.name not in searched))
    pairs = _without_verdict(stage, work, search.pairs_of(queries))
    with progress.track(stage.log, f"{SIMILAR_GROUPS.name} [{work.key}]", pairs.height, "pairs") as tracker:
        part = SIMILAR_GROUPS.empty()
        for rows in search.verifier.verify(
            pairs.filter(pl.col("cosine_similarity") >= search.min_copy), tracker.advance
        ):
            part = pl.concat([part, _name_look_alikes(rows, pairs, search)])
            work.counts["verified_pairs"] += rows.height
            if part.height >= PAIRS_A_PART:
                work.commit, part = stage.tables.append(work.commit, SIMILAR_GROUPS, part), part.clear()
        work.commit = stage.tables.append(work.commit, SIMILAR_GROUPS, part)
    work.commit = replace(work.commit, details=stamp | {"searched_parts": embedded.part_names})
    stage.finish(work)


def _without_verdict(stage: Stage, work: PartitionWork, pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out pairs that were verified already: here (in what this run goes on from), elsewhere, or as candidates by hash."""
    others = [key for key in stage.tables.partitions(SIMILAR_GROUPS) if key != work.key]
    known = (
        stage.tables.read_many(VERIFIED_GROUPS, columns=PAIR_KEY),
        stage.tables.read_many(SIMILAR_GROUPS, others, PAIR_KEY),
        stage.tables.read_parts(SIMILAR_GROUPS, work.key, work.commit.parts, PAIR_KEY),
    )
    return pairs.join(pl.concat(known), on=PAIR_KEY, how="anti", maintain_order="left")


def _name_look_alikes(rows: pl.DataFrame, pairs: pl.DataFrame, search: _Search) -> pl.DataFrame:
    """Rejected pairs of very similar vectors are look-alikes; they stay rejected."""
    with_cosine = rows.join(
        pairs.select(*PAIR_KEY, "cosine_similarity"), on=PAIR_KEY, how="left", maintain_order="left"
    )
    alike = ~pl.col("verdict") & (pl.col("cosine_similarity") >= search.min_similar)
    return with_cosine.with_columns(level=pl.when(alike).then(pl.lit("similar")).otherwise(pl.col("level"))).select(
        SIMILAR_GROUPS.column_names
    )


def _histogram(pairs: pl.DataFrame, search: _Search | None) -> bytes | None:
    cosines = pairs["cosine_similarity"].drop_nulls()
    if cosines.is_empty():
        return None
    limit = search.min_copy if search else None
    return distance_histogram(cosines.to_numpy(), limit, "Cosine similarity of pairs looked at", "cosine")


@dg.asset_check(asset=similar_groups, blocking=True, description="No look-alike passes as a duplicate.")
def look_alikes_are_never_duplicates(collection: Collection) -> dg.AssetCheckResult:
    """Count pairs of level similar that carry a positive verdict."""
    pairs = collection.tables().read_many(SIMILAR_GROUPS, columns=["verdict", "level"])
    wrong = pairs.filter(pl.col("verdict") & (pl.col("level") == "similar")).height
    return dg.AssetCheckResult(
        passed=wrong == 0, metadata={"pairs": pairs.height, "look_alikes_called_duplicates": wrong}
    )
