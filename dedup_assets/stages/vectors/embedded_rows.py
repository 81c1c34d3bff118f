"""Embed a slice of kept pictures from their stored thumbnails, as rows of `embeddings`.

Belongs here: what is done with a slice, in the run itself or in a process that does nothing else. Does not belong here: which
pictures need a vector, and who works on them (`image_vectors.py`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from dedup_assets.embedders.protocol import Embedder, FeatureFinder, ModelName
from dedup_assets.kernels.verify.stored_features import StoredFeatures
from dedup_assets.resources.tables.store import open_tables
from dedup_assets.stages.pairs.evidence_rows import decode_thumbnail
from dedup_assets.stages.vectors.vector_rows import vector_rows
from dedup_assets.tables import IMAGE_FEATURES


class EmbeddingOrder(NamedTuple):
    """Whose pictures, and by which provider."""

    store: str
    partition: str
    embedder: Embedder


def embed_slice(order: EmbeddingOrder, batch: pl.DataFrame) -> tuple[pl.DataFrame, Sequence[StoredFeatures]]:
    """The rows of pictures (image_id, content_key), and their local features where the provider finds them on its way."""
    embedder, columns = order.embedder, ["image_id", "thumbnail"]
    tables = open_tables(order.store)
    thumbnails = tables.read_rows(IMAGE_FEATURES, order.partition, "image_id", batch["image_id"], columns)
    ordered = batch.join(thumbnails, on="image_id", how="left", maintain_order="left")
    pictures = [decode_thumbnail(thumbnail) for thumbnail in ordered["thumbnail"]]
    features: Sequence[StoredFeatures] = ()
    if isinstance(embedder, FeatureFinder):
        vectors, features = embedder.embed_with_features(pictures)
    else:
        vectors = embedder.embed(pictures)
    broken = f"{embedder.name} could make nothing of this picture."
    model = ModelName.of(embedder)
    return vector_rows("image", model, ordered["content_key"], ordered["image_id"], vectors, broken), features
