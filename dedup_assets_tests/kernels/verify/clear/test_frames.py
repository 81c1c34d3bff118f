"""The cheap measures are the exact ones, within what the margins of clear cases leave."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from dedup_assets.kernels.verify.clear.cases import MAX_CLEAR_TURN
from dedup_assets.kernels.verify.clear.frame_passes import Map
from dedup_assets.kernels.verify.clear.frames import compare_frames, make_frame
from dedup_assets.kernels.verify.exact.overlap import compare_overlap
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
def test_measures_on_frames_are_those_of_the_exact_comparison(edit: str, matrix: Map) -> None:
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
    assert not seen.is_tinted_gray
    assert (abs(seen.turn) > MAX_CLEAR_TURN) == (edit in ("recoloured", "another"))
    if abs(seen.turn) <= MAX_CLEAR_TURN:
        between = sorted((seen.colour_of_all, seen.colour_of_structure))
        assert between[0] - 0.08 <= exact.colour.agreement <= between[1] + 0.08


def test_the_frame_of_a_box_is_that_of_the_picture_in_it() -> None:
    picture = photograph("chelsea.png")
    framed = np.pad(picture, ((20, 20), (30, 30), (0, 0)), constant_values=255)
    inner = make_frame(framed, (30 / 316, 20 / 232, 256 / 316, 192 / 232))
    assert np.array_equal(inner.planes, make_frame(picture, None).planes)
    assert np.allclose(inner.to_frame @ [30, 20, 1], make_frame(picture, None).to_frame @ [0, 0, 1])
