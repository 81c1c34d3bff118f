"""Counts at each value are those of the pairs themselves."""

import numpy as np

from dedup_assets.calibration.counting import PointCounter
from dedup_assets.calibration.curves import curve_of
from dedup_assets.calibration.hash_distances import HashDistances
from dedup_assets.calibration.planting import PlantedPair
from dedup_assets.calibration.ranges import COSINES, HASHED, VERIFIED
from dedup_assets.kernels.planted_kinds import Family
from dedup_assets_tests.calibration.samples import present_policy

PRESENT = present_policy()
GRIDS = PRESENT.grids(VERIFIED)


def pair(kind: str, family: Family, dct: int, cosine: float | None, accepted_from: int) -> PlantedPair:
    """A pair at one distance and cosine, accepted at the values from one place of each grid on."""
    one = np.array([dct], np.int32)
    distances = HashDistances(one, one + 100, one, one, one * 0)
    verdicts = {name: np.arange(len(grid)) >= accepted_from for name, grid in GRIDS.items()}
    return PlantedPair(kind, family, distances, cosine, verdicts)


def test_pairs_are_counted_by_kind_at_every_value() -> None:
    points = list(PointCounter(PRESENT).planted([pair("a", "copy", 20, 0.3, 0), pair("a", "copy", 60, 0.1, 3)]))
    by_hash = {value: own[0].passed for value, own in curve_of(points, "max_dct_distance").items()}
    assert [by_hash[value] for value in (16, 20, 56, 60)] == [0, 1, 1, 2]
    by_vector = curve_of(points, "min_copy_cosine")
    assert [by_vector[value][0].passed for value in (0.08, 0.29, 0.32)] == [2, 1, 0]
    verified = [own[0].passed for own in curve_of(points, "min_overlap").values()]
    assert verified == [1, 1, 1, *[2] * (len(GRIDS["min_overlap"]) - 3)]


def test_hashes_and_vectors_are_not_blamed_for_colour_and_near_copies_need_no_vector() -> None:
    points = list(PointCounter(PRESENT).planted([pair("b", "different", 5, 0.9, 0), pair("c", "near", 5, None, 0)]))
    measured = {kind: {point.threshold for point in points if point.kind == kind} for kind in ("b", "c")}
    assert measured == {"b": set(VERIFIED), "c": {*HASHED, *VERIFIED}}
    assert not measured["c"] & set(COSINES)


def test_pairs_that_agree_in_part_are_counted_by_kind() -> None:
    verdicts = pair("", "near", 0, None, 2).verdicts
    points = list(PointCounter(PRESENT).lookalikes([("logo", verdicts), ("logo", verdicts), ("caption", verdicts)]))
    assert {(point.kind, point.pairs) for point in points} == {("logo", 2), ("caption", 1)}
    assert {point.family for point in points} == {"different"}
    assert [own[1].passed for own in curve_of(points, "min_overlap").values()][:3] == [0, 0, 2]
