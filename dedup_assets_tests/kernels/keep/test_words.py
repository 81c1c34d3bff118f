"""Each rule has a sentence."""

import numpy as np

from dedup_assets.kernels.keep.ranking import RULE_NAMES
from dedup_assets.kernels.keep.words import BY_PATH, EXPLANATIONS


def test_every_rule_and_the_path_have_words() -> None:
    assert set(EXPLANATIONS) == {*RULE_NAMES, BY_PATH}


def said(rule: str, **columns: list[float]) -> str:
    values = {name: np.array(column) for name, column in columns.items()}
    return EXPLANATIONS[rule]({"path": np.array(["a", "b"]), **values}, 0, 1)


def test_no_sentence_names_two_equal_numbers() -> None:
    assert said("more_bits", bits_per_pixel=[0.0042, 0.0011]) == "more bits a pixel (0.004 against 0.001)"
    assert said("more_bits", bits_per_pixel=[2.5, 1.25]) == "more bits a pixel (2.50 against 1.25)"
    assert said("more_bits", bits_per_pixel=[1e-9, 0]) == "more bits a pixel"
    assert said("largest_file", size_bytes=[7, 1]) == "larger file (7 against 1)"
    assert "against" not in said("more_pixels", width_px=[500, 500], height_px=[400, 400])
    assert "against" not in said("less_compression", jpeg_quality=[92, 92])
