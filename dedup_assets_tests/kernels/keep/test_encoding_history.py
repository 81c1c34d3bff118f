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


def test_what_the_bytes_tell_goes_before_the_name_of_the_format() -> None:
    files = {
        "path": np.array(["a", "b", "c"]),
        "image_format": np.array(["WEBP", "WEBP", "PNG"]),
        "lossy_percent": np.array([0.0, np.nan, 400.0]),
    }
    assert own_percent(files).tolist() == [0, 50, 400]


def test_a_lossless_file_with_the_pixels_of_a_lossy_one_was_made_of_it() -> None:
    files = {
        "path": np.array(["a", "b", "c"]),
        "image_format": np.array(["JPEG", "PNG", "PNG"]),
        "jpeg_quality": np.array([95, np.nan, np.nan]),
        "sharpness": np.array([7.25, 7.25, 7.5]),
    }
    assert earlier_percent(files, TOGETHER).tolist() == [0, 10, 0]
    assert earlier_percent(files, APART).tolist() == [0, 0, 0]


def camera_files(*files: tuple[str, float, str, int]) -> dict[str, np.ndarray]:
    """Format, percent of the standard tables, origin facts and bits a sample of each file."""
    formats, percents, facts, bits = zip(*files, strict=True)
    return {
        "path": np.array([f"p{row}" for row in range(len(files))]),
        "image_format": np.array(formats),
        "lossy_percent": np.array(percents),
        "origin_facts": np.array(facts),
        "sample_bits": np.array(bits),
    }


def test_beside_a_cameras_heic_all_others_are_exports_but_those_of_more_bits() -> None:
    heic = ("HEIF", 30.0, "camera, time, place", 8)
    files = camera_files(heic, ("JPEG", 16.0, "camera, time", 8), ("PNG", 0.0, "", 8), ("TIFF", 0.0, "camera", 16))
    assert earlier_percent(files, np.zeros(4, np.int64)).tolist() == [0, 30, 30, 0]
    assert earlier_percent(files, np.arange(4)).tolist() == [0, 0, 0, 0]


def test_a_cameras_jpeg_is_the_source_of_what_lost_its_data_but_not_of_what_is_far_finer() -> None:
    files = camera_files(
        ("JPEG", 20.0, "camera", 8), ("JPEG", 14.0, "", 8), ("WEBP", 40.0, "", 8), ("JPEG", 14.0, "time", 8)
    )
    assert earlier_percent(files, np.zeros(4, np.int64)).tolist() == [0, 20, 20, 20]
    unknown = files | {"sample_bits": np.array([8, np.nan, 8, 8])}
    assert earlier_percent(unknown, np.zeros(4, np.int64)).tolist() == [0, 0, 20, 20]
    coarse = camera_files(("JPEG", 50.0, "camera", 8), ("JPEG", 10.0, "", 8))
    assert earlier_percent(coarse, np.zeros(2, np.int64)).tolist() == [0, 0]


def test_a_finer_file_that_is_blockier_than_a_coarser_one_was_made_of_it_unless_it_was_toned() -> None:
    files = {
        "path": np.array(["a", "b", "c"]),
        "image_format": np.array(["JPEG"] * 3),
        "jpeg_quality": np.array([70, 75, 75]),
        "blockiness": np.array([4.5, 5.5, 4.0]),
        "sharpness": np.array([9.0, 9.2, 9.1]),
    }
    assert earlier_percent(files, TOGETHER).tolist() == [0, 60, 0]
    assert earlier_percent({**files, "sharpness": np.array([6.0, 9.2, 9.1])}, TOGETHER).tolist() == [0, 0, 0]


def test_a_webp_with_the_blocks_of_a_jpeg_was_made_of_it() -> None:
    files = {
        "path": np.array(["a", "b", "c"]),
        "image_format": np.array(["JPEG", "WEBP", "WEBP"]),
        "jpeg_quality": np.array([65, np.nan, np.nan]),
        "lossy_percent": np.array([np.nan, 35.0, 35.0]),
        "blockiness": np.array([4.5, 4.0, 0.5]),
    }
    assert earlier_percent(files, TOGETHER).tolist() == [0, 70, 0]
