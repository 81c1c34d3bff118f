"""Strokes that contradict each other, told from strokes that are covered, missing or seen at another resolution."""

from itertools import pairwise

import cv2
import numpy as np

from dedup_assets.kernels.describe.drawn import plain_share
from dedup_assets.kernels.describe.shrinking import to_gray
from dedup_assets.kernels.verify.exact.strokes import measure_conflict
from dedup_assets_tests.kernels.verify.drawings import page, spreadsheet


def test_strokes_that_differ_are_a_conflict_and_strokes_that_one_lacks_are_none() -> None:
    one, other = (
        to_gray(np.asarray(cv2.resize(page(seed), (198, 256), interpolation=cv2.INTER_AREA), np.uint8))
        for seed in (1, 2)
    )
    everywhere = np.ones(one.shape, np.bool_)
    half = one.copy()
    half[128:] = 255
    assert measure_conflict(one, one, everywhere) == 0
    assert measure_conflict(one, np.roll(one, 1, axis=1), everywhere) < 0.01
    assert measure_conflict(one, half, everywhere) < 0.05
    assert measure_conflict(one, other, everywhere) > 0.3
    assert plain_share(one, everywhere) > 0.5


def test_a_date_over_a_product_only_lightens_it_and_other_digits_do_both() -> None:
    sheets = [spreadsheet(seed)[60:600, 230:1000] for seed in (1, 2)]
    one, other = (
        to_gray(np.asarray(cv2.resize(s, (256, 180), interpolation=cv2.INTER_AREA), np.uint8)) for s in sheets
    )
    product = np.full((180, 256), 255, np.uint8)
    for x in range(60, 200, 7):
        cv2.line(product, (x, 40), (x, 140), 40 + x, 5)
    marked = np.asarray(cv2.putText(product.copy(), "2025", (70, 110), 3, 1.4, 255, 2, cv2.LINE_AA), np.uint8)
    everywhere = np.ones(one.shape, np.bool_)
    assert measure_conflict(product, marked, everywhere) < 0.005
    assert measure_conflict(one, other, everywhere) > 0.02


def test_fine_strokes_seen_coarsely_are_compared_at_the_coarser_resolution() -> None:
    chart = np.full((180, 256), 255, np.uint8)
    heights = np.random.default_rng(1).integers(60, 120, 120)
    for x, (start, end) in enumerate(pairwise(heights.tolist())):
        cv2.line(chart, (2 * x + 8, start), (2 * x + 10, end), 60, 1, cv2.LINE_AA)
    small = cv2.resize(chart, (96, 68), interpolation=cv2.INTER_AREA)
    coarse = np.asarray(cv2.resize(small, (256, 180), interpolation=cv2.INTER_LINEAR), np.uint8)
    everywhere = np.ones(chart.shape, np.bool_)
    apart, together = (measure_conflict(chart, coarse, everywhere, factor) for factor in (1.0, 256 / 96))
    assert together < apart / 5
