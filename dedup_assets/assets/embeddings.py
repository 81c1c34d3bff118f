"""`embeddings`: one vector a kept picture, in Parquet and in PostgreSQL.

Belongs here: which contents still need a vector, and where vectors go. Does not belong here: computing them (`embedders/`).
"""

from dataclasses import replace
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
from pydantic import Field

from dedup_assets.contents import read_contents
from dedup_assets.embedders.chain import EmbedderChoice, choose_embedder
from dedup_assets.embedders.protocol import Embedder
from dedup_assets.embedders.settings import EmbedderSettings
from dedup_assets.evidence import decode_thumbnail
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.database import DatabaseResource
from dedup_assets.resources.image_rows import ImageRow, remove_images, upsert_images
from dedup_assets.resources.progress import ProgressReporter
from dedup_assets.resources.table_commits import Commit
from dedup_assets.resources.table_store import TableStore
from dedup_assets.resources.vectors import build_vector_index, store_vectors
from dedup_assets.stage import PartitionWork, Policy, Stage, made_from, table_asset, up_to_date_partitions
from dedup_assets.tables import EMBEDDINGS, IMAGE_FEATURES, IMAGE_MANIFEST, METADATA_HASHES, REPRESENTATIVES

EMBEDDED_AT_ONCE = 256
"""Thumbnails held in memory: 50 MB."""

VECTORS_A_PART = 1_000
VECTOR_KEY = ("content_key", "model", "revision")


class EmbeddingPolicy(Policy):
    """Which provider makes the vectors; tried in order, the first that works is used."""

    providers: list[str] = Field(
        default=["open_clip", "descriptor", "dhash"], min_length=1, description="Order in which providers are tried"
    )
    open_clip_model: str = Field(default="ViT-B-32", description="Architecture for open_clip")
    open_clip_checkpoint: str = Field(
        default="", description="Local file or tag of the library; empty: open_clip is not used"
    )
    timm_model: str = Field(default="efficientnet_b0", description="Architecture for timm")
    timm_checkpoint: str = Field(default="", description="Local file or 'pretrained'; empty: timm is not used")
    allow_download: bool = Field(default=False, description="Checkpoints may be downloaded")
    http_url: str = Field(default="", description="Address of an embedding service; empty: none")

    def choose(self) -> EmbedderChoice:
        """The first provider that works, and why the ones before it do not."""
        fields = {name: value for name, value in self.settings().items() if name != "providers"}
        return choose_embedder(self.providers, EmbedderSettings(**fields))


@table_asset(EMBEDDINGS, {"postgres"}, "1", reads=[REPRESENTATIVES, METADATA_HASHES])
def embeddings(
    context: dg.AssetExecutionContext,
    collection: Collection,
    database: DatabaseResource,
    embedding_policy: EmbeddingPolicy,
    progress: ProgressReporter,
) -> None:
    """Embed the kept pictures that have no vector of this model yet; the others point at theirs."""
    stage = Stage(context, EMBEDDINGS, collection.tables(), embedding_policy, source=REPRESENTATIVES)
    choice = embedding_policy.choose()
    embedder = choice.embedder
    model = {"provider": embedder.name, "model": embedder.model, "revision": embedder.revision}
    about = model | {
        "min_copy_cosine": embedder.min_copy_cosine,
        "min_similar_cosine": embedder.min_similar_cosine,
        "fallback_reasons": list(choice.fallback_reasons),
    }
    database_identity = database.identity()
    changed = False
    for key in stage.keys:
        source = made_from(stage.tables, key, REPRESENTATIVES)
        with stage.partition(key, stage.fingerprint(source, model, database_identity)) as work:
            work.counts = {"embedded_images": 0, "written_to_database": 0}
            if not work.is_current:
                _embed(stage, work, embedder, progress)
                work.counts["written_to_database"] = _store(stage.tables, key, database, embedder)
                work.commit = replace(work.commit, details=about | source)
                stage.finish(work)
                changed = True
            context.add_asset_metadata(about, partition_key=key)
    if changed:
        _finish_database(stage, database, embedder)


def _embed(stage: Stage, work: PartitionWork, embedder: Embedder, progress: ProgressReporter) -> None:
    work.commit = _forget_absent(stage, work)
    missing = _missing(stage, work, embedder)
    with progress.track(stage.log, f"{EMBEDDINGS.name} [{work.key}]", missing.height, "images") as tracker:
        part = EMBEDDINGS.empty()
        for batch in missing.iter_slices(EMBEDDED_AT_ONCE):
            part = pl.concat([part, _embed_batch(stage, work.key, batch, embedder)])
            tracker.advance(batch.height)
            if part.height >= VECTORS_A_PART:
                work.commit, part = stage.tables.append(work.commit, EMBEDDINGS, part), part.clear()
        work.commit = stage.tables.append(work.commit, EMBEDDINGS, part)
    work.counts["embedded_images"] = missing.height


def _forget_absent(stage: Stage, work: PartitionWork) -> Commit:
    """Drop vectors of contents that left the source: should they come back, they are new to the search for copies."""
    present = read_contents(stage.tables, ())["file_sha256"].bin.encode("hex")
    return stage.tables.drop_rows(work.commit, EMBEDDINGS, "content_key", present)


