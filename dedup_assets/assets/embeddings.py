"""`embeddings`: one vector a kept picture and one a distinct prompt, in Parquet and in PostgreSQL.

Belongs here: one run with the model of the store. Does not belong here: which that is (`stages/vectors/kept_model.py`), what
a run does with it (`stages/vectors/embedding_run.py`), computing vectors (`embedders/`).
"""

import dagster as dg
import polars as pl

from dedup_assets.policies import EmbeddingPolicy, SimilarityPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.judged_partitions import judge_partitions
from dedup_assets.stages.stage import Stage
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.vectors.embedding_run import EmbeddingRun
from dedup_assets.stages.vectors.kept_model import choose_kept
from dedup_assets.stages.vectors.vector_rows import MODEL
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import EMBEDDINGS, METADATA_HASHES, REPRESENTATIVES


@table_asset(EMBEDDINGS, {"postgres"}, "3", reads=[REPRESENTATIVES, METADATA_HASHES])
def embeddings(
    context: dg.AssetExecutionContext,
    collection: Collection,
    database: DatabaseResource,
    embedding_policy: EmbeddingPolicy,
    similarity_policy: SimilarityPolicy,
    progress: ProgressReporter,
) -> None:
    """Embed the kept pictures and the prompts that have no vector of these models yet; other images point at theirs."""
    stage = Stage(context, EMBEDDINGS, collection.tables(), embedding_policy, source=REPRESENTATIVES)
    if similarity_policy.not_looked_for:
        return stage.leave_out(similarity_policy.not_looked_for)
    encoders = embedding_policy.choose_encoders()
    with choose_kept(stage.tables, embedding_policy) as choice, Workers(collection.workers) as workers:
        for reason in choice.fallback_reasons:
            stage.log(reason)
        run = EmbeddingRun(stage, collection, choice, encoders, database, progress, workers)
        changed = [run.embed_partition(key) for key in stage.keys]
        if any(changed):
            run.finish_database()


@dg.asset_check(asset=embeddings, blocking=True, description="Every kept picture has a vector, or a reason why not.")
def every_kept_picture_is_embedded(collection: Collection, similarity_policy: SimilarityPolicy) -> dg.AssetCheckResult:
    """Look for kept contents without a row, in the partitions that are up to date; there need be none without their level."""
    if similarity_policy.not_looked_for:
        return dg.AssetCheckResult(
            passed=True, metadata={"not_looked_for": ", ".join(similarity_policy.not_looked_for)}
        )
    tables = collection.tables().as_of_now()
    judged = judge_partitions(tables, EMBEDDINGS, REPRESENTATIVES)
    columns = ["file_sha256", "is_representative"]
    kept = tables.read_many(REPRESENTATIVES, judged.keys, columns).filter("is_representative")
    details = [tables.commit_of(EMBEDDINGS, key).details for key in judged.keys]
    models = pl.struct("model", "revision").is_in([{name: each[name] for name in MODEL} for each in details])
    rows = tables.read_many(EMBEDDINGS, columns=["content_key", *MODEL])
    embedded = (rows.filter(models) if details else rows)["content_key"]
    missing = kept.filter(~pl.col("file_sha256").bin.encode("hex").is_in(embedded.implode())).height
    return judged.result(missing == 0, kept_pictures=kept.height, without_vector=missing)
