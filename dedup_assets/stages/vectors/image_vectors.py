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
from dedup_assets.resources.progress import ProgressReporter, Tracker
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.feature_rows import FeatureRows
from dedup_assets.stages.pairs.verifier import decode_thumbnail
from dedup_assets.stages.parts import append_in_parts
from dedup_assets.stages.stage import PartitionWork, Stage
from dedup_assets.stages.vectors.vector_rows import KnownVectors, vector_rows
from dedup_assets.tables import IMAGE_FEATURES, REPRESENTATIVES

EMBEDDED_AT_ONCE = 256
"""Thumbnails of one call of the provider: 50 MB, times the calls under way."""

BYTES_A_NUMBER = 2
"""Vectors are kept in half precision."""


class ImageVectors:
    """The pictures that one run embeds with one provider."""

    def __init__(self, stage: Stage, embedder: Embedder, progress: ProgressReporter) -> None:
        self._stage, self._embedder, self._progress = stage, embedder, progress
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
        work.counts |= self._savings(images.height, kept.height, missing.height, seconds)
        self._known.known_to(work.commit)

    def _vectors(self, key: str, missing: pl.DataFrame, tracker: Tracker) -> Iterator[pl.DataFrame]:
        slices = missing.iter_slices(EMBEDDED_AT_ONCE)
        for rows, features in run_ahead(partial(self._rows, key), slices, self._embedder.calls_at_once):
            self._features.add(dict(zip(map(bytes.fromhex, rows["content_key"]), features, strict=False)))
            tracker.advance(rows.height)
            yield rows

    def _rows(self, key: str, batch: pl.DataFrame) -> tuple[pl.DataFrame, Sequence[StoredFeatures]]:
        """The rows of a batch, and the features of its pictures where the provider finds them on its way."""
        columns = ["image_id", "thumbnail"]
        thumbnails = self._stage.tables.read_rows(IMAGE_FEATURES, key, "image_id", batch["image_id"], columns)
        ordered = batch.join(thumbnails, on="image_id", how="left", maintain_order="left")
        embedder = self._embedder
        pictures = [decode_thumbnail(thumbnail) for thumbnail in ordered["thumbnail"]]
        features: Sequence[StoredFeatures] = ()
        if isinstance(embedder, FeatureFinder):
            vectors, features = embedder.embed_with_features(pictures)
        else:
            vectors = embedder.embed(pictures)
        broken = f"{embedder.name} could make nothing of this picture."
        model = ModelName.of(embedder)
        return vector_rows("image", model, ordered["content_key"], ordered["image_id"], vectors, broken), features

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
