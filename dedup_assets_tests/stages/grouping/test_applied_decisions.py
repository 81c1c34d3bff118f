"""What decisions come to for a collection, where contents are letters."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dedup_assets.resources.database.decisions import Decision
from dedup_assets.stages.grouping.applied_decisions import Decided

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def sha(letter: str) -> bytes:
    return letter.encode() * 32


def decision(words: str, age_days: int = 0) -> Decision:
    """From "a same b", "a not_same b", "a keep_this" or "a keep_this b": the first is kept."""
    one, verdict, *other = words.split()
    left, right = sorted((sha(one), sha(other[0] if other else one)))
    kept = sha(one) if verdict == "keep_this" else None
    return Decision(left, right, verdict, kept, "anna", DAY - timedelta(days=age_days), "")


def decided(*newest_first: str) -> Decided:
    return Decided([decision(words, age) for age, words in enumerate(newest_first)])


def contents(letters: str) -> pl.Series:
    return pl.Series([sha(letter) for letter in letters], dtype=pl.Binary)


def labels(letters: str, *newest_first: str) -> list[int]:
    bonds = decided(*newest_first).bonds_of(contents(letters))
    assert bonds is not None
    found: list[int] = bonds.labels.tolist()
    return found


def test_nodes_are_the_contents_of_the_collection_whatever_else_was_decided_elsewhere() -> None:
    assert labels("bcd", "x same y", "b same d") == [0, 1, 0]
    assert decided("x same y").bonds_of(contents("bcd")) is None
    assert Decided().bonds_of(contents("bcd")) is None


def test_what_holds_through_a_picture_that_has_left_still_holds() -> None:
    assert labels("ac", "a same b", "b same c") == [0, 0]
    bonds = decided("a same b", "b not_same c").bonds_of(contents("ac"))
    assert bonds is not None
    assert (bonds.labels.tolist(), bonds.apart.tolist()) == ([0, 1], [[0, 1]])


def test_to_keep_one_of_two_says_that_they_are_the_same() -> None:
    assert labels("ab", "b keep_this a") == [0, 0]
    assert list(decided("b keep_this a", "c keep_this").kept) == [sha("b"), sha("c")]


def test_of_contradicting_decisions_the_newest_counts_and_the_others_are_told() -> None:
    for newest_first, refused in (
        (("a same b", "b same c", "a not_same c"), "b same c"),
        (("a not_same c", "b same c", "a same b"), "a same b"),
    ):
        found = decided(*newest_first)
        assert found.refused == [decision(refused, newest_first.index(refused))]
        assert len(found.obeyed_pairs) == 2


def test_the_newest_image_to_keep_comes_first_then_those_kept_before_then_all_others() -> None:
    found = decided("d keep_this", "x keep_this", "b keep_this a")
    assert found.tiers(contents("abcd"), None).tolist() == [4, 2, 4, 0]
    assert found.tiers(contents("abcd"), contents("bcx")).tolist() == [4, 2, 3, 0]
    assert Decided().tiers(contents("ab"), None).tolist() == [1, 1]


@pytest.mark.parametrize("other", [(), ("a same b",), ("b same a", "a same b"), ("a not_same b",)])
def test_other_decisions_have_another_digest(other: tuple[str, ...]) -> None:
    found = decided("a same b", "c keep_this")
    assert found.digest == decided("a same b", "c keep_this").digest != decided(*other).digest
