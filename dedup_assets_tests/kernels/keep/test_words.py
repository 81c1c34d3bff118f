"""Each rule has a sentence."""

from collections.abc import Sequence

import numpy as np

from dedup_assets.kernels.keep.ranking import RULE_NAMES
from dedup_assets.kernels.keep.words import BY_PATH, EXPLANATIONS


def test_every_rule_and_the_path_have_words() -> None:
    assert set(EXPLANATIONS) == {*RULE_NAMES, BY_PATH}


def said(rule: str, **columns: Sequence[float | str]) -> str:
    values = {name: np.array(column) for name, column in columns.items()}
    return EXPLANATIONS[rule]({"path": np.array(["a", "b"]), **values}, 0, 1)


def test_no_sentence_names_two_equal_numbers() -> None:
    assert said("more_bits", bits_per_pixel=[0.0042, 0.0011]) == "more bits a pixel (0.004 against 0.001)"
    assert said("more_bits", bits_per_pixel=[2.5, 1.25]) == "more bits a pixel (2.50 against 1.25)"
    assert said("more_bits", bits_per_pixel=[1e-9, 0]) == "more bits a pixel"
    assert said("largest_file", size_bytes=[7, 1]) == "larger file (7 against 1)"
    assert "against" not in said("more_pixels", width_px=[500, 500], height_px=[400, 400])
    assert "against" not in said("less_compression", jpeg_quality=[92, 92])


def test_what_files_hold_and_tell_is_said() -> None:
    assert said("more_frames", frame_count=[24, 1]) == "it holds 24 frames, the other 1"
    told = said("richer_metadata", origin_facts=["camera, time", ""], has_metadata=[0.0, 0.0])
    assert told == "the same pixels, and it tells camera, time, the other nothing"
    assert "the camera's own file" in said("first_encoding", origin_facts=["camera", ""])
    assert "earlier compression" in said("first_encoding", origin_facts=["", ""])


def test_what_was_lost_is_said_in_jpeg_qualities() -> None:
    told = said("less_compression", image_format=["PNG", "PNG"], lossy_percent=[0.0, 200.0], sample_bits=[16.0, 8.0])
    assert told == "less compression (PNG of 16 bits a sample against PNG as coarse as JPEG quality 25)"
