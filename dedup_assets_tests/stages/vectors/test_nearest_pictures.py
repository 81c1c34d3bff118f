from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup_assets.embedders.protocol import ModelName
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables.store import TableStore
from dedup_assets.stages.vectors.nearest_pictures import (
    SearchLimits,
    find_neighbours,
    read_kept_vectors,
    read_models,
    read_search_recall,
)
from dedup_assets.tables import EMBEDDINGS, NEAREST_PICTURES, REPRESENTATIVES
from dedup_assets_tests.kernels.vectors.near_vectors import near_vectors

MODEL = ModelName("p", "m", "1")
COSINES = {"min_copy_cosine": 0.1, "min_similar_cosine": 0.9}
ABOUT = MODEL._asdict() | COSINES
LIMITS = SearchLimits(neighbours=3, min_cosine=0.1, max_exact=1_000, threads=1)
VECTORS = near_vectors(8, 6, 3, 0.3)
VECTORS[5] = VECTORS[6] = VECTORS[7]
"""Thirty-two, of which three are equal: a list of three cannot hold all that is near."""


def content(number: int) -> bytes:
    return (number * 2_654_435_761 % 2**32).to_bytes(4) * 8


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    return Collection(store=str(tmp_path / "store")).tables()


def keep(tables: TableStore, numbers: Sequence[int], about: dict[str, Any] = ABOUT) -> None:
    """Write the tables as if these pictures, and no others, were kept and embedded, those of even numbers in `a`."""
    for key, own in (("a", [n for n in numbers if n % 2 == 0]), ("b", [n for n in numbers if n % 2])):
        kept = REPRESENTATIVES.frame([_kept(number) for number in own])
        tables.rewrite(REPRESENTATIVES, key, kept, "")
        rows = [
            {
                "subject": "image",
                "content_key": content(number).hex(),
                **{name: about[name] for name in ModelName._fields},
                "vector": VECTORS[number].tolist(),
            }
            for number in own
        ]
        tables.rewrite(EMBEDDINGS, key, EMBEDDINGS.frame(rows), "", about)


def _kept(number: int) -> dict[str, Any]:
    return {
        "image_id": 1 + (number * 7) % 32,
        "file_sha256": content(number),
        "group_id": f"g{number}",
        "group_size": 1,
        "representative_id": 1 + (number * 7) % 32,
        "representative_sha256": content(number),
        "is_representative": True,
        "keep_rank": 0,
        "quality_score": 1.0,
        "kept_because": "alone",
    }


def pairs_among(tables: TableStore, limits: SearchLimits = LIMITS) -> pl.DataFrame:
    return find_neighbours(tables, next(iter(read_models(tables))), limits).pairs


def compare_all(numbers: Sequence[int], count: int) -> set[frozenset[bytes]]:
    """Every pair of which one is among the `count` nearest of the other; of equally near ones the lower content first."""
    found = set()
    for one in numbers:
        cosines = {
            other: float(np.float32((VECTORS[one].astype(np.float64) * VECTORS[other]).sum()))
            for other in numbers
            if other != one
        }
        near = [other for other, cosine in cosines.items() if cosine >= np.float32(LIMITS.min_cosine)]
        near.sort(key=lambda other: (-cosines[other], content(other)))
        found |= {frozenset((content(one), content(other))) for other in near[:count]}
    return found


def ends(pairs: pl.DataFrame) -> set[frozenset[bytes]]:
    return {frozenset(pair) for pair in pairs.select("left_sha256", "right_sha256").iter_rows()}


@settings(max_examples=12, deadline=None)
@given(turns=st.lists(st.sets(st.integers(0, 31), min_size=1), min_size=1, max_size=4))
def test_whatever_came_and_went_before_the_pairs_are_those_of_the_pictures_kept_now(
    tmp_path_factory: pytest.TempPathFactory, turns: list[set[int]]
) -> None:
    incremental, from_scratch = (
        Collection(store=str(tmp_path_factory.mktemp("order") / name)).tables() for name in ("one", "other")
    )
    for turn in turns:
        keep(incremental, sorted(turn))
        pairs = pairs_among(incremental)
    keep(from_scratch, sorted(turns[-1], reverse=True))
    assert pairs.equals(pairs_among(from_scratch))
    assert ends(pairs) == compare_all(sorted(turns[-1]), LIMITS.neighbours)


def test_a_pair_lies_with_its_left_picture_and_carries_its_cosine(tables: TableStore) -> None:
    keep(tables, [6, 5])
    (pair,) = pairs_among(tables).to_dicts()
    assert pair == {
        "cosine_similarity": pytest.approx(1.0),
        "left_id": 4,
        "right_id": 11,
        "left_sha256": content(5),
        "right_sha256": content(6),
        "partition": "b",
    }


