"""What a stored picture is taken for; slices of pairs are tested where they are handed out (`test_verifier.py`)."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dedup_assets.errors import StoreChangedError
from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.pairs import evidence_rows
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.evidence_rows import PairSlice, VerifyingOrder, decode_thumbnail, verify_slice
from dedup_assets.tables import IMAGE_FEATURES
from dedup_assets_tests.described import pairs_of
from dedup_assets_tests.photographs import make_photograph


def test_a_stored_thumbnail_shows_the_picture(described: Collection) -> None:
    rows = described.tables().read(IMAGE_FEATURES, "shop", ["path", "thumbnail"])
    thumbnail = decode_thumbnail(rows.row(by_predicate=pl.col("path") == "shop/blue.jpg")[1])
    assert thumbnail.shape == (180, 240, 3)
    assert np.abs(thumbnail.astype(float) - make_photograph(2)).mean() < 8


def test_pictures_are_decoded_once_however_many_pairs_and_slices_they_are_in(
    described: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def watch(data: bytes) -> NDArray[np.uint8]:
        decoded.append(data)
        return decode_thumbnail(data)

    monkeypatch.setattr(evidence_rows, "decode_thumbnail", watch)
    ends = ("shop/red.jpg", "shop/blue.jpg"), ("shop/red.jpg", "web/red.png"), ("shop/blue.jpg", "web/red.png")
    pairs, homes = pairs_of(described.tables(), *ends), read_contents(described.tables(), ())
    order = VerifyingOrder(described.store, VerificationPolicy().thresholds())
    for piece in (pairs.head(2), pairs.tail(1)):
        verify_slice(order, PairSlice(piece, homes, {}))
    assert len(decoded) == len({*decoded}) == 3


def test_a_picture_that_another_run_took_away_is_told_in_words(described: Collection) -> None:
    pairs, homes = (
        pairs_of(described.tables(), ("shop/red.jpg", "shop/blue.jpg")),
        read_contents(described.tables(), ()),
    )
    away = homes.with_columns(image_id=pl.col("image_id") + 1)
    order = VerifyingOrder(described.store, VerificationPolicy().thresholds())
    with pytest.raises(StoreChangedError, match="no longer in image_features"):
        verify_slice(order, PairSlice(pairs, away, {}))
