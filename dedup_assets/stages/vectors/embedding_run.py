"""One run of `embeddings` with one provider of vectors: what is computed by whom, and where it goes.

Belongs here: bringing one partition after the other up to date, in the table and in the database. Does not belong here: which
provider it is (`embedders/chain.py`), which pictures (`image_vectors.py`) and prompts (`prompt_vectors.py`) need a vector.
"""

from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import polars as pl
import psycopg

from dedup_assets.embedders.chain import EmbedderChoice
from dedup_assets.embedders.prompts import EncoderChoice
from dedup_assets.embedders.protocol import ModelName
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database.connection import DatabaseResource
from dedup_assets.resources.database.hnsw import build_vector_index
from dedup_assets.resources.database.image_rows import remove_images, stored_images, upsert_images
from dedup_assets.resources.database.models import register_model
from dedup_assets.resources.database.prompt_rows import remove_prompts, use_prompts
from dedup_assets.resources.database.store_entries import StoreEntry, enter_store
from dedup_assets.resources.database.vectors import store_vectors
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.stages.departed import bring_back, set_apart
from dedup_assets.stages.pairs.feature_rows import forget_features, tell_features
from dedup_assets.stages.stage import PartitionWork, Stage, made_from
from dedup_assets.stages.vectors.image_vectors import ImageVectors
from dedup_assets.stages.vectors.prompt_vectors import PromptVectors, distinct_prompts
from dedup_assets.stages.vectors.vector_rows import read_image_rows, read_vectors
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import EMBEDDINGS, LOCAL_FEATURES, METADATA_HASHES, REPRESENTATIVES


class EmbeddingRun:
    """Embeds what has no vector of these models yet."""

    def __init__(
        self,
        stage: Stage,
        collection: Collection,
        choice: EmbedderChoice,
        encoders: EncoderChoice,
        database: DatabaseResource,
        progress: ProgressReporter,
        workers: Workers,
    ) -> None:
        self._stage, self._database, self._embedder = stage, database, (embedder := choice.embedder)
        self._images = ImageVectors(stage, collection, embedder, progress, workers)
        self._prompts = [PromptVectors(stage.tables, stage.log, encoder, progress) for encoder in encoders.encoders]
        self._name = ModelName.of(embedder)
        self._about: dict[str, Any] = self._name._asdict() | {
            "min_copy_cosine": embedder.min_copy_cosine,
            "min_similar_cosine": embedder.min_similar_cosine,
            "fallback_reasons": list(choice.fallback_reasons),
            "prompt_models": [ModelName.of(encoder).stored for encoder in encoders.encoders],
            "prompt_encoders_missing": list(encoders.missing_reasons),
        }
        self._entry = database.work(self._enter)

    def embed_partition(self, key: str) -> bool:
        """Bring one partition up to date; returns whether there was anything to do.

        Raises:
            EmbedderUnavailableError: the provider stopped working.
        """
        stage, source = self._stage, made_from(self._stage.tables, key, REPRESENTATIVES, METADATA_HASHES)
        models = [self._name._asdict(), *self._about["prompt_models"]]
        with stage.partition(key, stage.fingerprint(source, models, self._entry.state)) as work:
            work.counts = {"embedded_images": 0, "written_to_database": 0}
            if not work.is_current:
                for _ in stage.until_settled(work):
                    self._follow_contents(work)
                for _ in stage.until_settled(work):
                    self._images.embed_missing(work)
                    work.counts["written_to_database"] += self._database.work(partial(self._store, work))
                    work.commit = replace(work.commit, details=self._about | source)
                    stage.finish(work)
                work.counts |= tell_features(stage.tables, key)
            stage.context.add_asset_metadata(self._about, partition_key=key)
        return not work.is_current

    def finish_database(self) -> None:
        """Forget images, features and prompts that left the source, and index the vectors once they are loaded."""
        tables = self._stage.tables
        for key in tables.partitions(LOCAL_FEATURES):
            forget_features(tables, tables.begin(LOCAL_FEATURES, key), self._images.homes)
        self._database.work(self._tidy)

    def _tidy(self, connection: psycopg.Connection) -> None:
        present = self._stage.tables.read_many(REPRESENTATIVES, columns=["image_id"])["image_id"]
        stored = pl.Series(stored_images(connection, self._entry.store_id), dtype=pl.Int64)
        remove_images(connection, self._entry.store_id, stored.filter(~stored.is_in(present.implode())).to_list())
        remove_prompts(connection, self._entry.store_id, {bytes.fromhex(key) for key in self._present})
        build_vector_index(connection, self._embedder.model, self._embedder.revision, self._stage.log)

    def _enter(self, connection: psycopg.Connection) -> StoreEntry:
        embedder = self._embedder
        model_id = register_model(connection, embedder.model, embedder.revision, embedder.dimension)
        return enter_store(connection, self._database.store_name, model_id)

    @cached_property
    def _present(self) -> pl.Series:
        """Keys of all contents and prompts of the source: should another come back, it is new to the search for copies."""
        tables = self._stage.tables
        contents = self._images.homes["file_sha256"].bin.encode("hex")
        prompts = tables.read_many(METADATA_HASHES, columns=["prompt_sha256"])["prompt_sha256"].drop_nulls().unique()
        return pl.concat([contents.alias("key"), prompts.alias("key")])

    def _follow_contents(self, work: PartitionWork) -> None:
        """Bring back the vectors of contents that returned, and set those apart that left."""
        is_here = pl.col("content_key").is_in(self._present.implode())
        begun = replace(work.commit, fingerprint=None)
        commit = bring_back(self._stage.tables, begun, EMBEDDINGS, ["content_key"], is_here)
        work.commit = set_apart(self._stage.tables, commit, EMBEDDINGS, ["content_key"], is_here)

    def _store(self, work: PartitionWork, connection: psycopg.Connection) -> int:
        """Embed a partition's prompts, and bring the database up to date with it; returns how many rows were new or changed."""
        embedder, tables = self._embedder, self._stage.tables
        if self._prompts:
            hashes = distinct_prompts(tables, work.key)["prompt_sha256"]
            use_prompts(connection, self._entry.store_id, [bytes.fromhex(each) for each in hashes])
        for prompts in self._prompts:
            prompts.embed_missing(work, connection)
        contents, matrix = read_vectors(tables, work.key, "image", self._name, embedder.dimension)
        written = store_vectors(connection, embedder.model, embedder.revision, contents, matrix)
        return written + upsert_images(connection, self._entry.store_id, read_image_rows(tables, work.key))
