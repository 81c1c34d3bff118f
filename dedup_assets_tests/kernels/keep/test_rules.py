"""Each rule measures what its name says, within its tolerance."""

from collections.abc import Sequence

import numpy as np

from dedup_assets.kernels.keep import rules
from dedup_assets.kernels.keep.columns import Columns
from dedup_assets.kernels.keep.rules import Rule


def table(**columns: Sequence[object]) -> Columns:
    count = len(next(iter(columns.values())))
    return {"path": np.array([f"p{row}" for row in range(count)]), **{name: np.array(v) for name, v in columns.items()}}


def measured(rule: Rule, columns: Columns, component: Sequence[int] | None = None) -> list[float]:
    labels = np.zeros(len(columns["path"]), dtype=np.int64) if component is None else np.array(component)
    return [float(key) for key in rule(columns, labels)]


def test_pictures_within_one_and_a_half_percent_are_equally_large() -> None:
    columns = table(width_px=[1000, 990, 980, 1000], height_px=[1000, 1000, 1000, 10])
    assert measured(rules.rank_pixels, columns)[:3] == [0, 0, 1]
    assert measured(rules.rank_pixels, columns, [0, 1, 2, 3]) == [0, 0, 0, 0]


def test_an_enlargement_counts_as_its_source_unless_its_generator_made_it() -> None:
    sizes: dict[str, Sequence[float]] = {
        "width_px": [500, 1000],
        "height_px": [500, 1000],
        "upscale_score": [0.0, 0.6],
        "sharpness": [20.0, 5.0],
    }
    assert measured(rules.rank_pixels, table(**sizes))[1] > 0
    assert measured(rules.rank_pixels, table(**sizes, has_recipe=[True, True]))[1] == 0
    assert measured(rules.rank_pixels, table(**sizes, has_recipe=[True, False]))[1] > 0


def test_the_file_that_holds_most_frames_comes_first() -> None:
    assert measured(rules.rank_frames, table(frame_count=[1, 24, np.nan, 12])) == [-1, -24, -1, -12]


def test_sixteen_bits_are_finer_than_eight_whatever_lost_nothing() -> None:
    columns = table(lossy_percent=[0.0, 0.0], sample_bits=[16, 8], image_format=["TIFF", "PNG"])
    assert measured(rules.rank_compression, columns) == [0, 1]


def test_of_equal_pixels_the_file_that_tells_more_comes_first() -> None:
    columns = table(
        origin_facts=["camera, time, place", "", "camera"], sharpness=[5.0, 5.0, 5.5], has_metadata=[False, True, False]
    )
    assert measured(rules.rank_metadata, columns) == [0, 2, 0]
    assert measured(rules.rank_metadata, columns, [0, 1, 2]) == [0, 0, 0]


def test_compression_counts_in_doublings_and_png_as_none() -> None:
    columns = table(jpeg_quality=[96, 92, 91, 75, 12, np.nan], image_format=["JPEG"] * 5 + ["PNG"])
    assert measured(rules.rank_compression, columns) == [0, 1, 1, 2, 5, 0]


def test_a_palette_and_other_lossy_formats_are_compressed_though_they_have_no_tables() -> None:
    columns = table(jpeg_quality=[np.nan] * 3, image_format=["PNG", "WEBP", "GIF"])
    png, webp, gif = measured(rules.rank_compression, columns)
    assert png < webp < gif


def test_a_compression_that_only_the_pixels_show_counts_like_one_of_the_file() -> None:
    columns = table(jpeg_quality=[75, 92], prior_jpeg_quality=[np.nan, 76], image_format=["JPEG"] * 2)
    assert measured(rules.rank_compression, columns) == [0, 0]
    assert measured(rules.rank_encodings, columns) == [0, 1]


def test_a_finer_file_with_the_blocks_of_a_coarser_one_is_its_copy() -> None:
    columns = table(
        jpeg_quality=[75, 92, 92],
        blockiness=[4.0, 3.6, 1.0],
        image_format=["JPEG"] * 3,
        width_px=[9] * 3,
        height_px=[9] * 3,
    )
    assert measured(rules.rank_encodings, columns) == [0, 1, 0]
    assert measured(rules.rank_encodings, columns, [0, 1, 2]) == [0, 0, 0]


def test_what_lies_far_from_the_others_is_marked() -> None:
    columns = table(deviation=[1.0, 1.1, 1.3], width_px=[9] * 3, height_px=[9] * 3)
    assert measured(rules.rank_marks, columns) == [0, 0, 1]


def test_an_original_whose_copies_lost_its_colours_is_not_marked_and_an_edit_that_kept_them_is() -> None:
    columns = table(
        deviation=[1.0, 1.35, 1.02, 1.6],
        origin_facts=["", "camera, colours", "", "colours"],
        width_px=[9] * 4,
        height_px=[9] * 4,
    )
    assert measured(rules.rank_marks, columns) == [0, 0, 0, 1]


def test_noise_and_blur_are_told_by_sharpness_but_only_in_a_crowd() -> None:
    crowd = table(
        deviation=[1.0, 1.02, 1.03, 1.05, 1.08, 1.1],
        sharpness=[10.0, 9.8, 9.5, 9.0, 20.0, 2.0],
        width_px=[9] * 6,
        height_px=[9] * 6,
    )
    assert measured(rules.rank_marks, crowd) == [0, 0, 0, 0, 1, 1]
    few = {name: values[[0, 4, 5]] for name, values in crowd.items()}
    assert measured(rules.rank_marks, few) == [0, 0, 0]


def test_a_gray_copy_is_marked_and_a_gray_original_among_gray_ones_is_not() -> None:
    columns = table(colourfulness=[30.0, 0.5, 0.5], width_px=[9] * 3, height_px=[9] * 3)
    assert measured(rules.rank_marks, columns, [0, 0, 1]) == [0, 1, 0]


def test_closeness_counts_in_steps_from_the_most_central_image() -> None:
    deviation = [2.0, 2.03, 2.05, 2.2, 2.3, 2.4]
    assert measured(rules.rank_closeness, table(deviation=[*deviation, 9.0]), [0] * 6 + [1]) == [
        0,
        0,
        1,
        5,
        7,
        10,
        0,
    ]
    assert measured(rules.rank_closeness, table(deviation=deviation[:5])) == [0] * 5


def test_absent_columns_and_nan_do_not_count() -> None:
    columns = table(bits_per_pixel=[np.nan, 2.0])
    assert measured(rules.rank_bits, columns) == [0, -2]
    for rule in (rules.rank_pixels, rules.rank_marks, rules.rank_encodings):
        assert measured(rule, columns) == [0, 0]
