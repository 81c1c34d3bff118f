import polars as pl

from dedup_assets.stages.shown_groups import SHOWN_GROUPS, SHOWN_IMAGES, choose_shown

ALL = pl.lit(value=True)


class Given:
    """A report of these frames."""

    def __init__(self, *frames: pl.DataFrame) -> None:
        self._frames = frames

    def frames(self, *columns: str) -> list[pl.DataFrame]:
        return [frame.select(columns or frame.columns) for frame in self._frames]


def group(name: str, images: int, size_bytes: int) -> list[tuple[str, str, int, str, int, int]]:
    """A kept image of a gigabyte, and duplicates of so many bytes."""
    kept = (name, "Best", 0, f"{name}/kept", 10**9, 0)
    return [
        kept,
        *((name, "Duplicate", place, f"{name}/{place}", size_bytes, size_bytes) for place in range(1, images)),
    ]


def frame(*groups: list[tuple[str, str, int, str, int, int]]) -> pl.DataFrame:
    names = ["group_id", "status", "keep_rank", "path", "size_bytes", "reclaimable_bytes"]
    return pl.DataFrame([row for each in groups for row in each], schema=names, orient="row")


def test_the_groups_whose_duplicates_hold_the_most_bytes_come_first_the_kept_image_before_the_others() -> None:
    rows = frame(group("a", 2, 5), group("c", 3, 9), group("b", 2, 5))
    shown = choose_shown(Given(rows), ALL, "group_id")
    assert shown["path"].to_list() == ["c/kept", "c/1", "c/2", "a/kept", "a/1", "b/kept", "b/1"]
    assert shown["saving"].to_list() == [18] * 3 + [5] * 4
    assert shown.equals(choose_shown(Given(rows[2:].reverse(), rows[:2]), ALL, "group_id"))


def test_of_many_groups_those_that_free_the_least_are_not_shown() -> None:
    rows = frame(*(group(f"g{number:04d}", 2, number) for number in range(SHOWN_GROUPS + 3)))
    shown = choose_shown(Given(rows), ALL, "group_id")
    assert shown["group_id"].n_unique() == SHOWN_GROUPS
    assert shown["saving"].min() == 3


def test_of_a_large_group_the_first_images_are_shown_and_all_are_counted() -> None:
    shown = choose_shown(Given(frame(group("g", SHOWN_IMAGES + 10, 1))), ALL, "group_id")
    assert shown["keep_rank"].to_list() == list(range(SHOWN_IMAGES))
    assert set(shown["size"]) == {SHOWN_IMAGES + 10}


def test_kept_pictures_that_look_alike_free_nothing_and_come_by_name() -> None:
    rows = frame(group("s2", 1, 0), group("s1", 1, 0))
    shown = choose_shown(Given(rows), ALL, "group_id")
    assert list(shown.select("group_id", "saving").iter_rows()) == [("s1", 0), ("s2", 0)]
