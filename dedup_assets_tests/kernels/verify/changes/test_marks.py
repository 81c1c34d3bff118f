"""A mark is one-sided: thin, or of pure colours within hard edges; a thing is neither, and two marks at one place are two."""

import numpy as np
import pytest

from dedup_assets.kernels.verify.changes.comparing import compare_exactly
from dedup_assets.kernels.verify.changes.marks import Difference, changed_share, describe_differences
from dedup_assets_tests.kernels.verify.changes import scenes
from dedup_assets_tests.kernels.verify.changes.scenes import NAMES, photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, seen


def largest(one: Picture, other: Picture) -> Difference:
    left, right = seen(one), seen(other)
    found = compare_exactly(left, right, np.eye(3), onto_left=True)
    assert found is not None
    return max(describe_differences(found, left.thumbnail, right.thumbnail), key=lambda each: each.area)


@pytest.mark.parametrize("name", NAMES)
def test_a_sticker_is_owned_by_the_picture_that_has_it_and_pure(name: str) -> None:
    original = photograph(name)
    there, back = (
        largest(*pair)
        for pair in ((original, scenes.with_sticker(original)), (scenes.with_sticker(original), original))
    )
    assert there.owned < 0.5 < back.owned
    assert min(there.pure[1], back.pure[0]) > 0.6
    assert min(there.edge, back.edge) > 30


@pytest.mark.parametrize("name", NAMES)
def test_words_are_thin_and_two_captions_have_edges_in_both(name: str) -> None:
    one, other = (scenes.written(photograph(name), words) for words in ("ONE DOES NOT SLEEP", "ONE DOES NOT WALK"))
    assert largest(photograph(name), one).width < 3.5
    assert 0.3 < largest(one, other).owned < 0.7


@pytest.mark.parametrize("name", NAMES)
def test_the_share_that_changed_is_what_was_pasted_and_a_rim_about_it(name: str) -> None:
    left, right = seen(photograph(name)), seen(scenes.with_thing(photograph(name), (200, 200)))
    found = compare_exactly(left, right, np.eye(3), onto_left=True)
    assert found is not None
    pasted = np.pi * 40**2 / (640 * 480)
    assert changed_share(found, left.thumbnail, right.thumbnail) == pytest.approx(1.5 * pasted, rel=0.15)
