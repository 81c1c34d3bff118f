"""Decisions over the verdicts of tests, and their words on rows; contents are letters."""

import polars as pl
import pytest

from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.stages.grouping.applied_decisions import Decided
from dedup_assets.stages.grouping.star_verifier import StarVerifier
from dedup_assets.stages.grouping.verdicts import (
    VERDICT_COLUMNS,
    gather_verdicts,
    lay_over,
    tell_apart,
    tell_kept,
    tell_vouched,
)
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import STAR_PAIRS
from dedup_assets_tests.described import pairs_of
from dedup_assets_tests.stages.grouping.test_applied_decisions import contents, decided, sha

POLICY = VerificationPolicy()


def judged(*rows: tuple[str, bool, str | None]) -> pl.DataFrame:
    values = [(sha(ends[0]), sha(ends[1]), verdict, level, "color") for ends, verdict, level in rows]
    return pl.DataFrame(values, schema=STAR_PAIRS.empty().select(VERDICT_COLUMNS).schema, orient="row")


def laid(found: Decided, *rows: tuple[str, bool, str | None]) -> dict[str, tuple[bool, str | None, str]]:
    names = {sha(letter): letter for letter in "abcd"}
    return {
        "".join(sorted((names[left], names[right]))): (verdict, level, decided_by)
        for left, right, verdict, level, decided_by in lay_over(judged(*rows), found).iter_rows()
    }


@pytest.mark.parametrize("ends", ["ab", "ba"])
def test_a_decision_replaces_what_tests_said_of_its_pair_in_either_direction(ends: str) -> None:
    by_anna = "person: anna, 2026-05-01"
    rest = {"cd": (True, "near", "color")}
    apart = laid(decided("b not_same a"), (ends, True, "near"), ("cd", True, "near"))
    assert apart == {"ab": (False, None, by_anna)} | rest
    same = laid(decided("a same b"), (ends, True, "generation"), (ends, False, None), ("cd", True, "near"))
    assert same == {"ab": (True, "generation", by_anna)} | rest
    kept = laid(decided("b keep_this a"), (ends, False, "similar"), ("cd", True, "near"))
    assert kept == {"ab": (True, "copy", by_anna)} | rest


def test_a_refused_decision_leaves_its_pair_to_the_tests() -> None:
    words = decided("a same b", "b same c", "a not_same c")
    assert laid(words, ("bc", False, None))["bc"] == (False, None, "color")


def test_without_decisions_the_verdicts_are_those_of_the_tests() -> None:
    rows = judged(("ab", True, "near"), ("ba", False, None))
    assert lay_over(rows, Decided()).equals(rows)


def test_groups_are_made_of_what_searches_proposed_and_what_was_verified_since_is_known(
    described: Collection, workers: Workers
) -> None:
    """Else a group would depend on which groups there were before."""
    tables = described.tables()
    pairs = pairs_of(tables, ("shop/red.jpg", "web/red.png"), ("shop/red.jpg", "web/red low.jpg"))
    found = pl.concat(
        PairVerifier(described.tables(), described.store, POLICY, workers).verify(pairs.head(1), lambda _: None)
    )
    remembered = pl.concat(
        PairVerifier(described.tables(), described.store, POLICY, workers).verify(pairs.tail(1), lambda _: None)
    )
    tables.append(tables.commit_of(STAR_PAIRS, "all"), STAR_PAIRS, remembered)
    verdicts = gather_verdicts(tables, POLICY.version, Decided(), found)
    assert verdicts.proposed.equals(found.select(VERDICT_COLUMNS))
    assert verdicts.known.equals(pl.concat([found, remembered]).select(VERDICT_COLUMNS))
    nodes = pl.concat([pairs["left_sha256"], pairs["right_sha256"]]).unique().sort()
    stars = StarVerifier(
        tables,
        nodes,
        verdicts.known,
        POLICY.version,
        lambda: PairVerifier(described.tables(), described.store, POLICY, workers),
    )
    assert stars.known.height == 2


def members(*rows: str) -> pl.DataFrame:
    """From "ab": the image a, which b represents; a "!" behind it says that a test passed."""
    return pl.DataFrame(
        {
            "group_id": [row[1] for row in rows],
            "file_sha256": contents("".join(row[0] for row in rows)),
            "representative_sha256": contents("".join(row[1] for row in rows)),
            "level": ["near" if row.endswith("!") else None for row in rows],
            "decided_by": ["color" if row.endswith("!") else None for row in rows],
        },
        schema_overrides={"level": pl.String, "decided_by": pl.String},
    )


def test_who_stands_in_a_group_by_a_word_alone_says_whose() -> None:
    told = tell_vouched(members("aa", "ba!", "ca", "dd"), decided("b same c", "d not_same a"))
    assert told["level"].to_list() == [None, "near", "copy", None]
    assert told["decided_by"].to_list() == [None, "color", "person: anna, 2026-05-01", None]


def test_a_group_says_whose_word_chose_its_image_where_there_was_a_choice() -> None:
    groups, words = members("aa", "ba", "cc", "cc"), pl.Series(["a rule"] * 4)
    assert tell_kept(groups, words, decided("a keep_this", "c keep_this")).to_list() == [
        *["you said so: anna, 2026-05-01"] * 2,
        *["a rule"] * 2,  # equal files: the rules chose
    ]
    both = tell_kept(groups, words, decided("a keep_this", "b keep_this")).to_list()
    assert both[:2] == ["you said so: anna, 2026-05-01 (the newest of 2 such decisions in this group)"] * 2
    assert tell_kept(groups, words, Decided()).to_list() == words.to_list()


def test_an_image_alone_says_from_which_others_somebody_set_it_apart() -> None:
    images = pl.DataFrame(
        {"path": list("45321"), "file_sha256": contents("abcdd"), "group_size": [1, 1, 1, 2, 2]}
    )  # d stands there twice
    words = pl.Series(["a rule"] * 5)
    found = decided("a not_same d", "b not_same a", "c not_same x", "d same x", "a not_same c")
    assert tell_apart(images, words, found).to_list() == [
        "you said that it is not the same as 1 and 2 more images: anna, 2026-05-01",
        "you said that it is not the same as 4: anna, 2026-04-30",
        "you said that it is not the same as 4: anna, 2026-04-27",
        *["a rule"] * 2,  # in a group: the rules chose
    ]
    assert tell_apart(images, words, decided("a same b", "c not_same x")).to_list() == words.to_list()
