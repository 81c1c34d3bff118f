"""`embeddings`: one vector a kept picture and one a distinct prompt, in Parquet and in PostgreSQL.

Belongs here: the policy, one partition after the other, and the database's share of it. Does not belong here: which pictures
and prompts need a vector (`stages/vectors/image_vectors.py`, `stages/vectors/prompt_vectors.py`), computing them (`embedders/`).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import dagster as dg
import polars as pl
import psycopg

from dedup_assets.embedders.chain import EmbedderChoice
from dedup_assets.embedders.prompts import EncoderChoice
from dedup_assets.embedders.protocol import Embedder, EmbedderUnavailableError
from dedup_assets.policies import EmbeddingPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.hnsw import build_vector_index
from dedup_assets.resources.database.image_rows import remove_images, stored_images, upsert_images
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.prompt_rows import remove_prompts, use_prompts
from dedup_assets.resources.database.store_entries import StoreEntry, enter_store
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.stage import Stage, made_from, up_to_date_partitions
from dedup_assets.stages.table_assets import table_asset
from dedup_assets.stages.vectors.image_vectors import ImageVectors
from dedup_assets.stages.vectors.prompt_vectors import PromptVectors, distinct_prompts
from dedup_assets.stages.vectors.vector_rows import MODEL, read_image_rows, read_vectors
from dedup_assets.tables import EMBEDDINGS, METADATA_HASHES, REPRESENTATIVES


@table_asset(EMBEDDINGS, {"postgres"}, "3", reads=[REPRESENTATIVES, METADATA_HASHES])
def embeddings(
    context: dg.AssetExecutionContext,
    collection: Collection,
    database: DatabaseResource,
    embedding_policy: EmbeddingPolicy,
    progress: ProgressReporter,
) -> None:
    """Embed the kept pictures and the prompts that have no vector of these models yet; other images point at theirs."""
    stage = Stage(context, EMBEDDINGS, collection.tables(), embedding_policy, source=REPRESENTATIVES)
    encoders = embedding_policy.choose_encoders()
    choice = embedding_policy.choose()
    while True:
        try:
            with choice:
                load = _begin(stage, choice, encoders, database, progress)
                changed = [_embed_partition(load, key) for key in stage.keys]
                return _finish_database(load) if any(changed) else None
        except EmbedderUnavailableError as error:
            # all partitions of this run begin anew: one run, one space of vectors
            choice = embedding_policy.fall_back(choice, error)
            stage.log(f"{choice.fallback_reasons[-1]}; going on with {choice.embedder.name}")


@dataclass
class _Load:
    """One run with one provider: what is computed by whom, and where it goes."""

    stage: Stage
    choice: EmbedderChoice
    encoders: EncoderChoice
    images: ImageVectors
    prompts: list[PromptVectors]
    database: DatabaseResource
    entry: StoreEntry

    @cached_property
    def present(self) -> pl.Series:
        """Keys of all contents and prompts of the source: should another come back, it is new to the search for copies."""
        tables = self.stage.tables
        contents = read_contents(tables, ())["file_sha256"].bin.encode("hex")
        prompts = tables.read_many(METADATA_HASHES, columns=["prompt_sha256"])["prompt_sha256"].drop_nulls().unique()
        return pl.concat([contents.alias("key"), prompts.alias("key")])

    @property
    def about(self) -> dict[str, Any]:
        """What stands on every materialization and commit."""
        embedder = self.choice.embedder
        return _model(embedder) | {
            "min_copy_cosine": embedder.min_copy_cosine,
            "min_similar_cosine": embedder.min_similar_cosine,
            "fallback_reasons": list(self.choice.fallback_reasons),
            "prompt_models": [f"{encoder.model} {encoder.revision}" for encoder in self.encoders.encoders],
            "prompt_encoders_missing": list(self.encoders.missing_reasons),
        }


def _begin(
    stage: Stage,
    choice: EmbedderChoice,
    encoders: EncoderChoice,
    database: DatabaseResource,
    progress: ProgressReporter,
) -> _Load:
    images = ImageVectors(stage, choice.embedder, progress)
    prompts = [PromptVectors(stage.tables, stage.log, encoder, progress) for encoder in encoders.encoders]
    embedder = choice.embedder
    with database.connect_migrated() as connection:
        model_id = register_model(connection, embedder.model, embedder.revision, embedder.dimension)
        entry = enter_store(connection, database.store_name, model_id)
    return _Load(stage, choice, encoders, images, prompts, database, entry)


def _embed_partition(load: _Load, key: str) -> bool:
    """Bring one partition up to date, in the table and in the database; returns whether there was anything to do."""
    stage, embedder = load.stage, load.choice.embedder
    source = made_from(stage.tables, key, REPRESENTATIVES, METADATA_HASHES)
    models = [_model(embedder), *load.about["prompt_models"]]
    with stage.partition(key, stage.fingerprint(source, models, load.entry.state)) as work:
        work.counts = {"embedded_images": 0, "written_to_database": 0}
        if not work.is_current:
            work.commit = stage.tables.drop_rows(work.commit, EMBEDDINGS, "content_key", load.present)
            load.images.embed_missing(work)
            with load.database.connect_migrated() as connection:
                if load.prompts:
                    hashes = distinct_prompts(stage.tables, key)["prompt_sha256"]
                    use_prompts(connection, load.entry.store_id, [bytes.fromhex(each) for each in hashes])
                for prompts in load.prompts:
                    prompts.embed_missing(work, connection)
                work.counts["written_to_database"] = _store(load, key, connection)
            work.commit = replace(work.commit, details=load.about | source)
            stage.finish(work)
        stage.context.add_asset_metadata(load.about, partition_key=key)
    return not work.is_current


def _model(embedder: Embedder) -> dict[str, str]:
    return {"provider": embedder.name, "model": embedder.model, "revision": embedder.revision}


def _store(load: _Load, key: str, connection: psycopg.Connection) -> int:
    """Bring the database up to date with this partition; returns how many rows were new or changed."""
    embedder, tables = load.choice.embedder, load.stage.tables
    contents, matrix = read_vectors(tables, key, "image", embedder.model, embedder.revision, embedder.dimension)
    written = store_vectors(connection, embedder.model, embedder.revision, contents, matrix)
    return written + upsert_images(connection, load.entry.store_id, read_image_rows(tables, key))


def _finish_database(load: _Load) -> None:
    """Forget images and prompts that left the source, and index the vectors once they are loaded."""
    tables, embedder, store_id = load.stage.tables, load.choice.embedder, load.entry.store_id
    present = tables.read_many(REPRESENTATIVES, columns=["image_id"])["image_id"]
    with load.database.connect_migrated() as connection:
        stored = pl.Series(stored_images(connection, store_id), dtype=pl.Int64)
        remove_images(connection, store_id, stored.filter(~stored.is_in(present.implode())).to_list())
        remove_prompts(connection, store_id, {bytes.fromhex(key) for key in load.present})
        build_vector_index(connection, embedder.model, embedder.revision, load.stage.log)


@dg.asset_check(asset=embeddings, blocking=True, description="Every kept picture has a vector, or a reason why not.")
def every_kept_picture_is_embedded(collection: Collection) -> dg.AssetCheckResult:
    """Look for kept contents without a row, in the partitions that are up to date."""
    tables = collection.tables()
    keys = up_to_date_partitions(tables, EMBEDDINGS, REPRESENTATIVES)
    kept = tables.read_many(REPRESENTATIVES, keys, ["file_sha256", "is_representative"]).filter("is_representative")
    details = [tables.commit_of(EMBEDDINGS, key).details for key in keys]
    models = pl.struct("model", "revision").is_in([{name: each[name] for name in MODEL} for each in details])
    rows = tables.read_many(EMBEDDINGS, columns=["content_key", *MODEL])
    embedded = (rows.filter(models) if details else rows)["content_key"]
    missing = kept.filter(~pl.col("file_sha256").bin.encode("hex").is_in(embedded.implode())).height
    return dg.AssetCheckResult(passed=missing == 0, metadata={"kept_pictures": kept.height, "without_vector": missing})
