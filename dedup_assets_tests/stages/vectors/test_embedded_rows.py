"""A slice of pictures has the same vectors in whatever process."""

import numpy as np
import polars as pl

from dedup_assets.embedders.descriptor import DescriptorEmbedder
from dedup_assets.embedders.dhash import DifferenceHashEmbedder
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.parquet import encode_parquet
from dedup_assets.stages.vectors.embedded_rows import EmbeddingOrder, embed_slice
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import EMBEDDINGS, IMAGE_FEATURES


def pictures(collection: Collection) -> pl.DataFrame:
    rows = collection.tables().read(IMAGE_FEATURES, "shop", ["image_id", "file_sha256", "decode_status"])
    return rows.select("image_id", content_key=pl.col("file_sha256").bin.encode("hex"))


def test_processes_give_the_rows_and_features_that_this_one_gives(described: Collection, workers: Workers) -> None:
    order, batch = EmbeddingOrder(described.store, "shop", DescriptorEmbedder()), pictures(described)
    here, features = embed_slice(order, batch)
    for rows, found in workers.map(embed_slice, order, [batch, batch]):
        assert encode_parquet(EMBEDDINGS, rows) == encode_parquet(EMBEDDINGS, here)
        assert [each.codes.tobytes() for each in found] == [each.codes.tobytes() for each in features]
    assert len(features) == batch.height == 3


def test_rows_stand_in_the_order_of_the_pictures_and_name_no_features_where_none_were_found(
    described: Collection,
) -> None:
    batch = pictures(described).reverse()
    rows, features = embed_slice(EmbeddingOrder(described.store, "shop", DifferenceHashEmbedder()), batch)
    assert rows["image_id"].to_list() == batch["image_id"].to_list()
    assert np.isfinite(rows["vector"].explode().to_numpy()).all()
    assert features == ()
