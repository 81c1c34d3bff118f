from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.kernels.verify.evidence import DecidedBy
from dedup_assets.report.plain_words import (
    LEVEL_MEANINGS,
    LEVEL_TITLES,
    apart_in_words,
    counted,
    decision_in_words,
    human_bytes,
    level_title,
    score_in_words,
    search_in_words,
    visible,
    without_secrets,
)
from dedup_assets.tables import LEVELS


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (1499, "1.5 kB"), (9949, "9.9 kB"),
        (9950, "10 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (2_437_000_000, "2.4 GB"), (10**18, "1,000 PB"),
    ],
)  # fmt: skip
def test_sizes_read_as_people_say_them(size_bytes: int, words: str) -> None:
    assert human_bytes(size_bytes) == words


@given(st.integers(0, 10**17), st.integers(0, 10**17))
def test_a_larger_size_never_reads_as_a_smaller_one(left: int, right: int) -> None:
    units = ["bytes", "byte", "kB", "MB", "GB", "TB", "PB"]

    def worth(size_bytes: int) -> tuple[int, float]:
        number, unit = human_bytes(size_bytes).split()
        return max(1, units.index(unit)), float(number.replace(",", ""))

    low, high = sorted((left, right))
    assert worth(low) <= worth(high)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        human_bytes(-1)


def test_one_thing_is_singular_and_more_are_plural() -> None:
    assert [counted(n, "image") for n in (0, 1, 2000)] == ["0 images", "1 image", "2,000 images"]
    assert counted(2, "copy", "copies") == "2 copies"


def test_every_level_has_a_title_and_a_meaning() -> None:
    assert set(LEVEL_TITLES) == set(LEVEL_MEANINGS) == set(LEVELS)
    assert level_title(None) == ""
    assert level_title("some_new") == "some new"


def test_every_test_that_decides_has_plain_words_and_an_unknown_one_is_shown_as_written() -> None:
    assert all("_" not in decision_in_words(test) and decision_in_words(test) != test for test in get_args(DecidedBy))
    assert decision_in_words("some_new_test") == "some new test"
    assert decision_in_words(None) == ""


@pytest.mark.parametrize(
    ("decided_by", "evidence", "frame_counts", "words"),
    [
        ("words", {"differing_tiles": 2, "tiles": 214}, (1, 1), "the words differ: 2 of 214 tiles"),
        ("words", {"differing_tiles": None, "tiles": None}, (1, 1), "the words differ"),
        ("frames", {}, (24, 1), "one holds 24 frames or pages, the other 1"),
        ("frames", {}, (8, 8), "their further frames or pages differ"),
        (
            "changed",
            {"changed_share": 0.0132},
            (1, 1),
            "where they agree otherwise, one shows a thing that the other does not: 1.3 % of what both show",
        ),
        ("color", {"color_score": 0.2}, (1, 1), "the colours differ"),
        ("parallax", {}, (1, 1), "parts of the scene moved against each other: two shots of it"),
    ],
)  # fmt: skip
def test_why_pictures_were_kept_apart_is_said_with_what_was_counted(
    decided_by: str, evidence: dict[str, float | None], frame_counts: tuple[int, int], words: str
) -> None:
    assert apart_in_words(decided_by, evidence, frame_counts) == words


def test_a_person_who_decided_is_named() -> None:
    assert (
        decision_in_words("person: anna, 2026-05-01, seen on paper") == "you said so: anna, 2026-05-01, seen on paper"
    )


def test_scores_are_short() -> None:
    assert [score_in_words(score) for score in (0.97312, 12, 12.0, 1.0, 0.0, -0.5)] == [
        "0.973", "12", "12", "1.000", "0", "-0.500",
    ]  # fmt: skip


def test_names_keep_umlauts_and_emoji_but_show_what_would_move_the_cursor() -> None:
    assert visible("größer 🐱 'x' <b>.jpg") == "größer 🐱 'x' <b>.jpg"
    assert visible("a\x1b[2Jb\nc\x7f") == "a␛[2Jb␊c␡"
    assert visible("evil‮gpj.exe") == "evil\\u202egpj.exe"
    assert visible("not-utf8-\udcff") == "not-utf8-\\udcff"


@given(st.text())
def test_a_shown_name_can_always_be_encoded_and_stays_on_one_line(name: str) -> None:
    assert len(visible(name).encode("utf-8").splitlines()) <= 1


def test_a_shown_source_holds_no_secret() -> None:
    assert without_secrets("https://a.blob.core.windows.net/c/p?sv=1&sig=X") == "https://a.blob.core.windows.net/c/p"
    assert without_secrets("az://me:key@account/c#1/p") == "az://account/c#1/p"
    assert without_secrets("/home/me@work/what? #1") == "/home/me@work/what? #1"
    assert without_secrets("az://account/mail@home") == "az://account/mail@home"


def test_what_was_looked_for_is_told_where_that_is_not_all() -> None:
    assert search_in_words(()) == ""
    assert search_in_words(("copy", "similar")) == (
        "looked for: same bytes, same generation, near-duplicate; not searched by vectors: edited copy, look-alike"
    )
