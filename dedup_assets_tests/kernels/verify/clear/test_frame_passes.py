"""Compiled passes do what their lines say, and running sums what windows seen one by one do."""

from typing import Any

import numpy as np
import pytest

from dedup_assets.kernels.verify.clear import frame_passes
from dedup_assets.kernels.verify.clear.frame_passes import (
    CHROMA_BINS,
    Planes,
    correlate_tones,
    count_one_hue,
    lay_upon,
    mark_agreement,
    take_hues,
)
from dedup_assets.kernels.verify.clear.frames import Frame, make_frame
from dedup_assets.kernels.verify.exact import alignment, colour
from dedup_assets_tests.kernels.verify.clear.test_frames import EDITS, SHIFT, photograph


def small(frame: Frame) -> Planes:
    return np.ascontiguousarray(frame.planes[20:56, 30:72])


def passes(target: Planes, moving: Planes, plain: bool) -> list[Any]:
    def of(kernel: Any) -> Any:
        return kernel.plain if plain else kernel

    laid, inside = np.empty_like(target), np.empty(target.shape[:2], np.uint8)
    kinds = np.zeros(target.shape[:2], np.uint8)
    of(lay_upon)(moving, SHIFT / 8 + np.eye(3) * 0.9, laid, inside)
    counts = of(mark_agreement)(target, laid, inside, kinds)
    hues, chromas = np.zeros((kinds.size, 5), np.float32), np.zeros((2, CHROMA_BINS), np.int64)
    coloured = of(take_hues)(target, laid, kinds, hues, chromas)
    return [
        laid,
        inside,
        kinds,
        counts,
        of(correlate_tones)(target, laid, kinds),
        coloured,
        hues,
        chromas,
        *(of(count_one_hue)(hues[: coloured[0]], 20.0, 30.0, lost) for lost in (False, True)),
    ]


def test_compiled_passes_do_what_their_lines_say() -> None:
    picture = photograph("astronaut.png")
    for edit in EDITS.values():
        target, moving = (small(make_frame(each, None)) for each in (picture, edit(picture)))
        for one, other in zip(passes(target, moving, False), passes(target, moving, True), strict=True):
            assert np.allclose(one, other, atol=1e-3)


def test_running_sums_are_windows_seen_one_by_one() -> None:
    first, second = (small(make_frame(photograph(name), None)) for name in ("astronaut.png", "coffee.png"))
    planes = first, np.asarray((first + second) / 2, np.float32)
    inside, kinds = np.ones(first.shape[:2], np.uint8), np.zeros(first.shape[:2], np.uint8)
    inside[:, :5] = 0
    content, agreeing, total = mark_agreement(planes[0], planes[1], inside, kinds)
    padded = [np.pad(each[..., 0], 6, mode="symmetric").astype(np.float64) for each in planes]
    covered = np.pad(inside, 6, mode="edge")
    correlations = []
    for y, x in np.ndindex(*inside.shape):
        if covered[y : y + 13, x : x + 13].all():
            one, other = (each[y : y + 13, x : x + 13] for each in padded)
            if max(one.var(), other.var()) >= 16:
                product = ((one - one.mean()) * (other - other.mean())).mean()
                correlations.append(product / np.sqrt(max(one.var() * other.var(), 1)))
    assert content == len(correlations)
    assert agreeing == sum(each >= 0.5 for each in correlations)
    assert total == pytest.approx(sum(correlations), abs=0.5)


def test_passes_measure_with_the_numbers_of_the_exact_tests() -> None:
    for module, names in (
        (alignment, ("WINDOW_PX", "MIN_CORRELATION")),
        (colour, ("MIN_CHROMA", "MIN_HUE_COSINE", "MIN_CHROMATIC_SHARE", "LOST_CHROMA", "MAX_GRAY_SHIFT")),
    ):
        assert [getattr(frame_passes, name) for name in names] == [getattr(module, name) for name in names]
    assert frame_passes.MIN_CONTENT_VARIANCE == alignment.MIN_CONTENT_STD**2
