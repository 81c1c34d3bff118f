"""Verdicts by node: what is known is looked up, what is not is verified once and remembered."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dedup_assets.policies import VerificationPolicy
from dedup_assets.resources.collection import Collection
from dedup_assets.resources.tables import stored_files
from dedup_assets.stages.grouping import star_partitions
from dedup_assets.stages.grouping.star_verifier import StarVerifier, read_star_pairs
from dedup_assets.stages.pairs.contents import read_contents
from dedup_assets.stages.pairs.verifier import PairVerifier
from dedup_assets.stages.workers.engine import Workers
from dedup_assets.tables import IMAGE_FEATURES, STAR_PAIRS
from dedup_assets_tests.described import content_of

POLICY = VerificationPolicy()
NOTHING_KNOWN = STAR_PAIRS.empty()


class Stars:
    """A star verifier over a described collection, asked by paths."""

    def __init__(self, collection: Collection, workers: Workers, known: pl.DataFrame = NOTHING_KNOWN) -> None:
        self.tables = collection.tables().as_of_now()
        self.contents = read_contents(self.tables, ())["file_sha256"]
        self.opened, self.passed = 0, list[int]()
        self.verifier = StarVerifier(
            self.tables,
            self.contents,
            known,
            POLICY.version,
            lambda: self._open(collection, workers),
            self.passed.append,
        )

    def _open(self, collection: Collection, workers: Workers) -> PairVerifier:
        self.opened += 1
        return PairVerifier(collection.tables(), collection.store, POLICY, workers)

    def node(self, path: str) -> int:
        return self.contents.to_list().index(content_of(self.tables, path))

    def ask(self, centre: str, *members: str) -> list[bool]:
        nodes = np.array([self.node(path) for path in members], np.int64)
        return list(self.verifier(self.node(centre), nodes))


def known_pairs(collection: Collection, *pairs: tuple[str, str, bool]) -> pl.DataFrame:
    tables = collection.tables()
    rows = [(*sorted((content_of(tables, one), content_of(tables, other))), verdict) for one, other, verdict in pairs]
    schema = {"left_sha256": pl.Binary, "right_sha256": pl.Binary, "verdict": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_what_is_known_is_looked_up_and_nothing_is_verified(described: Collection, workers: Workers) -> None:
    known = known_pairs(described, ("shop/red.jpg", "web/red.png", False), ("shop/red.jpg", "shop/blue.jpg", True))
    stars = Stars(described, workers, known)
    assert stars.ask("shop/red.jpg", "web/red.png", "shop/blue.jpg") == [False, True]
    assert stars.ask("shop/blue.jpg", "shop/red.jpg") == [True]
    assert (stars.opened, stars.verifier.remember()) == (0, 0)


@pytest.mark.parametrize("verdicts", [(True, False), (False, True)])
def test_of_two_verdicts_on_one_pair_the_one_that_passed_counts(
    described: Collection, workers: Workers, verdicts: tuple[bool, bool]
) -> None:
    known = known_pairs(described, *(("shop/red.jpg", "web/green.jpg", verdict) for verdict in verdicts))
    assert Stars(described, workers, known).ask("web/green.jpg", "shop/red.jpg") == [True]


def test_what_is_not_known_is_verified_each_member_with_its_own_verdict(
    described: Collection, workers: Workers
) -> None:
    known = known_pairs(described, ("shop/red.jpg", "web/red.png", True))
    stars = Stars(described, workers, known)
    members = ["shop/blue.jpg", "web/red.png", "web/red low.jpg", "web/green.jpg"]
    assert stars.ask("shop/red.jpg", *members) == [False, True, True, False]
    assert stars.ask("web/red.png", "shop/red small.jpg") == [True]
    assert stars.opened == 1
    assert (stars.verifier.asked.height, sum(stars.passed)) == (4, 2)


def test_what_was_verified_is_remembered_for_the_next_run(described: Collection, workers: Workers) -> None:
    stars = Stars(described, workers)
    assert stars.ask("shop/red.jpg", "shop/red small.jpg", "web/green.jpg") == [True, False]
    assert stars.verifier.remember() == 2
    remembered = read_star_pairs(described.tables(), POLICY.version)
    assert (remembered["left_id"] < remembered["right_id"]).all()
    again = Stars(described, workers, remembered)
    assert again.ask("shop/red.jpg", "web/green.jpg", "shop/red small.jpg") == [False, True]
    assert (again.opened, again.verifier.remember()) == (0, 0)
    assert described.tables().read_many(STAR_PAIRS).height == 2


def test_a_run_that_rested_until_others_merged_and_removed_its_partition_goes_on(
    described: Collection, workers: Workers
) -> None:
    stars = Stars(described, workers)
    stars.ask("shop/red.jpg", "web/green.jpg")
    stars.verifier.remember()
    [partition] = stars.tables.partitions(STAR_PAIRS)
    for part in Path(described.store).rglob("star_pairs/*/*.parquet"):
        part.unlink()
    others = described.tables()
    others.publish(replace(others.commit_of(STAR_PAIRS, partition), parts=()))
    others.remove(STAR_PAIRS, partition)
    stars.ask("shop/red.jpg", "shop/red small.jpg")
    stars.verifier.remember()
    assert read_star_pairs(described.tables(), POLICY.version)["verdict"].to_list() == [True]


def test_partitions_of_many_runs_are_merged_by_a_run_that_verifies_nothing_too(
    described: Collection, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for member in ("web/green.jpg", "shop/red small.jpg"):
        stars = Stars(described, workers)
        stars.ask("shop/red.jpg", member)
        stars.verifier.remember()
    known = read_star_pairs(described.tables(), POLICY.version)
    monkeypatch.setattr(star_partitions, "MANY_PARTITIONS", 1)
    monkeypatch.setattr(stored_files, "PARTS_OUTLIVE", -stored_files.PARTS_OUTLIVE)  # all is older than tomorrow
    for _ in range(3):
        assert Stars(described, workers).verifier.remember() == 0
    [merged] = described.tables().partitions(STAR_PAIRS)
    assert described.tables().read(STAR_PAIRS, merged).sort("left_id").equals(known.sort("left_id"))


def test_what_was_verified_under_another_policy_is_not_read(described: Collection, workers: Workers) -> None:
    stars = Stars(described, workers)
    stars.ask("shop/red.jpg", "web/green.jpg")
    stars.verifier.remember()
    assert read_star_pairs(described.tables(), VerificationPolicy(min_overlap=0.9).version).is_empty()


def test_known_pairs_of_contents_that_have_left_are_passed_over(described: Collection, workers: Workers) -> None:
    known = known_pairs(described, ("shop/red.jpg", "web/red.png", True))
    gone = known.with_columns(left_sha256=pl.lit(bytes(32)), verdict=pl.lit(False))
    assert Stars(described, workers, pl.concat([gone, known])).ask("web/red.png", "shop/red.jpg") == [True]


def test_a_centre_without_members_asks_nothing(described: Collection, workers: Workers) -> None:
    stars = Stars(described, workers)
    assert stars.ask("shop/red.jpg") == []
    assert stars.opened == 0


def test_pairs_of_contents_that_left_while_groups_are_formed_do_not_pass(
    described: Collection, workers: Workers
) -> None:
    stars = Stars(described, workers)
    for key in stars.tables.partitions(IMAGE_FEATURES):
        stars.tables.rewrite(IMAGE_FEATURES, key, IMAGE_FEATURES.empty(), "")
    assert stars.verifier(0, np.array([1, 2], np.int64)).tolist() == [False, False]
