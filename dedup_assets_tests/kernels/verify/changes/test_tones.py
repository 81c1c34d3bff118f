"""What exposure, curves, gray and uneven light change is matched; what is there in one picture only is not."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.verify.changes.tones import match_tones
from dedup_assets_tests.kernels.verify.changes.scenes import smoothed

Plane = NDArray[np.float32]

SHAPE = (96, 128)
EVERYWHERE = np.ones(SHAPE, np.bool_)
TONES: dict[str, Callable[[Plane], Plane]] = {
    "exposure": lambda luma: luma * 0.6 + 20,
    "gamma": lambda luma: np.asarray(255 * (luma.clip(0, 255) / 255) ** 1.6, np.float32),
    "clipping": lambda luma: (luma * 1.5).clip(0, 255),
    "uneven light": lambda luma: np.asarray(luma * np.linspace(0.75, 1, SHAPE[1]), np.float32),
}


def frame(luma: Plane, colours: float = 0.0) -> Plane:
    """(h, w, 3) with hills of colour of their own."""
    return np.stack([luma, *(colours * (smoothed(seed, SHAPE, 6) - 128) for seed in (8, 9))], axis=-1)


@pytest.mark.parametrize("tone", TONES)
def test_the_same_picture_at_another_tone_is_the_same(tone: str) -> None:
    luma = smoothed(1, SHAPE, 3)
    matched = match_tones(frame(luma), frame(TONES[tone](luma)), EVERYWHERE)
    assert np.abs(matched.target - matched.laid).mean() < 2.5
    assert np.abs(luma - TONES[tone](luma)).mean() > 10


def test_gray_of_other_weights_is_explained_by_the_colours() -> None:
    coloured = frame(smoothed(1, SHAPE, 3), colours=0.5)
    gray = frame((coloured[..., 0] + 0.4 * coloured[..., 1]).clip(0, 255))
    for one, other in ((coloured, gray), (gray, coloured)):
        matched = match_tones(one, other, EVERYWHERE)
        assert np.abs(matched.target - matched.laid).mean() < 1.5


def test_a_spot_in_one_picture_stays_a_difference_and_moves_nothing_else() -> None:
    luma = smoothed(1, SHAPE, 3)
    spotted = luma.copy()
    spotted[40:55, 60:75] = 250 - spotted[40:55, 60:75]
    difference = np.abs(
        np.subtract(*(lambda m: (m.target, m.laid))(match_tones(frame(luma), frame(spotted), EVERYWHERE)))
    )
    assert difference[42:53, 62:73].mean() > 15
    difference[38:57, 58:77] = 0
    assert difference.mean() < 2
