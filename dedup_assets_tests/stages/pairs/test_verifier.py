"""Pairs verified from stored thumbnails, and the policy under which that is done."""

import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.parquet import encode_parquet
from dedup_assets.stages.pairs import feature_rows, verifier
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import LOCAL_FEATURES, VERIFIED_GROUPS
from dedup_assets_tests.described import READABLE, pairs_of
from dedup_assets_tests.spawned import spawned_processes

SAME = [("shop/red.jpg", "shop/red small.jpg"), ("shop/red.jpg", "web/red.png"), ("web/red.png", "web/red low.jpg")]
OTHER = [("shop/red.jpg", "shop/blue.jpg"), ("shop/blue.jpg", "web/green.jpg")]


def verified(collection: Collection, pairs: pl.DataFrame, policy: VerificationPolicy | None = None) -> pl.DataFrame:
    with Workers(collection.workers) as workers:
        verifier = PairVerifier(collection.tables(), collection.store, policy or VerificationPolicy(), workers)
        return pl.concat([VERIFIED_GROUPS.empty(), *verifier.verify(pairs, lambda _: None)])


def test_copies_pass_and_unrelated_pictures_do_not(described: Collection) -> None:
    pairs = pairs_of(described.tables(), *SAME, *OTHER)
    verdicts = pairs.join(verified(described, pairs), on=["left_id", "right_id"], how="left", maintain_order="left")
    assert verdicts["verdict"].to_list() == [True] * len(SAME) + [False] * len(OTHER)
    assert verdicts["level"].to_list()[: len(SAME)] == ["near"] * len(SAME)


def test_evidence_has_the_columns_of_its_table_and_names_its_policy(described: Collection) -> None:
    policy = VerificationPolicy(min_overlap=0.99)
    rows = verified(described, pairs_of(described.tables(), *SAME), policy)
    assert VERIFIED_GROUPS.conform(rows).equals(rows)
    assert rows["policy_version"].unique().to_list() == [policy.version]
    assert all(np.allclose(fitted, [1, 0, 0, 0, 1, 0], atol=0.02) for fitted in rows["fitted_map"])


def test_pairs_of_which_one_end_has_left_are_dropped_and_counted_as_done(
    described: Collection, workers: Workers
) -> None:
    pairs = pairs_of(described.tables(), *SAME, *OTHER)
    gone = pairs.with_columns(right_sha256=pl.lit(bytes(32))).head(2)
    done: list[int] = []
    rows = pl.concat(
        PairVerifier(described.tables(), described.store, VerificationPolicy(), workers).verify(
            pl.concat([pairs, gone]), done.append
        )
    )
    assert rows.height == pairs.height
    assert sum(done) == pairs.height + gone.height


def test_where_no_image_is_left_all_pairs_are_dropped(described: Collection) -> None:
    pairs = pairs_of(described.tables(), *SAME)
    empty = Collection(source=described.source, store=f"{described.store} of nothing")
    assert verified(empty, pairs).is_empty()


def test_no_pairs_give_no_rows(described: Collection) -> None:
    assert verified(described, pairs_of(described.tables())).is_empty()


@pytest.fixture
def all_pairs(described: Collection) -> pl.DataFrame:
    """Each pair of described pictures, of unknown transform."""
    ends = list(combinations([path for path in READABLE if path != "web/red again.jpg"], 2))
    return pairs_of(described.tables(), *ends).with_columns(transform=pl.lit("unknown"))


def stored_parts(collection: Collection) -> list[tuple[int, str]]:
    """Rows and digest of all parts of stored features."""
    tables = collection.tables()
    commits = [tables.commit_of(LOCAL_FEATURES, key) for key in tables.partitions(LOCAL_FEATURES)]
    return [(part.rows, part.sha256) for commit in commits for part in commit.parts]


def test_one_worker_and_several_give_the_same_bytes_in_slices_of_any_size(
    described: Collection, all_pairs: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(verifier, "LEAST_PAIRS", 2)
    monkeypatch.setattr(feature_rows, "PICTURES_A_PART", 2)
    found, stored = [], []
    for count in (1, 2, 4):
        store = shutil.copytree(described.store, tmp_path / f"of {count}")
        own = Collection(source=described.source, store=str(store), workers=count)
        with Workers(count) as workers:
            pairs = PairVerifier(own.tables(), own.store, VerificationPolicy(), workers)
            found.append(pl.concat(pairs.verify(all_pairs.reverse(), lambda _: None)))
            pairs.keep_features()
        stored.append(stored_parts(own))
    assert len(found[0]) == len(all_pairs)
    assert stored[0]
    assert stored == [stored[0]] * 3
    monkeypatch.setattr(verifier, "LEAST_PAIRS", 100)
    encoded = [encode_parquet(VERIFIED_GROUPS, rows) for rows in (*found, verified(described, all_pairs))]
    assert encoded == [encoded[0]] * 4


def test_a_process_that_is_killed_while_it_verifies_costs_its_slice_again_and_nothing_else(
    described: Collection, all_pairs: pl.DataFrame, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = verified(described, all_pairs)
    monkeypatch.setattr(verifier, "LEAST_PAIRS", 1)
    found = PairVerifier(described.tables(), described.store, VerificationPolicy(), workers).verify(
        all_pairs, lambda _: None
    )
    rows = [next(found)]
    for process in spawned_processes():
        process.kill()
        rows.append(next(found))
    assert pl.concat([*rows, *found]).equals(expected)


def test_a_stricter_policy_rejects_what_the_default_accepts(described: Collection) -> None:
    pairs = pairs_of(described.tables(), ("shop/red.jpg", "web/red marked.jpg"))
    strict = VerificationPolicy(min_color_agreement=1)
    assert verified(described, pairs)["verdict"].to_list() == [True]
    assert verified(described, pairs, strict).select("verdict", "decided_by").rows() == [(False, "color")]


@pytest.mark.parametrize("settings", [{"min_overlap": 1.5}, {"min_local_inliers": 3}, {"min_overlapp": 0.5}])
def test_settings_out_of_bounds_and_unknown_ones_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VerificationPolicy(**settings)
