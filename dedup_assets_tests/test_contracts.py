"""What a table promises is enforced, and what breaks a promise is named."""

import polars as pl
import pytest

from dedup_assets.contracts import Column, Table
from dedup_assets.errors import TableContractError

SHOES = Table(
    "shoes",
    "Shoes on sale.",
    ("shoe_id",),
    (
        Column("shoe_id", pl.Int64, "One shoe"),
        Column("size_cm", pl.Float64, "Length of the sole", "cm"),
        Column("colour", pl.String, "Colour in words", nullable=True),
    ),
    {
        "a shoe has a length": pl.col("size_cm") > 0,
        "large shoes have a known colour": (pl.col("size_cm") < 40) | pl.col("colour").is_in(["red", "blue"]),
    },
)


def shoes(**changes: object) -> pl.DataFrame:
    columns = {"shoe_id": [1, 2], "size_cm": [24.0, 27.5], "colour": ["red", None]} | changes
    return pl.DataFrame(columns, strict=False)


def test_a_good_frame_comes_back_with_the_columns_and_types_of_the_table() -> None:
    shuffled = shoes().select("colour", pl.col("shoe_id").cast(pl.Int32), "size_cm")
    conformed = SHOES.conform(shuffled)
    assert conformed.schema == SHOES.empty().schema
    assert conformed.rows() == [(1, 24.0, "red"), (2, 27.5, None)]


def test_missing_and_unknown_columns_are_named() -> None:
    with pytest.raises(TableContractError, match=r"shoes: missing columns \['colour'\], unknown columns \['color'\]"):
        SHOES.conform(shoes().rename({"colour": "color"}))


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(TableContractError, match="shoes: a column cannot be cast to its type"):
        SHOES.conform(shoes(size_cm=["long", "short"]))


def test_a_number_too_large_for_its_column_is_refused_rather_than_wrapped() -> None:
    small = Table("small", "", ("n",), (Column("n", pl.Int32, "A number"),))
    with pytest.raises(TableContractError, match="cannot be cast"):
        small.conform(pl.DataFrame({"n": [2**31]}))


def test_a_null_is_refused_where_none_may_stand() -> None:
    with pytest.raises(TableContractError, match="shoes: size_cm is null in 1 rows"):
        SHOES.conform(shoes(size_cm=[24.0, None]))


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(TableContractError, match=r"shoes: the key \('shoe_id',\) stands twice"):
        SHOES.conform(shoes(shoe_id=[1, 1]))


def test_a_key_of_two_columns_may_repeat_either() -> None:
    pairs = Table("pairs", "", ("left", "right"), (Column("left", pl.Int64, ""), Column("right", pl.Int64, "")))
    assert pairs.conform(pl.DataFrame({"left": [1, 1, 2], "right": [2, 3, 3]})).height == 3
    with pytest.raises(TableContractError, match="stands twice"):
        pairs.conform(pl.DataFrame({"left": [1, 1], "right": [2, 2]}))


def test_a_broken_rule_is_told_by_its_sentence_and_the_key_of_a_row_that_breaks_it() -> None:
    with pytest.raises(TableContractError, match=r"1 rows break the rule 'a shoe has a length', e\.g\. {'shoe_id': 2}"):
        SHOES.conform(shoes(size_cm=[24.0, -1.0]))


def test_a_rule_that_is_neither_true_nor_false_is_broken() -> None:
    with pytest.raises(TableContractError, match=r"'large shoes have a known colour', e\.g\. {'shoe_id': 2}"):
        SHOES.conform(shoes(size_cm=[24.0, 50.0]))


def test_an_empty_frame_keeps_every_promise() -> None:
    assert SHOES.conform(SHOES.empty()).height == 0


def test_rows_that_lack_a_column_hold_null_there() -> None:
    frame = SHOES.frame([{"shoe_id": 1, "size_cm": 24.0}])
    assert frame.schema == SHOES.empty().schema
    assert frame["colour"].to_list() == [None]
