"""One vector a kept picture: which still need one, and computing them while the next are read.

Belongs here: the work of `embeddings` on pictures, with one provider. Does not belong here: the choice of the provider
(`embedders/chain.py`), prompts (`stages/vectors/prompt_vectors.py`), PostgreSQL (`resources/`).
"""

import time
from collections.abc import Iterator, Sequence
from functools import cached_property, partial

import polars as pl

from dedup_assets.embedders.batching import run_ahead
from dedup_assets.embedders.protocol import Embedder, FeatureFinder, ModelName
from dedup_assets.kernels.verify.stored_features import StoredFeatures
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.progress import ProgressReporter, Tracker
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.feature_rows import FeatureRows
from dedup_assets.stages.parts import append_in_parts
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.vectors.embedded_rows import EmbeddingOrder, embed_slice
from dedup_assets.stages.vectors.vector_rows import KnownVectors
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import IMAGE_FEATURES, REPRESENTATIVES

EMBEDDED_AT_ONCE = 256
"""Thumbnails of one call of the provider: 50 MB, times the calls under way."""

EMBEDDED_BY_A_WORKER = 32
"""Thumbnails that are decoded at once in a process: 6 MB."""

BYTES_A_NUMBER = 2
"""Vectors are kept in half precision."""


class ImageVectors:
    """The pictures that one run embeds with one provider."""

    def __init__(
        self, stage: Stage, collection: Collection, embedder: Embedder, progress: ProgressReporter, workers: Workers
    ) -> None:
        self._stage, self._embedder, self._progress = stage, embedder, progress
        self._collection, self._workers = collection, workers
        self._known = KnownVectors(stage.tables, "image", ModelName.of(embedder))

    @cached_property
    def homes(self) -> pl.DataFrame:
        """All contents of the source, and the partition of each."""
        return read_contents(self._stage.tables, ()).select("file_sha256", "partition")

    @cached_property
    def _features(self) -> FeatureRows:
        return FeatureRows(self._stage.tables, self.homes)

    def embed_missing(self, work: PartitionWork) -> None:
        """Embed the kept pictures of a partition that have no vector of this model, and commit them part by part.

        Raises:
            EmbedderUnavailableError: the provider stopped working; what was embedded before stays.
        """
        images = self._stage.tables.read(REPRESENTATIVES, work.key, ["image_id", "file_sha256", "is_representative"])
        kept = images.filter("is_representative").with_columns(content_key=pl.col("file_sha256").bin.encode("hex"))
        missing = kept.filter(~pl.col("content_key").is_in(self._known.known_to(work.commit).implode()))
        began = time.monotonic()
        with self._stage.track(work, self._progress, missing.height, "images") as tracker:
            append_in_parts(self._stage, work, self._vectors(work.key, missing, tracker))
        self._features.flush()
        seconds = time.monotonic() - began
        embedded = int(work.counts["embedded_images"]) + missing.height
        work.counts |= self._savings(images.height, kept.height, embedded, seconds)
        self._known.known_to(work.commit)

    def _vectors(self, key: str, missing: pl.DataFrame, tracker: Tracker) -> Iterator[pl.DataFrame]:
        for rows, features in self._embedded(key, missing):
            if features:
                self._features.add(dict(zip(map(bytes.fromhex, rows["content_key"]), features, strict=True)))
            tracker.advance(rows.height)
            yield rows

    def _embedded(self, key: str, missing: pl.DataFrame) -> "Iterator[tuple[pl.DataFrame, Sequence[StoredFeatures]]]":
        """A slice at a time, in the order in which the thumbnails are stored.

        A provider that finds features is nothing but its code, and can be anywhere; others hold a model or a connection.
        """
        order = EmbeddingOrder(self._collection.store, key, self._embedder)
        stored = self._stage.tables.read(IMAGE_FEATURES, key, ["image_id"])
        ordered = stored.join(missing, on="image_id", maintain_order="left").select("image_id", "content_key")
        if isinstance(self._embedder, FeatureFinder):
            return self._workers.map(embed_slice, order, ordered.iter_slices(EMBEDDED_BY_A_WORKER))
        slices = ordered.iter_slices(EMBEDDED_AT_ONCE)
        return run_ahead(partial(embed_slice, order), slices, self._embedder.calls_at_once)

    def _savings(self, images: int, kept: int, embedded: int, seconds: float) -> dict[str, int | float]:
        """What was done, and what embedding every image would have cost on top, at the speed of this run."""
        avoided = images - embedded
        counts: dict[str, int | float] = {
            "embedded_images": embedded,
            "vectors_known_before": kept - embedded,
            "duplicates_without_need": images - kept,
            "vector_bytes_saved": (images - kept) * self._embedder.dimension * BYTES_A_NUMBER,
        }
        if embedded:
            counts |= {
                "images_per_second": round(embedded / max(seconds, 1e-3), 1),
                "embedding_seconds_saved": round(avoided * seconds / embedded, 1),
            }
        return counts
