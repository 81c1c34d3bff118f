"""Colours for people: pictures of known colours, and the mean over pairs against one pair after the other."""

from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup_assets.kernels.describe.palette import (
    SUMMARY_BYTES,
    count_dominant_colours,
    mean_colour_correlations,
    measure_colourfulness,
    summarize_small_pictures,
    turn_summaries,
)
from dedup_assets.kernels.transforms import TRANSFORMS, transform_image
from dedup_assets_tests.photographs import Picture, make_photograph, scaled

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def striped(*stripes: tuple[tuple[int, int, int], int], height_px: int = 64) -> Picture:
    """A picture of upright stripes of a colour and a width each."""
    return np.concatenate([np.full((height_px, width, 3), colour, np.uint8) for colour, width in stripes], axis=1)


def correlations_one_by_one(summaries: NDArray[np.uint8], groups: NDArray[np.int64]) -> list[float]:
    """The mean of `numpy.corrcoef` over all pairs of each group that have any contrast; NaN without a pair."""
    means = []
    for group in range(groups.max() + 1):
        members = [summary.astype(float) for summary in summaries[groups == group] if summary.std() > 0]
        pairs = [float(np.corrcoef(one, other)[0, 1]) for one, other in combinations(members, 2)]
        means.append(float(np.mean(pairs)) if pairs else float("nan"))
    return means


def summarize_colours(picture: Picture) -> NDArray[np.uint8]:
    small = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).reshape(-1)


def test_a_summary_is_eight_by_eight_means_of_colour() -> None:
    picture = make_photograph(1, 32, 32)
    summary = summarize_small_pictures(picture[None])[0].reshape(8, 8, 3)
    means = picture.reshape(8, 4, 8, 4, 3).mean(axis=(1, 3))
    assert summary.size == SUMMARY_BYTES
    assert np.abs(summary - means).max() <= 0.51


def count_one(picture: Picture) -> int:
    return int(count_dominant_colours(picture[None])[0])


def test_colours_are_counted_by_the_share_that_they_hold() -> None:
    assert count_one(striped((RED, 64))) == 1
    assert count_one(striped((RED, 32), (GREEN, 32))) == 2
    assert count_one(striped((RED, 30), (GREEN, 30), (BLUE, 4))) == 3
    assert count_one(striped((RED, 31), (GREEN, 31), (BLUE, 2))) == 2


def test_shades_of_one_level_are_one_colour() -> None:
    assert count_one(striped(((200, 10, 10), 32), ((220, 50, 50), 32))) == 1
    assert count_one(striped(((200, 10, 10), 32), ((180, 70, 10), 32))) == 2


def test_noise_has_no_dominant_colour_and_a_count_never_exceeds_twenty() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert count_one(noise) == 0
    stripes = [((red, green, 0), 3) for red in range(0, 256, 64) for green in range(0, 256, 64)]
    assert count_one(striped(*stripes)) <= 20


def test_many_small_pictures_are_measured_together_as_each_by_itself() -> None:
    pictures = np.stack([make_photograph(number, 32, 32) for number in range(5)])
    one_by_one = [measure_colourfulness(picture[None])[0] for picture in pictures]
    np.testing.assert_allclose(measure_colourfulness(pictures), one_by_one, rtol=1e-6)
    assert count_dominant_colours(pictures).tolist() == [count_one(picture) for picture in pictures]
    summaries = [summarize_colours(picture) for picture in pictures]
    np.testing.assert_array_equal(summarize_small_pictures(pictures), summaries)


def test_colourfulness_is_the_mean_distance_from_gray_in_opponent_colours() -> None:
    picture = make_photograph(2, 32, 32)
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    expected = np.hypot(red - green, (red + green) / 2 - blue).mean()
    assert measure_colourfulness(picture[None])[0] == pytest.approx(expected, rel=1e-4)
    gray = np.repeat(picture[:, :, :1], 3, axis=2)
    assert measure_colourfulness(gray[None])[0] == 0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=25), st.integers(0, 2**32 - 1))
def test_means_over_near_duplicates_are_those_of_one_pair_after_the_other(labels: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    originals = random.integers(0, 256, (5, SUMMARY_BYTES))
    groups = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    noise = random.normal(0, random.choice([0, 3, 60]), (len(groups), SUMMARY_BYTES))
    summaries = np.clip(originals[groups] + noise, 0, 255).astype(np.uint8)
    summaries[random.random(len(groups)) < 0.2] = 128
    expected = correlations_one_by_one(summaries, groups)
    np.testing.assert_allclose(mean_colour_correlations(summaries, groups), expected, atol=1e-9)


def test_copies_agree_opposites_disagree_and_one_picture_alone_agrees_with_nobody() -> None:
    photograph = make_photograph(1)
    pictures = [photograph, scaled(photograph, 0.5), photograph, 255 - photograph, photograph]
    summaries = np.stack([summarize_colours(picture) for picture in pictures])
    copies, opposites, alone = mean_colour_correlations(summaries, np.array([0, 0, 1, 1, 2]))
    assert copies > 0.999
    assert opposites == pytest.approx(-1)
    assert np.isnan(alone)


def test_a_hundred_thousand_pictures_of_one_group_are_no_hundred_thousand_squared() -> None:
    summaries = np.tile(summarize_colours(make_photograph(1)), (100_000, 1))
    assert mean_colour_correlations(summaries, np.zeros(100_000, np.int64)) == pytest.approx(1)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_turned_copy_turned_back_has_the_colours_of_its_original(name: str) -> None:
    photograph, group = make_photograph(1), np.array([0, 0])
    pictures = (photograph, transform_image(photograph, name))
    summaries = np.stack([summarize_colours(picture) for picture in pictures])
    turns = np.array([TRANSFORMS.index("identity"), TRANSFORMS.index(name)])
    assert mean_colour_correlations(turn_summaries(summaries, turns), group)[0] > 0.999
    assert name == "identity" or mean_colour_correlations(summaries, group)[0] < 0.9
