"""Pairs verified from stored thumbnails, and the policy under which that is done."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs import verifier
from dedup_assets.stages.pairs.verifier import PairVerifier, decode_thumbnail
from dedup_assets.tables import IMAGE_FEATURES, VERIFIED_GROUPS
from dedup_assets_tests.described import pairs_of
from dedup_assets_tests.photographs import make_photograph

SAME = [("shop/red.jpg", "shop/red small.jpg"), ("shop/red.jpg", "web/red.png"), ("web/red.png", "web/red low.jpg")]
OTHER = [("shop/red.jpg", "shop/blue.jpg"), ("shop/blue.jpg", "web/green.jpg")]


def verified(collection: Collection, pairs: pl.DataFrame, policy: VerificationPolicy | None = None) -> pl.DataFrame:
    verifier = PairVerifier(collection, policy or VerificationPolicy())
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


def test_pairs_of_which_one_end_has_left_are_dropped_and_counted_as_done(described: Collection) -> None:
    pairs = pairs_of(described.tables(), *SAME, *OTHER)
    gone = pairs.with_columns(right_sha256=pl.lit(bytes(32))).head(2)
    done: list[int] = []
    rows = pl.concat(PairVerifier(described, VerificationPolicy()).verify(pl.concat([pairs, gone]), done.append))
    assert rows.height == pairs.height
    assert sum(done) == pairs.height + gone.height


def test_where_no_image_is_left_all_pairs_are_dropped(described: Collection) -> None:
    pairs = pairs_of(described.tables(), *SAME)
    empty = Collection(source=described.source, store=f"{described.store} of nothing")
    assert verified(empty, pairs).is_empty()


def test_no_pairs_give_no_rows(described: Collection) -> None:
    assert (
        list(PairVerifier(described, VerificationPolicy()).verify(pairs_of(described.tables()), lambda _: None)) == []
    )


def test_the_answer_depends_neither_on_order_nor_on_threads_nor_on_how_many_are_fetched_at_once(
    described: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = pairs_of(described.tables(), *SAME, *OTHER).with_columns(transform=pl.lit("unknown"))
    together = verified(described, pairs)
    monkeypatch.setattr(verifier, "PAIRS_FETCHED", 3)
    monkeypatch.setattr(verifier, "PAIRS_AT_ONCE", 2)
    monkeypatch.setattr(verifier, "FEATURES_AT_ONCE", 1)
    several = Collection(source=described.source, store=described.store, workers=4)
    assert verified(several, pairs.reverse()).equals(together)


def test_pictures_are_read_once_however_many_pairs_they_are_in(
    described: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def watch(data: bytes) -> NDArray[np.uint8]:
        decoded.append(data)
        return decode_thumbnail(data)

    monkeypatch.setattr(verifier, "PAIRS_AT_ONCE", 1)
    monkeypatch.setattr(verifier, "decode_thumbnail", watch)
    verified(described, pairs_of(described.tables(), *SAME, *OTHER))
    assert len(decoded) == len({*decoded}) == len({path for pair in (*SAME, *OTHER) for path in pair})


def test_a_stricter_policy_rejects_what_the_default_accepts(described: Collection) -> None:
    pairs = pairs_of(described.tables(), ("shop/red.jpg", "web/red marked.jpg"))
    strict = VerificationPolicy(min_color_agreement=1)
    assert verified(described, pairs)["verdict"].to_list() == [True]
    assert verified(described, pairs, strict).select("verdict", "decided_by").rows() == [(False, "color")]


@pytest.mark.parametrize("settings", [{"min_overlap": 1.5}, {"min_local_inliers": 3}, {"min_overlapp": 0.5}])
def test_settings_out_of_bounds_and_unknown_ones_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VerificationPolicy(**settings)


def test_a_stored_thumbnail_shows_the_picture(described: Collection) -> None:
    rows = described.tables().read(IMAGE_FEATURES, "shop", ["path", "thumbnail"])
    thumbnail = decode_thumbnail(rows.row(by_predicate=pl.col("path") == "shop/blue.jpg")[1])
    assert thumbnail.shape == (180, 240, 3)
    assert np.abs(thumbnail.astype(float) - make_photograph(2)).mean() < 8
