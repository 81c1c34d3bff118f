from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.generation_metadata.tools.infotext import split_infotext, split_settings

WORD = st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=12)


@given(st.dictionaries(WORD.map(str.lower), WORD, max_size=8))
def test_settings_come_back_as_they_were_written(settings: dict[str, str]) -> None:
    line = ", ".join(f"{key}: {value}" for key, value in settings.items())
    assert split_settings(line) == {key.lower(): value for key, value in settings.items()}


@given(st.text())
def test_no_text_raises(text: str) -> None:
    split_infotext(text)
    split_settings(text)


@given(st.text(), st.text())
def test_whatever_the_prompts_hold_the_last_settings_count(prompt: str, negative: str) -> None:
    parts = split_infotext(f"{prompt}\nNegative prompt: {negative}\nSteps: 20, Sampler: Euler, Seed: 42")
    assert parts is not None
    assert (parts.settings["steps"], parts.settings["seed"]) == ("20", "42")


def test_a_text_without_settings_is_no_infotext() -> None:
    assert split_infotext("a photograph of a fox") is None
