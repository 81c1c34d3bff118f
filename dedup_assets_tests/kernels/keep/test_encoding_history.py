"""What a file does not say about its compression, its pixels and its copies do."""

import numpy as np

from dedup_assets.kernels.keep.encoding_history import earlier_percent, own_percent

JPEG_75_92_92 = {
    "path": np.array(["a", "b", "c"]),
    "image_format": np.array(["JPEG"] * 3),
    "jpeg_quality": np.array([75, 92, 92]),
    "blockiness": np.array([4.0, 3.6, 0.5]),
}
TOGETHER, APART = np.zeros(3, dtype=np.int64), np.arange(3)


def test_the_own_quantization_is_that_of_the_tables_or_of_the_format() -> None:
    files = {
        "path": np.array(["a", "b", "c", "d"]),
        "image_format": np.array(["JPEG", "JPEG", "PNG", "GIF"]),
        "jpeg_quality": np.array([50, 25, np.nan, np.nan]),
    }
    assert own_percent(files).tolist() == [100, 200, 0, 100]


def test_the_blocks_of_a_coarser_file_of_one_picture_give_a_finer_one_away() -> None:
    assert earlier_percent(JPEG_75_92_92, TOGETHER).tolist() == [0, 50, 0]
    assert earlier_percent(JPEG_75_92_92, APART).tolist() == [0, 0, 0]


def test_blocks_of_files_without_tables_give_nothing_away() -> None:
    gif = {
        **JPEG_75_92_92,
        "jpeg_quality": np.array([np.nan, 92, 92]),
        "image_format": np.array(["GIF", "JPEG", "JPEG"]),
    }
    assert earlier_percent(gif, TOGETHER).tolist() == [0, 0, 0]


def test_a_trace_in_the_pixels_counts_without_any_copy() -> None:
    traced = {**JPEG_75_92_92, "prior_jpeg_quality": np.array([np.nan, 76, np.nan])}
    assert earlier_percent(traced, APART).tolist() == [0, 48, 0]
