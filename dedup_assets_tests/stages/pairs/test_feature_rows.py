"""Features are found once, whoever needs them first, and go with their pictures."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from dedup_assets.kernels.verify.stored_features import StoredFeatures, find_features
from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.pairs import feature_rows
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.evidence_rows import PairSlice, VerifyingOrder, verify_slice
from dedup_assets.stages.pairs.feature_rows import FeatureRows, forget_features, tell_features
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import LOCAL_FEATURES
from dedup_assets_tests.described import content_of, pairs_of
from dedup_assets_tests.photographs import make_photograph

PATHS = ("shop/red small.jpg", "shop/blue.jpg", "web/green.jpg")


def homes(tables: TableStore) -> pl.DataFrame:
    return read_contents(tables, ()).select("file_sha256", "partition")


def found(tables: TableStore) -> dict[bytes, StoredFeatures]:
    return {content_of(tables, path): find_features(make_photograph(at)) for at, path in enumerate(PATHS)}


def assert_equal(one: Mapping[bytes, StoredFeatures], other: Mapping[bytes, StoredFeatures]) -> None:
    assert one.keys() == other.keys()
    for sha, features in one.items():
        for name in ("codes", "places", "shapes", "bits", "size"):
            assert np.array_equal(getattr(features, name), getattr(other[sha], name))


def test_what_is_stored_is_read_back_by_row_from_the_partition_of_its_picture(described: Collection) -> None:
    tables = described.tables()
    rows, features = FeatureRows(tables, homes(tables)), found(tables)
    rows.add(features)
    contents = pl.Series(list(features), dtype=pl.Binary)
    assert_equal(rows.read(contents), features)
    rows.flush()
    assert [tables.commit_of(LOCAL_FEATURES, key).rows for key in ("shop", "web")] == [2, 1]
    assert_equal(FeatureRows(tables, homes(tables)).read(contents.head(2)), dict(list(features.items())[:2]))


def test_two_runs_that_find_the_same_store_it_once(described: Collection) -> None:
    tables = described.tables()
    for _ in range(2):
        run = FeatureRows(tables, homes(tables))
        for sha, features in found(tables).items():
            run.add({sha: features})
            run.flush()
    assert tables.read_many(LOCAL_FEATURES).height == len(PATHS)


def test_rows_of_forgotten_contents_and_of_other_versions_go(
    described: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = described.tables()
    rows, features = FeatureRows(tables, homes(tables)), found(tables)
    rows.add(features)
    rows.flush()
    left = homes(tables).filter(pl.col("file_sha256") != content_of(tables, "shop/red small.jpg"))
    assert forget_features(tables, tables.begin(LOCAL_FEATURES, "shop"), left).rows == 1
    monkeypatch.setattr(feature_rows, "FEATURES_VERSION", "of tomorrow")
    after = FeatureRows(tables, homes(tables))
    assert after.read(pl.Series(list(features), dtype=pl.Binary)) == {}
    after.add(features)
    after.flush()
    assert tables.read_many(LOCAL_FEATURES)["features_version"].unique().to_list() == ["of tomorrow"]


def test_as_soon_as_a_part_is_full_it_is_stored(described: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_rows, "PICTURES_A_PART", 2)
    tables = described.tables()
    rows = FeatureRows(tables, homes(tables))
    for (sha, features), stored in zip(found(tables).items(), (0, 2, 2), strict=True):
        rows.add({sha: features})
        assert tables.read_many(LOCAL_FEATURES).height == stored


def test_a_picture_takes_at_most_12_kilobytes_and_they_are_told(described: Collection) -> None:
    tables = described.tables()
    rows = FeatureRows(tables, homes(tables))
    rows.add(found(tables))
    rows.flush()
    told = tell_features(tables, "shop")
    assert told["local_features"] == 2
    assert 0 < told["local_feature_bytes"] / 2 <= 12 * 1024 + 2_000  # the frame of a file is of a thousand, as a rule


def test_a_proof_finds_features_once_a_store(described: Collection, workers: Workers) -> None:
    tables, policy = described.tables(), VerificationPolicy()
    pairs = pairs_of(tables, ("shop/red.jpg", "shop/blue.jpg"), ("shop/blue.jpg", "web/green.jpg"))
    asked = pairs.with_columns(transform=pl.lit("unknown"))
    verifier = PairVerifier(described.tables(), described.store, policy, workers)
    first = pl.concat(
        [*verifier.verify(asked.head(1), lambda _: None), *verifier.verify(asked.tail(1), lambda _: None)]
    )
    assert tables.partitions(LOCAL_FEATURES) == []
    verifier.keep_features()
    assert [len(tables.commit_of(LOCAL_FEATURES, key).parts) for key in ("shop", "web")] == [1, 1]
    order = VerifyingOrder(described.store, policy.thresholds())
    again, found = verify_slice(order, PairSlice(asked, verifier.homes, {}))
    assert again.sort("left_id").equals(first.drop("policy_version").sort("left_id"))
    assert found == {}
    assert tables.read_many(LOCAL_FEATURES).height == 3


def test_what_two_at_work_found_is_stored_once(described: Collection) -> None:
    tables = described.tables()
    rows, features = FeatureRows(tables, homes(tables)), found(tables)
    (one, *_), contents = features, pl.Series(list(features), dtype=pl.Binary)
    rows.add({one: features[one]})
    assert_equal(rows.waiting(contents), {one: features[one]})
    rows.flush()
    rows.add({one: features[one]})
    rows.flush()
    assert rows.waiting(contents) == {}
    assert tables.read_many(LOCAL_FEATURES).height == 1
