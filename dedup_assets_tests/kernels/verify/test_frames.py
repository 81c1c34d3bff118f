"""The cheap measures are the exact ones, within what the margins of clear cases leave."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify import alignment, colour, frames
from dedup_assets.kernels.verify.frames import (
    Frame,
    compare_frames,
    compare_hues,
    correlate_tones,
    lay_upon,
    make_frame,
    mark_agreement,
)
from dedup_assets.kernels.verify.overlap import compare_overlap
from dedup_assets_tests.kernels.photographs import load_photograph
from dedup_assets_tests.kernels.verify.drawings import Picture, recompressed

SHIFT = np.array([[1.0, 0.0, -20.0], [0.0, 1.0, -12.0], [0.0, 0.0, 1.0]])


def photograph(name: str) -> Picture:
    return np.asarray(cv2.resize(np.array(load_photograph(name)), (256, 192), interpolation=cv2.INTER_AREA), np.uint8)


def recoloured(picture: Picture) -> Picture:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def gray(picture: Picture) -> Picture:
    return np.repeat(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)


EDITS: dict[str, Callable[[Picture], Picture]] = {
    "recompressed": lambda p: recompressed(p, 25),
    "darker": lambda p: (p * 0.7).astype(np.uint8),
    "recoloured": recoloured,
    "gray": gray,
    "another": lambda _: photograph("coffee.png"),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("matrix", [np.eye(3), SHIFT], ids=["whole", "shifted"])
def test_measures_on_frames_are_those_of_the_exact_comparison(edit: str, matrix: frames.Map) -> None:
    left = photograph("astronaut.png")
    right = EDITS[edit](left)
    exact = compare_overlap(left, right, matrix, 1.0)
    assert exact is not None
    seen = compare_frames(
        make_frame(left, None), make_frame(right, None), matrix, exact.share_left >= exact.share_right
    )
    assert seen.agreement == pytest.approx(exact.structure.agreement, abs=0.03)
    assert seen.correlation == pytest.approx(exact.structure.correlation, abs=0.03)
    assert seen.content_share == pytest.approx(exact.structure.content_share, abs=0.03)
    assert seen.tone == pytest.approx(exact.structure.tone, abs=0.03)
    between = sorted((seen.colour_of_all, seen.colour_of_structure))
    assert between[0] - 0.08 <= exact.colour.agreement <= between[1] + 0.08


def test_the_frame_of_a_box_is_that_of_the_picture_in_it() -> None:
    picture = photograph("chelsea.png")
    framed = np.pad(picture, ((20, 20), (30, 30), (0, 0)), constant_values=255)
    inner = make_frame(framed, (30 / 316, 20 / 232, 256 / 316, 192 / 232))
    assert np.array_equal(inner.planes, make_frame(picture, None).planes)
    assert np.allclose(inner.to_frame @ [30, 20, 1], make_frame(picture, None).to_frame @ [0, 0, 1])


def small(frame: Frame) -> frames.Planes:
    return np.ascontiguousarray(frame.planes[20:56, 30:72])


def passes(target: frames.Planes, moving: frames.Planes, plain: bool) -> list[Any]:
    def of(kernel: Any) -> Any:
        return kernel.plain if plain else kernel

    laid, inside = np.empty_like(target), np.empty(target.shape[:2], np.uint8)
    kinds = np.zeros(target.shape[:2], np.uint8)
    of(lay_upon)(moving, SHIFT / 8 + np.eye(3) * 0.9, laid, inside)
    counts = of(mark_agreement)(target, laid, inside, kinds)
    return [
        laid,
        inside,
        kinds,
        counts,
        of(correlate_tones)(target, laid, kinds),
        of(compare_hues)(target, laid, kinds),
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


def test_frames_are_measured_with_the_numbers_of_the_exact_tests() -> None:
    for module, names in (
        (alignment, ("WINDOW_PX", "SMOOTHING_PX", "TREND_PX", "MIN_CORRELATION")),
        (colour, ("MIN_CHROMA", "MIN_HUE_COSINE", "MIN_CHROMATIC_SHARE", "LOST_CHROMA", "MAX_GRAY_SHIFT")),
    ):
        assert [getattr(frames, name) for name in names] == [getattr(module, name) for name in names]
    assert frames.MIN_CONTENT_VARIANCE == alignment.MIN_CONTENT_STD**2
