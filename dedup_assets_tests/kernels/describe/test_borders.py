"""The picture inside a border is found to the pixel or two, and pictures without border keep their whole."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.describe.borders import _compare_lines, _find_level, find_inner_box
from dedup_assets_tests.kernels.photographs import load_photograph

RGB = NDArray[np.uint8]


def photograph(name: str = "coffee.png") -> RGB:
    return np.array(load_photograph(name))


def compress(rgb: RGB, quality: int) -> RGB:
    data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def frame(rgb: RGB, top: int, bottom: int, left: int, right: int, colour: tuple[int, int, int]) -> RGB:
    framed = cv2.copyMakeBorder(rgb, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(framed, dtype=np.uint8)


def found(rgb: RGB) -> list[float]:
    box = find_inner_box(rgb)
    assert box is not None
    height, width = rgb.shape[:2]
    return [box[0] * width, box[1] * height, box[2] * width, box[3] * height]


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "motorcycle_left.png", "ihc.png", "rocket.jpg"])
def test_photographs_without_border_have_no_inner_box(name: str) -> None:
    assert find_inner_box(photograph(name)) is None


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (200, 20, 20), (128, 128, 128)])
@pytest.mark.parametrize("quality", [92, 50])
def test_a_border_of_3_percent_is_found_in_any_colour_and_behind_jpeg_noise(
    colour: tuple[int, int, int], quality: int
) -> None:
    rgb = photograph("chelsea.png")
    height, width = rgb.shape[:2]
    pad = round(0.03 * min(height, width))
    framed = compress(frame(rgb, pad, pad, pad, pad, colour), quality)
    assert found(framed) == pytest.approx([pad, pad, width, height], abs=2)


def test_letterbox_bars_are_found_above_and_below_only() -> None:
    rgb = photograph("chelsea.png")
    assert found(compress(frame(rgb, 48, 48, 0, 0, (0, 0, 0)), 92)) == pytest.approx([0, 48, 451, 300], abs=2)


def test_a_caption_bar_with_words_is_found_on_its_side() -> None:
    rgb = frame(photograph("chelsea.png"), 66, 0, 0, 0, (255, 255, 255))
    cv2.putText(rgb, "WHEN YOU SEE IT", (10, 46), cv2.FONT_HERSHEY_DUPLEX, 1, (0, 0, 0), 2)
    assert found(compress(rgb, 92)) == pytest.approx([0, 66, 451, 300], abs=2)


def test_the_furniture_of_a_screenshot_is_found() -> None:
    rgb = frame(photograph("chelsea.png"), 60, 105, 45, 45, (32, 32, 36))
    cv2.rectangle(rgb, (0, 0), (rgb.shape[1], 27), (70, 66, 60), -1)
    for row in range(4):
        cv2.line(rgb, (80, 375 + 21 * row), (270 + 54 * row, 375 + 21 * row), (150, 150, 150), 3)
    assert found(rgb) == pytest.approx([45, 60, 451, 300], abs=2)


def test_a_product_on_white_is_boxed_in_and_two_products_are_not_taken_for_a_caption() -> None:
    rgb = np.full((400, 300, 3), 255, np.uint8)
    cv2.ellipse(rgb, (150, 100), (70, 40), 0, 0, 360, (90, 60, 30), -1)
    assert found(rgb) == pytest.approx([80, 60, 141, 81], abs=6)
    cv2.ellipse(rgb, (150, 300), (70, 40), 0, 0, 360, (90, 60, 30), -1)
    assert found(rgb) == pytest.approx([80, 60, 141, 281], abs=6)


def test_flat_pictures_and_gradients_have_no_inner_box() -> None:
    gradient = np.repeat(np.linspace(0, 255, 300).astype(np.uint8)[:, None, None], 200, axis=1).repeat(3, axis=2)
    assert find_inner_box(np.full((300, 200, 3), 240, np.uint8)) is None
    assert find_inner_box(np.ascontiguousarray(gradient)) is None
    assert find_inner_box(np.zeros((1, 1, 3), np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (2, 2), (1, 300), (300, 1), (2, 300), (300, 2), (3, 3)])
@pytest.mark.parametrize("levels", [2, 4, 40, 256])
def test_tiny_pictures_of_noise_are_searched_without_error(shape: tuple[int, int], levels: int) -> None:
    for seed in range(10):
        noise = np.random.default_rng(seed).integers(0, levels, shape).astype(np.uint8)
        box = find_inner_box(noise)
        assert box is None or 0 <= min(box) <= max(box) <= 1


def test_a_line_of_pixels_has_no_inside_whatever_stands_in_it() -> None:
    line = np.repeat(np.array([255, 0, 255, 90, 200, 10, 255], np.uint8), (20, 1, 20, 30, 30, 30, 20))
    for picture in (line[:, None], line[None]):
        assert find_inner_box(np.ascontiguousarray(picture)) is None


def test_luma_has_the_same_borders_as_the_colours_that_it_comes_from() -> None:
    rgb = frame(photograph("chelsea.png"), 30, 40, 0, 25, (200, 20, 20))
    assert find_inner_box(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)) == find_inner_box(rgb)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 301])
def test_the_level_of_a_line_is_what_sorting_it_tells(length: int) -> None:
    random = np.random.default_rng(length)
    found = set()
    for noise in (0, 1, 2, 4, 9) * 40:
        line = random.integers(0, 256) + random.normal(0, noise, length)
        line += (random.random(length) < 0.03) * random.integers(-60, 60)
        pixels = np.clip(line, 0, 255).astype(np.uint8)
        found.add(_find_level(pixels) >= 0)
        assert _find_level(pixels) == slow_level(pixels)
    assert True in found


def slow_level(line: NDArray[np.uint8]) -> int:
    """Return the level of a line as its sorted pixels show it, -1 where there is none."""
    ordered, quarter, middle = np.sort(line).astype(int), len(line) // 4, len(line) // 2
    colour = (ordered[-1 - middle] + ordered[middle]) // 2
    away = np.abs(ordered - colour)
    flat = ordered[-1 - quarter] - ordered[quarter] <= 6
    even = np.count_nonzero(away > 3) <= 0.25 * len(line) and np.count_nonzero(away > 20) <= 0.03 * len(line)
    return int(colour) if flat and even else -1


@pytest.mark.parametrize("colour", [0, 7, 128, 255])
def test_lines_are_compared_with_a_colour_pixel_by_pixel(colour: int) -> None:
    lines = np.random.default_rng(colour).integers(0, 256, (9, 130)).astype(np.uint8)
    drift, busy = _compare_lines(lines, colour)
    away = lines.astype(int) - colour
    np.testing.assert_allclose(drift, away.mean(axis=1))
    np.testing.assert_allclose(busy, (np.abs(away) > 20).mean(axis=1))
