"""Which pairs are shown as kept apart, whatever parts their evidence lies in."""

from pathlib import Path

import polars as pl
import pytest

from dedup_assets.contracts import Table
from dedup_assets.kernels.verify.cascade import CERTAIN_REJECTIONS
from dedup_assets.resources.tables.store import open_tables
from dedup_assets.stages.kept_apart import EVIDENCE, REASONS, SHOWN_PAIRS, choose_apart, read_rejected
from dedup_assets.tables import SIMILAR_GROUPS, VERIFIED_GROUPS

KEPT = pl.Series([b"%04d" % number for number in range(100)])


def rejected(*pairs: tuple[int, int, str, float | None]) -> pl.DataFrame:
    """Pairs by number, with the test that rejected them and their structure score."""
    rows: list[dict[str, object]] = [
        {"left_sha256": b"%04d" % left, "right_sha256": b"%04d" % right, "decided_by": test, "structure_score": score}
        for left, right, test, score in pairs
    ]
    return VERIFIED_GROUPS.frame(rows).select("left_sha256", "right_sha256", *EVIDENCE)


def ends(chosen: pl.DataFrame) -> list[tuple[int, int]]:
    return [(int(left), int(right)) for left, right in chosen.select("left_sha256", "right_sha256").iter_rows()]


def test_the_reasons_come_in_their_order_and_of_each_the_pairs_that_agree_most() -> None:
    rows = rejected((1, 2, "color", 0.8), (3, 4, "frames", None), (5, 6, "words", 0.9), (7, 8, "color", 0.95))
    assert ends(choose_apart([rows], KEPT)) == [(5, 6), (3, 4), (7, 8), (1, 2)]


def test_pairs_of_what_is_not_kept_are_not_shown() -> None:
    rows = rejected((1, 2, "words", 0.9), (3, 400, "words", 0.95), (400, 3, "words", 0.95))
    assert ends(choose_apart([rows], KEPT)) == [(1, 2)]


def test_frames_count_where_hashes_or_likeness_proposed_the_pair_and_other_policies_never(tmp_path: Path) -> None:
    tables = open_tables(str(tmp_path))
    by_hash = [(1, "frames", {}), (3, "words", {"policy_version": "before"}), (5, "strict_pixels", {})]
    by_vector = [(7, "frames", {}), (9, "frames", {"level": "similar"}), (11, "color", {})]
    for table, pairs in ((VERIFIED_GROUPS, by_hash), (SIMILAR_GROUPS, by_vector)):
        rows = [rejected_row(table, number, decided_by=test, **other) for number, test, other in pairs]
        tables.append(tables.begin(table, "p"), table, pl.concat(rows))
    assert [ends(rows) for rows in read_rejected(tables, "now", ())] == [[(1, 2)], [(9, 10), (11, 12)]]
    assert [ends(rows) for rows in read_rejected(tables, "now", ("copy", "similar"))] == [[(1, 2)]]


def rejected_row(table: Table, number: int, **other: str) -> pl.DataFrame:
    """A rejected pair of two contents, this number and the next."""
    told = {"left_id": 1, "right_id": 2, "verdict": False, "policy_version": "now", **other}
    return table.frame([{"left_sha256": b"%04d" % number, "right_sha256": b"%04d" % (number + 1), **told}])


@pytest.mark.parametrize("parts", [1, 3, 10])
@pytest.mark.parametrize("turned", [False, True])
def test_many_pairs_are_cut_the_same_way_in_whatever_parts_and_order_they_come(parts: int, turned: bool) -> None:
    pairs = [(number, number + 1, REASONS[number % 2], (number * 7 % 31) / 31) for number in range(90)]
    rows = rejected(*pairs, *pairs[:20])
    cut = [rows.gather_every(parts, offset) for offset in range(parts)]
    chosen = choose_apart(cut[::-1] if turned else cut, KEPT)
    expected = [
        pair[:2]
        for reason in REASONS[:2]
        for pair in sorted((pair for pair in pairs if pair[2] == reason), key=lambda pair: (-pair[3], pair))[
            :SHOWN_PAIRS
        ]
    ]
    assert ends(chosen) == expected


def test_what_no_other_alignment_would_change_is_shown_with_its_reason() -> None:
    assert set(REASONS) >= CERTAIN_REJECTIONS
