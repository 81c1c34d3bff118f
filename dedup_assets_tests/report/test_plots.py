import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dedup_assets.report.plots import ThresholdPanel, distance_histogram, markdown_picture, threshold_curves
from dedup_assets_tests.report.sample_gallery import jpeg, photo

LINE_COLOR = (194, 65, 12)
BAR_COLOR = (63, 143, 104)


def drawn(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The picture as an array."""
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def columns_of(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], color: tuple[int, int, int]) -> list[int]:
    """The columns in which the colour stands."""
    return [int(x) for x in np.flatnonzero((picture == color).all(axis=2).any(axis=0))]


@pytest.mark.parametrize(
    "distances",
    [
        np.array([]), np.array([3]), np.zeros(5), np.full(4, 0.25), np.array([np.nan, np.inf]),
        np.arange(256, dtype=np.uint8),
        np.array([[1, 2], [3, 4]]), np.r_[np.full(100_000, 120), 3], np.linspace(-1, 1, 99), np.array([0, 10**9]),
    ],
)  # fmt: skip
def test_any_distances_give_a_small_picture(distances: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    png = distance_histogram(distances, 40, "Distances $^", "bits of 256")
    assert Image.open(BytesIO(png)).size == (720, 320)
    assert len(png) < 100_000


def test_the_threshold_stands_between_the_near_and_the_far() -> None:
    picture = drawn(distance_histogram(np.array([10] * 5 + [200] * 5), 100, "Distances", "bits"))
    bars = columns_of(picture, BAR_COLOR)
    lines = columns_of(picture, LINE_COLOR)
    assert min(bars) < min(lines) < max(bars)
    assert not columns_of(drawn(distance_histogram(np.array([10]), None, "Distances", "bits")), LINE_COLOR)


def test_one_near_pair_is_seen_beside_ten_thousand_far_ones() -> None:
    picture = drawn(distance_histogram(np.r_[np.full(10_000, 120), 8], None, "Distances", "bits"))
    assert min(columns_of(picture, BAR_COLOR)) < 200


def test_the_same_distances_give_the_same_bytes() -> None:
    assert distance_histogram(np.arange(9), 4, "a", "b") == distance_histogram(np.arange(9), 4, "a", "b")


def test_markdown_carries_the_picture_itself() -> None:
    png = distance_histogram(np.arange(9), 4, "a", "b")
    found = re.fullmatch(r"!\[(.*)\]\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", markdown_picture(png, "two\nlines"))
    assert found is not None
    assert found[1] == "two lines"
    assert base64.b64decode(found[2]) == png
    assert markdown_picture(jpeg(photo("coffee.png")), "[x](y)").startswith("![\\[x\\](y)](data:image/jpeg;base64,")


def test_other_bytes_are_no_picture() -> None:
    with pytest.raises(ValueError, match="PNG or JPEG"):
        markdown_picture(b"<svg>", "alt")


def panel(name: str, present: float) -> ThresholdPanel:
    shares = {"near": [0.5, 0.9, 1.0], "different": [0.0, 0.0, 0.2]}
    return ThresholdPanel(name, present, [8, 40, 80], shares, [0.0, 0.0, 30.0], [24.0, 24.0, 60.0])


@pytest.mark.parametrize("count", [1, 2, 3, 11])
def test_curves_have_a_panel_a_threshold_and_a_place_for_the_legend(count: int) -> None:
    png = threshold_curves([panel(f"max_distance_{number}", 40) for number in range(count)], "A title $^")
    picture = Image.open(BytesIO(png))
    assert picture.width == 1200
    assert picture.height > 200 * (count // 3 + 1)
    assert len(png) < 100_000


def test_curves_move_with_their_numbers_and_repeat_their_bytes() -> None:
    assert threshold_curves([panel("a", 40)], "t") == threshold_curves([panel("a", 40)], "t")
    assert threshold_curves([panel("a", 40)], "t") != threshold_curves([panel("a", 8)], "t")
