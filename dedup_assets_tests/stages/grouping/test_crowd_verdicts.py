"""Crowds over real pictures: the same groups in whatever order their files come and go, and nothing verified twice."""

import os
import random
from pathlib import Path

import polars as pl
import pytest

from dedup_assets.assets import representatives
from dedup_assets.kernels.group import crowds as kernel
from dedup_assets.stages.grouping import crowd_verdicts
from dedup_assets.stages.grouping.star_partitions import MANY_PARTITIONS
from dedup_assets.stages.pairs import candidate_index
from dedup_assets.tables import REPRESENTATIVES, STAR_PAIRS, VERIFIED_GROUPS, WAVELET_GROUPS
from dedup_assets_tests.assets.stages import GROUPING, Stages, copy_of, stages_in, total
from dedup_assets_tests.conftest import write_files
from dedup_assets_tests.photographs import jpeg, make_photograph, scaled

FEW = 4
DAY_S = 90_000
RED, BLUE = make_photograph(1), make_photograph(1)[:, :, ::-1].copy()
FILES = {
    f"{'abc'[number % 3]}/{name} {number}.jpg": jpeg(scaled(picture, 1 - number / 40), quality=95 - 3 * number)
    for name, picture in (("red", RED), ("blue", BLUE))
    for number in range(8)
} | {"b/other.jpg": jpeg(make_photograph(2)), "c/another.jpg": jpeg(make_photograph(3))}


@pytest.fixture(autouse=True)
def small_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than four near contents are a crowd."""
    for module in (candidate_index, crowd_verdicts, kernel):
        monkeypatch.setattr(module, "MAX_LISTED", FEW)


def collection(folder: Path, *paths: str) -> Stages:
    write_files(folder / "photographs", {path: FILES[path] for path in paths})
    return stages_in(folder)


def groups_of(stages: Stages) -> pl.DataFrame:
    return stages.tables.read_many(REPRESENTATIVES).sort("image_id").drop("group_id", "kept_because")


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    with pytest.MonkeyPatch.context() as patch:
        for module in (candidate_index, crowd_verdicts, kernel):
            patch.setattr(module, "MAX_LISTED", FEW)
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


@pytest.mark.parametrize("seed", range(3))
def test_files_that_come_in_nights_and_partly_go_give_the_groups_of_one_go(
    tmp_path: Path, at_once: Stages, seed: int
) -> None:
    order = random.Random(seed).sample(sorted(FILES), len(FILES))
    cuts = sorted(random.Random(seed).sample(range(2, len(order)), 2))
    growing = tmp_path / "growing"
    for night in (order[: cuts[0]], order[cuts[0] : cuts[1]], order[cuts[1] :]):
        stages = collection(growing, *night)
        stages.run(*GROUPING)
    assert groups_of(stages).equals(groups_of(at_once))
    for path in order[::2]:
        stages.remove(path)
    stages.run(*GROUPING)
    fresh = collection(tmp_path / "fresh", *order[1::2])
    fresh.run(*GROUPING)
    assert groups_of(stages).equals(groups_of(fresh))