def _missing(stage: Stage, work: PartitionWork, embedder: Embedder) -> pl.DataFrame:
    """Kept pictures of this partition without a vector of this model, here or in any other partition.

    Here is what this run goes on from: vectors that a run at the same time wrote here would be lost with its commit.
    """
    kept = stage.tables.read(REPRESENTATIVES, work.key, ["image_id", "file_sha256", "is_representative"]).filter(
        "is_representative"
    )
    wanted = kept.with_columns(content_key=pl.col("file_sha256").bin.encode("hex"))
    others = [key for key in stage.tables.partitions(EMBEDDINGS) if key != work.key]
    known = pl.concat(
        [
            stage.tables.read_parts(EMBEDDINGS, work.key, work.commit.parts, VECTOR_KEY),
            stage.tables.read_many(EMBEDDINGS, others, VECTOR_KEY),
        ]
    )
    of_model = known.filter((pl.col("model") == embedder.model) & (pl.col("revision") == embedder.revision))
    return wanted.join(of_model, on="content_key", how="anti", maintain_order="left")


def _embed_batch(stage: Stage, key: str, batch: pl.DataFrame, embedder: Embedder) -> pl.DataFrame:
    thumbnails = stage.tables.read_rows(IMAGE_FEATURES, key, "image_id", batch["image_id"], ["image_id", "thumbnail"])
    ordered = batch.join(thumbnails, on="image_id", how="left", maintain_order="left")
    vectors = embedder.embed([decode_thumbnail(thumbnail) for thumbnail in ordered["thumbnail"]])
    usable: list[bool] = [bool(np.isfinite(vector).all()) for vector in vectors]
    rows: list[dict[str, Any]] = [
        {
            "subject": "image",
            "content_key": content_key,
            "image_id": image_id,
            "provider": embedder.name,
            "model": embedder.model,
            "revision": embedder.revision,
            "vector": vector.tolist() if good else None,
            "error": None if good else f"{embedder.name} could make nothing of this picture.",
        }
        for (content_key, image_id), vector, good in zip(
            ordered.select("content_key", "image_id").iter_rows(), vectors, usable, strict=True
        )
    ]
    return EMBEDDINGS.frame(rows)


def _store(tables: TableStore, key: str, database: DatabaseResource, embedder: Embedder) -> int:
    """Bring the database up to date with this partition; returns how many rows were new or changed."""
    vectors = tables.read(EMBEDDINGS, key).filter(
        (pl.col("model") == embedder.model) & (pl.col("revision") == embedder.revision) & pl.col("vector").is_not_null()
    )
    contents = [bytes.fromhex(content_key) for content_key in vectors["content_key"]]
    matrix = vector_matrix(vectors["vector"], embedder.dimension)
    with database.connect_migrated() as connection:
        written = store_vectors(connection, embedder.model, embedder.revision, contents, matrix)
        return written + upsert_images(connection, _image_rows(tables, key))


def vector_matrix(vectors: pl.Series, dimension: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A list column as (n, dimension) float32."""
    return vectors.explode().to_numpy().astype(np.float32, copy=False).reshape(-1, dimension)


def _image_rows(tables: TableStore, key: str) -> list[ImageRow]:
    images = tables.read(
        REPRESENTATIVES, key, ["image_id", "file_sha256", "group_id", "keep_rank", "is_representative"]
    )
    recipes = tables.read(METADATA_HASHES, key, ["image_id", "metadata_hash"])
    paths = tables.read(IMAGE_MANIFEST, key, ["image_id", "path"])
    rows = images.join(recipes, on="image_id", how="left").join(paths, on="image_id").sort("image_id")
    ordered = rows.select(
        "image_id", "path", "file_sha256", "metadata_hash", "group_id", "keep_rank", "is_representative"
    )
    return [ImageRow(*row) for row in ordered.iter_rows()]


def _finish_database(stage: Stage, database: DatabaseResource, embedder: Embedder) -> None:
    """Forget images that left the source, and index the vectors once they are loaded."""
    present = stage.tables.read_many(REPRESENTATIVES, columns=["image_id"])["image_id"]
    with database.connect_migrated() as connection:
        stored = pl.Series([row[0] for row in connection.execute("SELECT image_id FROM dedup.image")], dtype=pl.Int64)
        remove_images(connection, stored.filter(~stored.is_in(present.implode())).to_list())
        build_vector_index(connection, embedder.model, embedder.revision)


@dg.asset_check(asset=embeddings, blocking=True, description="Every kept picture has a vector, or a reason why not.")
def every_kept_picture_is_embedded(collection: Collection) -> dg.AssetCheckResult:
    """Look for kept contents without a row, in the partitions that are up to date."""
    tables = collection.tables()
    keys = up_to_date_partitions(tables, EMBEDDINGS, REPRESENTATIVES)
    kept = tables.read_many(REPRESENTATIVES, keys, ["file_sha256", "is_representative"]).filter("is_representative")
    embedded = tables.read_many(EMBEDDINGS, columns=["content_key"])["content_key"]
    missing = kept.filter(~pl.col("file_sha256").bin.encode("hex").is_in(embedded.implode())).height
    return dg.AssetCheckResult(passed=missing == 0, metadata={"kept_pictures": kept.height, "without_vector": missing})
