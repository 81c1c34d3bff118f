"""All pairs of a sample, the hardest of them, and those that show the same picture."""

import numpy as np
import pytest

from dedup_assets.calibration.lookalikes import LOOKALIKES
from dedup_assets.calibration.seeing import describe_planted, embed_all
from dedup_assets.calibration.unrelated import SamplePairs, lookalikes_of, same_pictures
from dedup_assets.kernels.planted_edits import cropped, jpeg, mirrored
from dedup_assets.kernels.verify.cascade import UNKNOWN
from dedup_assets_tests.calibration.samples import NAMES, described, photograph, present_policy


@pytest.fixture(scope="module")
def pairs() -> SamplePairs:
    """Three photographs, the first mirrored (3) and cropped (4), and a flat picture (5)."""
    first = photograph(NAMES[0])
    flat = describe_planted(jpeg(np.full((60, 80, 3), 99, np.uint8)))
    copies = [describe_planted(jpeg(copy)) for copy in (mirrored(first), cropped(first, 0.5))]
    descriptions = [*(described(name) for name in NAMES[:3]), *copies, flat]
    present = present_policy()
    return SamplePairs(descriptions, embed_all(descriptions, present.embedder), present)


def test_every_pair_stands_there_once(pairs: SamplePairs) -> None:
    ends = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert len(ends) == len(pairs.left) == 15
    assert all(left < right for left, right in ends)


def test_candidates_are_what_the_line_would_verify(pairs: SamplePairs) -> None:
    assert pairs.candidates() == {(0, 3): "mirror", (0, 4): UNKNOWN, (3, 4): UNKNOWN}


def test_the_hardest_pairs_hold_the_candidates_in_order(pairs: SamplePairs) -> None:
    hardest = pairs.hardest()
    assert pairs.candidates().keys() <= hardest.keys()
    assert list(hardest) == sorted(hardest)
    judged = {ends: pairs.judge(ends, transform) for ends, transform in hardest.items()}
    accepted = {ends for ends, verdicts in judged.items() if any(each.any() for each in verdicts.values())}
    assert {(0, 3), (0, 4), (3, 4)} <= accepted


def test_a_picture_without_vector_is_near_to_no_other(pairs: SamplePairs) -> None:
    assert (pairs.cosines[(pairs.left == 5) | (pairs.right == 5)] == -1).all()


def test_accepted_pairs_connect_pictures_in_any_order() -> None:
    assert same_pictures([(3, 4), (1, 3), (0, 2)], 6).tolist() == [0, 1, 0, 1, 1, 5]
    assert same_pictures([], 3).tolist() == [0, 1, 2]


def test_lookalikes_take_four_different_pictures() -> None:
    assert lookalikes_of(3) == []
    assert lookalikes_of(5) == [(kind, number) for kind in LOOKALIKES for number in range(5)]
