"""`similar_groups`: heavy edits among the kept pictures, found by their vectors and confirmed by geometry; then look-alikes.

Belongs here: one partition after the other, and what is told of it. Does not belong here: vectors (`embeddings`), which pairs
are looked at, and verdicts on them (`stages/vectors/similar_pairs.py`), the final groups (`dedup_report`).

The table holds the pairs that are looked at now, of all partitions, each in the partition of its left picture, and no other: a
function of the contents, their vectors and the policies. A pair that is no longer among them leaves, so that no group rests
on it; should it come back, it is verified again.
"""

import dagster as dg
import polars as pl

from dedup_assets.policies import SimilarityPolicy, VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.pairs.contents import PAIR_KEY
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.vectors.nearest_pictures import read_models, read_search_recall
from dedup_assets.stages.vectors.similar_pairs import SimilarPairs
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import EMBEDDINGS, REPRESENTATIVES, SIMILAR_GROUPS, VERIFIED_GROUPS

MIN_SEARCH_RECALL = 0.6
"""Of all neighbours, most of which are unrelated and hardly near; of copies, more are found."""


@table_asset(SIMILAR_GROUPS, {"opencv"}, "3", reads_all=[EMBEDDINGS], in_one_run=True)
def similar_groups(
    context: dg.AssetExecutionContext,
    collection: Collection,
    verification_policy: VerificationPolicy,
    similarity_policy: SimilarityPolicy,
    progress: ProgressReporter,
) -> None:
    """Compare each kept picture with its nearest of all partitions, and verify what may be a copy."""
    stage = Stage(
        context, SIMILAR_GROUPS, collection.tables(), verification_policy, similarity_policy, source=EMBEDDINGS
    )
    if similarity_policy.not_looked_for:
        return stage.leave_out(similarity_policy.not_looked_for)
    models = [
        {"model": name.model, "revision": name.revision, **limits} for name, limits in read_models(stage.tables).items()
    ]
    fingerprint = stage.fingerprint(stage.digest_of_all(REPRESENTATIVES, EMBEDDINGS, VERIFIED_GROUPS), models)
    pairs: SimilarPairs | None = None
    with Workers(collection.workers) as workers:
        policies = verification_policy, similarity_policy
        for key in stage.keys:
            with stage.partition(key, fingerprint) as work:
                work.counts = {"verified_pairs": 0}
                if not work.is_current and models:
                    pairs = pairs or SimilarPairs(stage, collection, *policies, progress, workers)
                    pairs.bring_up_to_date(work)
                _describe(stage, work, pairs.min_copy if pairs else None)
        if pairs:
            pairs.bring_others_up_to_date(fingerprint)
            pairs.tell()


def _describe(stage: Stage, work: PartitionWork, min_copy: float | None) -> None:
    pairs = stage.tables.read(SIMILAR_GROUPS, work.key)
    work.counts |= {
        "copies": int(pairs["verdict"].sum()),
        "look_alikes": int((pairs["level"] == "similar").sum()),
    }
    work.preview = pairs.filter(pl.col("level").is_not_null()).select(
        *PAIR_KEY, "level", "cosine_similarity", "local_inliers"
    )
    cosines = pairs["cosine_similarity"]
    work.show_histogram(cosines, min_copy, "Cosine similarity of pairs looked at", "cosine")


@dg.asset_check(asset=similar_groups, blocking=True, description="No look-alike passes as a duplicate.")
def look_alikes_are_never_duplicates(collection: Collection) -> dg.AssetCheckResult:
    """Count pairs of level similar that carry a positive verdict."""
    pairs = collection.tables().as_of_now().read_many(SIMILAR_GROUPS, columns=["verdict", "level"])
    wrong = pairs.filter(pl.col("verdict") & (pl.col("level") == "similar")).height
    return dg.AssetCheckResult(
        passed=wrong == 0, metadata={"pairs": pairs.height, "look_alikes_called_duplicates": wrong}
    )


@dg.asset_check(asset=similar_groups, description="Where not all pictures are compared, what is near is found.")
def the_index_finds_what_is_near(collection: Collection) -> dg.AssetCheckResult:
    """Warn where the recall that was measured beside the last search is low; it is 1 where all pictures are compared."""
    recall = read_search_recall(collection.tables().as_of_now())
    return dg.AssetCheckResult(
        passed=recall >= MIN_SEARCH_RECALL, severity=dg.AssetCheckSeverity.WARN, metadata={"search_recall": recall}
    )
