import polars as pl

from dedup_assets.stages.parts import ROWS_A_PART, Parts


def test_rows_are_handed_on_in_order_as_soon_as_they_make_a_part_and_the_rest_when_asked() -> None:
    kept: list[list[int]] = []
    parts = Parts(lambda rows: kept.append(rows["n"].to_list()))
    for start, height in ((0, 1), (1, ROWS_A_PART - 2), (ROWS_A_PART - 1, 3), (ROWS_A_PART + 2, 5)):
        parts.add(pl.DataFrame({"n": range(start, start + height)}))
    assert kept == [list(range(ROWS_A_PART + 2))]
    for _ in range(2):
        parts.flush()
        assert kept == [list(range(ROWS_A_PART + 2)), list(range(ROWS_A_PART + 2, ROWS_A_PART + 7))]
