import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.generation_metadata.values import (
    to_count,
    to_float,
    to_int,
    to_name,
    to_seed,
    to_size,
    to_text,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_nothing_raises(value: object) -> None:
    for convert in (to_text, to_name, to_float, to_int, to_seed, to_count, to_size):
        convert(value)


@given(st.integers(0, 2**64 - 1))
def test_a_seed_is_exact_as_number_and_as_text(seed: int) -> None:
    assert to_seed(seed) == to_seed(str(seed)) == seed


@pytest.mark.parametrize(
    "value", [-1, 2**64, "-1", True, 1.5, float("nan"), float("inf"), "1e400", "", None, [1], "٣", "9" * 5000]
)
def test_what_is_no_seed_is_not_known(value: object) -> None:
    assert to_seed(value) is None


@pytest.mark.parametrize(("value", "number"), [("7", 7.0), (" 7.5 ", 7.5), (7, 7.0), ("-.5", -0.5), ("1e-3", 0.001)])
def test_numbers_are_read_from_texts(value: object, number: float) -> None:
    assert to_float(value) == number


@pytest.mark.parametrize("value", ["NaN", "inf", float("nan"), float("-inf"), 10**400, True, "1_0", "seven"])
def test_what_is_no_finite_number_is_not_known(value: object) -> None:
    assert to_float(value) is None


@pytest.mark.parametrize(
    ("value", "size"),
    [("512x768", (512, 768)), ("(768, 1280)", (768, 1280)), ("768 × 1280", (768, 1280)), ("big", (None, None))],
)
def test_sizes_are_read_in_all_spellings(value: str, size: tuple[int | None, int | None]) -> None:
    assert to_size(value) == size


def test_weighted_prompt_parts_are_joined_by_lines() -> None:
    assert to_text([{"prompt": "a fox", "weight": 1}, "in snow", 3]) == "a fox\nin snow"


def test_a_number_between_separators_that_are_no_blanks_is_read() -> None:
    assert (to_float("\x1f.8"), to_int("\x1c7\x1d"), to_seed("\x1e7.0 ")) == (0.8, 7, 7)
