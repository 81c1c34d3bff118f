"""Groups of real pictures, by asking: few questions, nothing asked twice, the same groups in whatever order files come and go."""

import os
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dedup_assets.assets import representatives, verified_groups
from dedup_assets.stages.grouping.star_partitions import MANY_PARTITIONS
from dedup_assets.stages.pairs.class_links import ClassLinks
from dedup_assets.stages.pairs.contents import order_pair_ends, pair_up
from dedup_assets.stages.pairs.hashed_contents import read_class_index
from dedup_assets.tables import REPRESENTATIVES, STAR_PAIRS, VERIFIED_GROUPS, WAVELET_GROUPS
from dedup_assets_tests.assets.conftest import drawn
from dedup_assets_tests.assets.stages import GROUPING, Stages, copy_of, stages_in, total
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled

DAY_S = 90_000
FIRST_TIME_S = 1_700_000_000
RED, BLUE = make_photograph(1), make_photograph(1)[:, :, ::-1].copy()
FILES = {
    f"{'abc'[number % 3]}/{name} {number}.jpg": jpeg(scaled(picture, 1 - number / 40), quality=95 - 3 * number)
    for name, picture in (("red", RED), ("blue", BLUE))
    for number in range(8)
} | {"b/other.jpg": jpeg(make_photograph(2)), "c/another.jpg": jpeg(make_photograph(3))}
FILES |= {"b/red 0 again.jpg": FILES["a/red 0.jpg"], "a/blue 5 again.jpg": FILES["c/blue 5.jpg"]}


def collection(folder: Path, *paths: str) -> Stages:
    """The files of some paths, each as old as it is in every collection."""
    write_files(folder / "photographs", {path: FILES[path] for path in paths})
    for age, path in enumerate(FILES):
        if path in paths:
            os.utime(folder / "photographs" / path, (FIRST_TIME_S + age,) * 2)
    return stages_in(folder)


WORST_FIRST = [f"{'abc'[number % 3]}/{name} {number}.jpg" for number in range(7, -1, -1) for name in ("red", "blue")]
ORDERS = [
    [*sorted(set(FILES) - set(WORST_FIRST)), *WORST_FIRST],
    *(random.Random(seed).sample(sorted(FILES), len(FILES)) for seed in range(4)),
]


def groups_of(stages: Stages) -> pl.DataFrame:
    return stages.tables.read_many(REPRESENTATIVES).sort("image_id")


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    stages = collection(tmp_path_factory.mktemp("crowds"), *FILES)
    stages.run(*GROUPING)
    return stages


def test_a_crowd_is_two_groups_where_it_shows_two_products(at_once: Stages) -> None:
    rows = at_once.rows(REPRESENTATIVES)
    groups = {
        frozenset(path for path, row in rows.items() if row["group_id"] == each["group_id"]) for each in rows.values()
    }
    assert {frozenset(path for path in FILES if name in path) for name in ("red", "blue")} < groups
    assert len(groups) == 4


def test_pairs_of_a_crowd_are_not_listed_but_asked_and_every_member_has_its_verdict(at_once: Stages) -> None:
    pairs = at_once.tables.read_many(WAVELET_GROUPS)
    assert pairs["stands_for_more"].any()
    assert at_once.tables.read_many(VERIFIED_GROUPS).height == (~pairs["stands_for_more"]).sum()
    rows = at_once.tables.read_many(REPRESENTATIVES)
    members = rows.filter(~pl.col("is_representative"))
    assert members["decided_by"].null_count() == 0
    asked = at_once.tables.read_many(STAR_PAIRS)
    assert (asked["transform"] == "identity").any()
    assert not asked.select(STAR_PAIRS.key).is_duplicated().any()


def test_nothing_is_verified_twice(at_once: Stages) -> None:
    before = at_once.tables.read_many(STAR_PAIRS).height
    at_once.forget(REPRESENTATIVES)
    notes = at_once.run(representatives)[REPRESENTATIVES.name]
    assert sum(int(note["verified_pairs"]) for note in notes.values()) == 0
    assert at_once.tables.read_many(STAR_PAIRS).height == before


def test_groups_are_the_same_while_what_many_runs_remembered_is_merged(at_once: Stages, tmp_path: Path) -> None:
    stages = copy_of(at_once.source.parent, tmp_path / "of many runs")
    remembered = stages.tables.read_many(STAR_PAIRS)
    stages.forget(STAR_PAIRS)
    for number, row in enumerate([*remembered.iter_slices(1), remembered.head(1)]):
        stages.tables.append(stages.tables.commit_of(STAR_PAIRS, f"run {number}"), STAR_PAIRS, row)
    assert len(stages.tables.partitions(STAR_PAIRS)) > MANY_PARTITIONS
    groups = {key: stages.tables.commit_of(REPRESENTATIVES, key).digest for key in "abc"}
    for _ in range(3):
        for path in Path(stages.collection.store, "tables", STAR_PAIRS.name).rglob("*.*"):
            os.utime(path, (path.stat().st_mtime - DAY_S,) * 2)
        assert total(stages.run(representatives)[REPRESENTATIVES.name], "skipped") == 3
        stages.forget(REPRESENTATIVES)
        assert total(stages.run(representatives)[REPRESENTATIVES.name], "verified_pairs") == 0
        assert {key: stages.tables.commit_of(REPRESENTATIVES, key).digest for key in "abc"} == groups
    [merged] = stages.tables.partitions(STAR_PAIRS)
    assert stages.tables.commit_of(STAR_PAIRS, merged).rows == remembered.height


