"""Moving a limit over measured distances finds what the search finds under that limit."""

from dataclasses import replace

import numpy as np
import pytest

from dedup_assets.calibration.hash_distances import NEVER, join_distances, measure_distances
from dedup_assets.calibration.seeing import describe_planted, hash_all
from dedup_assets.kernels.candidates.near_contents import CandidateLimits, HashedContents, find_candidate_pairs
from dedup_assets.kernels.planted_edits import jpeg
from dedup_assets.kernels.planted_kinds import PLANTED_EDITS
from dedup_assets.kernels.transforms import TRANSFORMS
from dedup_assets_tests.calibration.samples import NAMES, photograph

LIMITS = CandidateLimits(dct=40, turned_dct=32, wavelet=96)
FIELDS = {"max_dct_distance": "dct", "max_turned_dct_distance": "turned_dct", "max_wavelet_distance": "wavelet"}


@pytest.fixture(scope="module")
def contents() -> HashedContents:
    """A photograph with every edit of it, two others, and a flat picture."""
    edited = [edit.apply(photograph("chelsea.png")) for edit in PLANTED_EDITS]
    flat = jpeg(np.full((90, 120, 3), 128, np.uint8))
    return hash_all(
        [describe_planted(data) for data in [*edited, *(jpeg(photograph(n)) for n in NAMES[2:4]), flat, flat]]
    )


@pytest.mark.parametrize("threshold", FIELDS)
@pytest.mark.parametrize("value", [8, 24, 40, 80])
def test_the_same_pairs_are_proposed_as_by_the_search(contents: HashedContents, threshold: str, value: int) -> None:
    left, right = np.triu_indices(len(contents.dct), 1)
    distances = measure_distances(contents, left, contents, right, LIMITS)
    proposed = distances.proposed(threshold, value, LIMITS)
    found = find_candidate_pairs(contents, contents, replace(LIMITS, **{FIELDS[threshold]: value}))
    searched = {(a, b) for a, b in zip(found.query.tolist(), found.other.tolist(), strict=True)}
    measured = set(zip(left[proposed].tolist(), right[proposed].tolist(), strict=True))
    assert searched <= measured
    assert len(measured - searched) <= 0.005 * len(measured)
    assert len(measured) > 10


def test_the_nearest_transform_of_a_turned_copy_is_its_turn(contents: HashedContents) -> None:
    names = [edit.name for edit in PLANTED_EDITS]
    rows = np.array([names.index("JPEG 90")]), np.array([names.index("turned")])
    distances = measure_distances(contents, rows[0], contents, rows[1], LIMITS)
    assert TRANSFORMS[int(distances.transform[0])] == "rot90"
    assert distances.turned[0] == distances.nearest[0] < distances.upright[0]


def test_a_flat_picture_is_near_its_equal_alone(contents: HashedContents) -> None:
    last = len(contents.dct) - 1
    rows = np.array([last, last]), np.array([last - 1, 0])
    distances = measure_distances(contents, rows[0], contents, rows[1], LIMITS)
    assert distances.upright.tolist() == [0, NEVER]


def test_pairs_measured_in_parts_are_the_pairs_measured_at_once(contents: HashedContents) -> None:
    left, right = np.triu_indices(len(contents.dct), 1)
    whole = measure_distances(contents, left, contents, right, LIMITS)
    parts = [
        measure_distances(contents, left[part], contents, right[part], LIMITS)
        for part in np.array_split(np.arange(len(left)), 3)
    ]
    joined = join_distances(parts)
    assert all(np.array_equal(getattr(whole, name), getattr(joined, name)) for name in ("upright", "turned", "wavelet"))
    chosen = np.arange(len(left)) % 2 == 0
    assert np.array_equal(whole.take(chosen).nearest, whole.nearest[::2])
