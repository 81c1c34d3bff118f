"""The words of the evidence."""

from typing import get_args

from dedup_assets.kernels.verify.evidence import REVERSED_RELATIONS, Relation


def test_every_relation_reverses_into_one_that_reverses_back() -> None:
    assert set(REVERSED_RELATIONS) == set(get_args(Relation))
    assert all(REVERSED_RELATIONS[other] == one for one, other in REVERSED_RELATIONS.items())