def test_a_pair_is_named_after_the_lowest_image_id_of_equal_files_whichever_is_kept(tables: TableStore) -> None:
    keep(tables, [5, 6])
    forty = pl.lit(40, pl.Int64)
    twin = tables.read(REPRESENTATIVES, "a").with_columns(image_id=forty, representative_id=forty)
    first = tables.read(REPRESENTATIVES, "a").with_columns(is_representative=False, representative_id=forty)
    tables.rewrite(REPRESENTATIVES, "a", first, "")
    tables.rewrite(REPRESENTATIVES, "b", pl.concat([tables.read(REPRESENTATIVES, "b"), twin]), "")
    (pair,) = pairs_among(tables).to_dicts()
    assert (pair["left_id"], pair["right_id"]) == (4, 11)


def test_pictures_that_are_no_longer_kept_are_not_compared(tables: TableStore) -> None:
    keep(tables, [5, 6, 7])
    itself = pl.col("file_sha256") == content(5)
    others = tables.read(REPRESENTATIVES, "b").with_columns(
        is_representative=itself, representative_id=pl.when(itself).then("image_id").otherwise(99)
    )
    tables.rewrite(REPRESENTATIVES, "b", others, "")
    assert ends(pairs_among(tables)) == {frozenset((content(5), content(6)))}


def test_vectors_of_other_models_are_never_compared(tables: TableStore) -> None:
    keep(tables, [5, 6, 7])
    tables.rewrite(EMBEDDINGS, "a", tables.read(EMBEDDINGS, "a").with_columns(revision=pl.lit("2")), "", ABOUT)
    assert ends(pairs_among(tables)) == {frozenset((content(5), content(7)))}
    about = ABOUT | {"revision": "2", "min_copy_cosine": 0.05}
    tables.rewrite(EMBEDDINGS, "a", tables.read(EMBEDDINGS, "a"), "", about)
    other = MODEL._replace(revision="2")
    assert read_models(tables) == {MODEL: COSINES, other: COSINES | {"min_copy_cosine": 0.05}}
    assert [read_kept_vectors(tables, one, 9)[0].height for one in (MODEL, other)] == [2, 1]


def test_a_cap_that_is_met_is_told_with_the_last_cosines(tables: TableStore) -> None:
    keep(tables, range(32))
    about = find_neighbours(tables, MODEL, LIMITS).about
    assert (about["searched_pictures"], about["search"], about["search_recall"]) == (32, "exact", 1.0)
    assert 0 < about["pictures_at_the_cap"] <= 32
    low, middle, high = about["last_cosine_5_50_95"]
    assert LIMITS.min_cosine <= low <= middle <= high <= 1
    alone = SearchLimits(neighbours=31, min_cosine=0.999, max_exact=1_000, threads=1)
    assert find_neighbours(tables, MODEL, alone).about["pictures_at_the_cap"] == 0


def test_another_limit_forgets_what_is_remembered(tables: TableStore) -> None:
    keep(tables, range(32))
    few = pairs_among(tables)
    wide = SearchLimits(neighbours=31, min_cosine=-1.0, max_exact=1_000, threads=1)
    assert pairs_among(tables, wide).height == 32 * 31 // 2
    assert pairs_among(tables).equals(few)
    assert tables.read(NEAREST_PICTURES, "m 1")["neighbours"].list.len().max() == LIMITS.neighbours


def test_more_pictures_than_may_be_compared_are_compared_where_signs_agree_and_the_recall_is_told(
    tables: TableStore,
) -> None:
    by_signs = replace(LIMITS, max_exact=2)
    keep(tables, range(0, 32, 2))
    pairs_among(tables, by_signs)
    keep(tables, range(5, 32))
    found = find_neighbours(tables, MODEL, by_signs)
    assert found.about["search"] == "sign"
    assert 0 < found.about["search_recall"] == read_search_recall(tables) <= 1
    exact = ends(pairs_among(tables))
    assert len(ends(found.pairs) & exact) > 0.8 * len(exact)
    from_scratch = find_neighbours(tables, MODEL, by_signs)
    assert from_scratch.pairs.equals(found.pairs)


def test_the_recall_of_a_model_that_is_in_use_no_more_is_not_told(tables: TableStore) -> None:
    keep(tables, range(32))
    find_neighbours(tables, MODEL, LIMITS)
    tables.rewrite(NEAREST_PICTURES, "left 1", NEAREST_PICTURES.empty(), "", {"search_recall": 0.2})
    assert read_search_recall(tables) == 1.0


def test_where_nothing_is_embedded_there_is_nothing_to_compare(tables: TableStore) -> None:
    assert read_models(tables) == {}
    assert read_search_recall(tables) == 1.0
    keep(tables, [])
    assert pairs_among(tables).height == 0