@pytest.mark.parametrize("order", ORDERS, ids=range(len(ORDERS)))
def test_files_that_come_in_nights_and_partly_go_give_the_groups_of_one_go(
    tmp_path: Path, at_once: Stages, order: list[str]
) -> None:
    growing = tmp_path / "growing"
    for night in (order[:5], order[5:11], order[11:]):
        stages = collection(growing, *night)
        stages.run(*GROUPING)
    assert groups_of(stages).equals(groups_of(at_once))
    for path in order[::2]:
        stages.remove(path)
    stages.run(*GROUPING)
    fresh = collection(tmp_path / "fresh", *order[1::2])
    fresh.run(*GROUPING)
    assert groups_of(stages).equals(groups_of(fresh))


def test_a_best_image_that_comes_last_asks_the_others_once(tmp_path: Path) -> None:
    paths = [path for path in FILES if "red" in path and "again" not in path]
    stages = collection(tmp_path, *paths[1:])
    assert total(stages.run(*GROUPING)[REPRESENTATIVES.name], "verified_pairs") == len(paths) - 2
    stages = collection(tmp_path, paths[0])
    assert total(stages.run(*GROUPING)[REPRESENTATIVES.name], "verified_pairs") == len(paths) - 1
    assert {row["representative_id"] for row in stages.rows(REPRESENTATIVES).values()} == {
        stages.rows(REPRESENTATIVES)[paths[0]]["image_id"]
    }


def list_all_pairs(stages: Stages) -> int:
    """Have every pair of near contents listed, as stores of former versions have, and return their number."""
    tables, index = stages.tables, read_class_index(stages.tables)
    left, right = np.triu_indices(index.contents.height, 1)
    named = index.contents.with_columns(pl.Series("class", index.classes.names[index.class_of]))
    pairs = order_pair_ends(pair_up(named, left, right))
    links = ClassLinks(tables, index.contents["file_sha256"])
    near = pairs.with_columns(
        pl.lit(None, pl.Int32).alias("dct_distance"), pl.lit(None, pl.Int32).alias("wavelet_distance"),
        transform=pl.lit("identity"), same_recipe=pl.lit(False), stands_for_more=pl.lit(False),
    ).filter(links.are_near(pairs))  # fmt: skip
    for key in tables.partitions(WAVELET_GROUPS):
        tables.rewrite(WAVELET_GROUPS, key, WAVELET_GROUPS.empty(), "")
    tables.append(tables.commit_of(WAVELET_GROUPS, "a"), WAVELET_GROUPS, near.select(WAVELET_GROUPS.column_names))
    return near.height


def test_pairs_that_a_former_version_listed_and_verified_save_questions_and_move_no_group(
    tmp_path: Path, at_once: Stages
) -> None:
    stages = copy_of(at_once.source.parent, tmp_path / "listed")
    for table in (STAR_PAIRS, VERIFIED_GROUPS, REPRESENTATIVES):
        stages.forget(table)
    count = list_all_pairs(stages)
    assert count > 2 * at_once.tables.read_many(STAR_PAIRS).height
    notes = stages.run(verified_groups, representatives)
    assert [total(notes[table.name], "verified_pairs") for table in (VERIFIED_GROUPS, REPRESENTATIVES)] == [count, 0]
    assert groups_of(stages).equals(groups_of(at_once))


def test_copies_of_one_recipe_are_asked_about_too_and_told_as_one_generation(tmp_path: Path) -> None:
    files = {f"a/{share}.png": drawn(1, share / 10) for share in range(6, 11)}
    write_files(tmp_path / "photographs", files | {"a/plain.jpg": FILES["a/red 0.jpg"]})
    stages = stages_in(tmp_path)
    stages.run(*GROUPING)
    assert stages.tables.read_many(VERIFIED_GROUPS).is_empty()
    assert stages.tables.read_many(STAR_PAIRS).height == len(files)
    levels = {path: row["level"] for path, row in stages.rows(REPRESENTATIVES).items() if not row["is_representative"]}
    assert levels == {path: "generation" for path in files if path != "a/10.png"} | {"a/plain.jpg": "near"}
