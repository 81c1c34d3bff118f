"""The hashes of all partitions by class."""

import polars as pl

from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.hashed_contents import read_class_index
from dedup_assets_tests.conftest import CollectionOf


def test_contents_and_the_hashes_of_their_classes_are_those_that_were_stored(described: Collection) -> None:
    tables = described.tables()
    index, stored = read_class_index(tables), read_contents(tables, ["dct_hash", "wavelet_hash", "inner_dct_hash"])
    assert index.contents.equals(stored.select("image_id", "file_sha256"))
    hashes = index.classes.hashes.take(index.class_of)
    assert [row.tobytes() for row in hashes.dct] == stored["dct_hash"].to_list()
    assert [row.tobytes() for row in hashes.wavelet] == stored["wavelet_hash"].to_list()
    assert hashes.has_inner.tolist() == stored["inner_dct_hash"].is_not_null().to_list()


def test_contents_share_a_class_where_all_their_hashes_are_equal(described: Collection) -> None:
    tables = described.tables()
    index = read_class_index(tables)
    stored = read_contents(tables, ["dct_hash", "wavelet_hash", "inner_dct_hash", "inner_wavelet_hash"])
    keys = stored.select(pl.struct(pl.exclude("at", "image_id", "file_sha256", "partition")).rank("dense")).to_series()
    assert len(set(zip(keys, index.class_of.tolist(), strict=True))) == keys.n_unique() == len(set(index.class_of))


def test_without_features_there_is_no_class(collection_of: CollectionOf) -> None:
    index = read_class_index(collection_of({}).tables())
    assert (len(index.classes), index.contents.height) == (0, 0)
