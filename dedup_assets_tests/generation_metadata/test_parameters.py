from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora

ANY_PARAMETERS = st.builds(
    GenerationParameters,
    prompt=st.none() | st.just(""),
    seed=st.none() | st.just(0),
    steps=st.none() | st.just(20),
    model=st.none() | st.just("fox"),
    model_hash=st.none() | st.just("abc"),
    loras=st.just(()) | st.just((Lora("a"),)),
)


@given(ANY_PARAMETERS, ANY_PARAMETERS)
def test_filling_keeps_what_is_known_and_takes_the_rest(one: GenerationParameters, other: GenerationParameters) -> None:
    filled = one.filled_from(other)
    assert filled.seed == (other.seed if one.seed is None else one.seed)
    assert filled.loras == (one.loras or other.loras)
    assert set(filled.missing) == set(one.missing) & set(other.missing)


def test_missing_names_what_is_not_known_and_0_and_empty_are_known() -> None:
    assert GenerationParameters().missing == ("prompt", "model", "seed", "steps")
    assert GenerationParameters(prompt="", seed=0, steps=0, model_id="civitai@1").missing == ()
