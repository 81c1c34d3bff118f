"""A frame adds no pixels, enlarging adds none, and a natural border takes none away."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup_assets.kernels.keep.real_pixels import (
    FRAMED_PIXELS,
    MAX_OTHER_LOOK,
    UPSCALED_PIXELS,
    Labels,
    Values,
    count_real_pixels,
    filled_pixels,
    measure_layout,
    sharpened_pixels,
)

Images = list[tuple[int, int, int, int, float, float]]
PHOTO = (1000, 800, 1000, 800, 0.1, 10.0)


def count(images: Images, component: list[int] | None = None) -> NDArray[np.float64]:
    columns = np.array(images, dtype=np.float64)
    labels = np.array(component or [0] * len(images), dtype=np.int64)
    return count_real_pixels(columns[:, :2], columns[:, 2:4], columns[:, 4], columns[:, 5], labels)


def test_a_framed_copy_counts_just_less_than_its_original() -> None:
    framed = (1100, 900, 1001, 799, 0.1, 8.0)
    assert count([PHOTO, framed]).tolist() == [800_000, 800_000 * FRAMED_PIXELS]


def test_a_frame_counts_only_against_images_of_the_same_component() -> None:
    framed = (1100, 900, 1000, 800, 0.1, 8.0)
    assert count([PHOTO, framed], [0, 1]).tolist() == [800_000, 990_000]


def test_a_product_on_white_counts_whole_and_more_than_a_crop_into_it() -> None:
    product, crop = (1000, 1000, 600, 400, 0.1, 5.0), (560, 380, 560, 380, 0.1, 9.0)
    assert count([product, crop]).tolist() == [1_000_000, 212_800]


def test_a_product_that_was_padded_counts_as_much_as_before() -> None:
    product, padded = (1000, 1000, 600, 400, 0.1, 5.0), (1200, 1200, 600, 401, 0.1, 4.0)
    assert count([product, padded]).tolist() == [1_000_000, 1_000_000]


def test_a_caption_whose_border_ends_at_its_words_counts_as_the_picture_that_most_have() -> None:
    captioned, crop = (1000, 960, 1000, 880, 0.1, 9.0), (700, 700, 700, 700, 0.1, 10.0)
    assert count([PHOTO] * 4 + [captioned, crop])[4] == pytest.approx(800_000 * FRAMED_PIXELS)
    assert count([PHOTO] * 3 + [captioned, crop])[3] == 960_000
    assert count([PHOTO] * 4 + [(1100, 960, 1100, 880, 0.1, 9.0)])[4] == 1_056_000


def test_a_screen_whose_lower_edge_is_not_found_counts_as_the_picture_that_most_have() -> None:
    screen, framed_otherwise = (1200, 1240, 1000, 1010, 0.1, 9.0), (1200, 1240, 1100, 1010, 0.1, 9.0)
    assert count([PHOTO] * 4 + [screen])[4] == pytest.approx(800_000 * FRAMED_PIXELS)
    assert count([PHOTO] * 3 + [screen])[3] == 1200 * 1240
    assert count([PHOTO] * 4 + [framed_otherwise])[4] == 1200 * 1240


def test_an_image_in_which_noise_hides_the_border_counts_as_much_as_one_that_shows_it() -> None:
    product, noisy = (1000, 1000, 600, 400, 0.1, 5.0), (1000, 1000, 1000, 1000, 0.0, 30.0)
    crop = (700, 500, 600, 400, 0.1, 6.0)
    assert count([product, noisy, crop])[:2].tolist() == [1_000_000, 1_000_000]


def test_an_enlargement_counts_less_than_its_source() -> None:
    enlarged = (2000, 1600, 2000, 1600, 0.95, 3.5)
    assert count([PHOTO, enlarged]).tolist() == [800_000, 3_200_000 * UPSCALED_PIXELS]


def test_a_soft_original_is_not_taken_for_an_enlargement_of_its_half() -> None:
    soft, half = (2000, 1600, 2000, 1600, 0.6, 8.0), (1000, 800, 1000, 800, 0.2, 12.0)
    assert count([soft, half]).tolist() == [3_200_000, 800_000]


def test_an_enlargement_alone_is_not_told_from_a_soft_picture() -> None:
    assert count([(2000, 1600, 2000, 1600, 0.95, 3.5)]).tolist() == [3_200_000]


def test_a_filled_canvas_counts_only_what_it_shows_where_the_bare_picture_is_there() -> None:
    pixels, shares = np.array([154_000.0, 231_000.0, 9_000.0]), np.array([1.0, 0.667, 1.0])
    assert filled_pixels(pixels, shares, np.zeros(3, np.int64))[1] < 154_000
    assert np.isinf(filled_pixels(pixels, shares, np.array([0, 1, 1]))).all()


def test_a_sharpened_enlargement_counts_less_than_its_source_but_not_than_a_crop_and_a_soft_original_more_than_its_half() -> (
    None
):
    sizes, component = np.array([[1000.0, 800.0], [2000.0, 1600.0]]), np.zeros(2, np.int64)
    resolved, same, other = (
        np.array([1.0, 0.5]),
        np.array([[50.0, 30.0], [51.0, 30.5]]),
        np.array([[50.0, 30.0], [58.0, 30.0]]),
    )
    sharpened, soft, empty = np.array([10.0, 14.0]), np.array([10.0, 4.0]), np.array([0.0, 0.6])

    def count(sharpness: Values, looks: Values, score: Values = empty, labels: Labels = component) -> Values:
        return sharpened_pixels(sizes, sharpness, resolved, score, looks, labels)

    assert count(sharpened, same).tolist() == [np.inf, 800_000 * FRAMED_PIXELS]
    assert np.isinf(count(sharpened, other)).all()
    assert np.isinf(count(soft, same)).all()
    assert np.isinf(count(sharpened, same, labels=np.array([4, 7]))).all()
    assert np.isinf(count(sharpened, same, np.zeros(2))).all()  # stars fill all that an enlargement leaves empty


def test_the_layout_of_a_picture_is_that_of_its_mirror_image_and_not_that_of_a_crop() -> None:
    picture = np.add.outer(np.arange(16), 2 * np.arange(16)).astype(np.uint8) * 4
    crop = np.repeat(np.repeat(picture[8:, 8:], 2, axis=0), 2, axis=1)
    layout = measure_layout(np.stack([picture, picture[:, ::-1], picture.T, crop]).reshape(4, -1))
    assert np.allclose(layout[1:3], layout[0])
    assert (np.abs(np.log((layout[3] + 1) / (layout[0] + 1))) > MAX_OTHER_LOOK).any()


def test_an_image_is_no_enlargement_where_another_of_its_size_is_none() -> None:
    columns = np.array([PHOTO, PHOTO], dtype=np.float64)
    signals = columns[:, :2], columns[:, 2:4], columns[:, 4], columns[:, 5], np.zeros(2, np.int64)
    assert count_real_pixels(*signals, np.array([np.inf, 200_000])).tolist() == [800_000, 800_000]
    assert count_real_pixels(*signals, np.array([200_000, 200_000])).tolist() == [200_000, 200_000]
