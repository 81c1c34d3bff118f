import dataclasses
import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.recipe import (
    canonical_text,
    metadata_hash,
    prompt_sha256,
    storable_text,
)

FOX = GenerationParameters(prompt="a fox", model="fox", seed=1)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)
OPTIONAL_TEXT = st.none() | ANY_TEXT
SEEDS = st.integers(0, 2**64 - 1)
NUMBERS = st.none() | st.integers(-50, 50) | st.floats(allow_nan=False, allow_infinity=False, width=32)
RECIPES = st.builds(
    GenerationParameters,
    prompt=ANY_TEXT,
    negative_prompt=OPTIONAL_TEXT,
    model=ANY_TEXT,
    seed=SEEDS,
    subseed=st.none() | SEEDS,
    subseed_strength=NUMBERS,
    steps=st.none() | st.integers(0, 200),
    sampler=OPTIONAL_TEXT,
    scheduler=OPTIONAL_TEXT,
    guidance=NUMBERS,
    distilled_guidance=NUMBERS,
    clip_skip=st.none() | st.integers(0, 12),
    loras=st.lists(st.builds(Lora, ANY_TEXT, NUMBERS), max_size=3).map(tuple),
)
OUTSIDE_THE_RECIPE = st.fixed_dictionaries(
    {},
    optional={
        "width": st.integers(1, 4096),
        "height": st.integers(1, 4096),
        "first_pass_width": st.integers(1, 4096),
        "first_pass_height": st.integers(1, 4096),
        "denoise": st.floats(0, 1),
        "source_image": ANY_TEXT,
        "stage": st.sampled_from(["text", "image", "hires", "upscale"]),
    },
)


@given(RECIPES, OUTSIDE_THE_RECIPE)
def test_size_second_pass_and_source_are_no_part_of_the_recipe(
    recipe: GenerationParameters, other: dict[str, object]
) -> None:
    assert metadata_hash(dataclasses.replace(recipe, **other)) == metadata_hash(recipe)  # type: ignore[arg-type]


@given(RECIPES)
def test_the_canonical_text_is_ascii_without_nul_and_its_sha256_is_the_hash(recipe: GenerationParameters) -> None:
    text = canonical_text(recipe)
    assert text is not None
    assert text.isascii()
    assert "\x00" not in text
    assert metadata_hash(recipe) == hashlib.sha256(text.encode()).hexdigest()


@given(st.lists(OPTIONAL_TEXT, min_size=2, max_size=2), st.lists(OPTIONAL_TEXT, min_size=2, max_size=2))
def test_fields_cannot_run_into_each_other(one: list[str | None], other: list[str | None]) -> None:
    texts = [
        canonical_text(dataclasses.replace(FOX, negative_prompt=negative, prompt=prompt or ""))
        for prompt, negative in (one, other)
    ]
    alike = [[normalized(prompt or ""), normalized(negative)] for prompt, negative in (one, other)]
    assert (texts[0] == texts[1]) == (alike[0] == alike[1])


def normalized(text: str | None) -> str | None:
    """The documented normalization, written again another way."""
    if text is None:
        return None
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return "\n".join(unicodedata.normalize("NFC", joined).replace("\r\n", "\n").split("\r")).strip()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"prompt": "a|b", "negative_prompt": "c"}, {"prompt": "a", "negative_prompt": "b|c"}),
        ({"prompt": 'a","b'}, {"prompt": "a", "negative_prompt": "b"}),
        ({"negative_prompt": None}, {"negative_prompt": ""}),
        ({"steps": None}, {"steps": 0}),
        ({"steps": 20, "clip_skip": None}, {"steps": None, "clip_skip": 20}),
        ({"guidance": None}, {"guidance": 0.0}),
        ({"subseed": None}, {"subseed": 0}),
        ({"prompt": "a\x00b"}, {"prompt": "ab"}),
        ({"prompt": "a\x00b"}, {"prompt": "a\\u0000b"}),
        ({"prompt": "a\ud800b"}, {"prompt": "ab"}),
        ({"prompt": "a\ud800b"}, {"prompt": "a\ufffdb"}),
        ({"seed": 2**64 - 1}, {"seed": 2**64 - 2}),
        ({"seed": 2**53}, {"seed": 2**53 + 1}),
        ({"loras": (Lora("a", 1.0),)}, {"loras": (Lora("a", 0.9),)}),
        ({"loras": (Lora("a"), Lora("b"))}, {"loras": (Lora("a"),)}),
        ({"model": "fox"}, {"model": None, "model_hash": "fox"}),
    ],
)
def test_different_recipes_have_different_hashes(one: dict[str, object], other: dict[str, object]) -> None:
    assert metadata_hash(dataclasses.replace(FOX, **one)) != metadata_hash(dataclasses.replace(FOX, **other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"guidance": 7}, {"guidance": 7.0}),
        ({"guidance": 0.0}, {"guidance": -0.0}),
        ({"prompt": "caf\u00e9"}, {"prompt": "cafe\u0301"}),
        ({"prompt": "a\r\nb\n"}, {"prompt": "a\nb"}),
        ({"prompt": "\ud83e\udd8a"}, {"prompt": "\U0001f98a"}),
        ({"model": "sdxl\\fox.safetensors"}, {"model": "fox"}),
        ({"model_hash": "6CE0161689"}, {"model_hash": "0x6ce0161689b3853acaa03779ec93eafe", "model": "renamed"}),
        ({"sampler": "DPM++ 2M Karras"}, {"sampler": "DPM++ 2M", "scheduler": "Karras"}),
        ({"sampler": "Euler a", "scheduler": "Automatic"}, {"sampler": "euler_ancestral"}),
        ({"loras": (Lora("a", 1.0), Lora("b", 0.5))}, {"loras": (Lora("b.safetensors", 0.5), Lora("x/a", 1))}),
        ({"model": "urn:air:sdxl:checkpoint:civitai:1@22"}, {"model_id": "civitai@22"}),
    ],
)
def test_spellings_of_one_recipe_have_one_hash(one: dict[str, object], other: dict[str, object]) -> None:
    assert metadata_hash(dataclasses.replace(FOX, **one)) == metadata_hash(dataclasses.replace(FOX, **other))  # type: ignore[arg-type]


TEXT_FIELDS = ("prompt", "negative_prompt", "model", "model_hash", "sampler", "scheduler")


@given(st.permutations(TEXT_FIELDS), st.lists(st.sampled_from(["x", "y", None]), min_size=6, max_size=6))
def test_the_same_texts_in_other_fields_are_another_recipe(order: list[str], texts: list[str | None]) -> None:
    one = {name: text and f"text {text}" for name, text in zip(TEXT_FIELDS, texts, strict=True)}
    other = {name: one[source] for name, source in zip(TEXT_FIELDS, order, strict=True)}
    recipes = [dataclasses.replace(FOX, **values) for values in (one, other)]  # type: ignore[arg-type]
    told = [identity_of(recipe) for recipe in recipes]
    assert (canonical_text(recipes[0]) == canonical_text(recipes[1])) == (told[0] == told[1])


def identity_of(recipe: GenerationParameters) -> tuple[str | None, ...] | None:
    """What of the six texts counts: a hash stands for the name of its model."""
    model = ("hash", recipe.model_hash) if recipe.model_hash is not None else ("name", recipe.model)
    if recipe.prompt is None or model[1] is None:
        return None
    return recipe.prompt, recipe.negative_prompt, *model, recipe.sampler, recipe.scheduler


@pytest.mark.parametrize("unknown", [{"prompt": None}, {"seed": None}, {"model": None}])
def test_there_is_no_hash_unless_prompt_seed_and_model_are_known(unknown: dict[str, None]) -> None:
    assert metadata_hash(dataclasses.replace(FOX, **unknown)) is None  # type: ignore[arg-type]


def test_an_empty_prompt_and_seed_0_are_known() -> None:
    assert metadata_hash(GenerationParameters(prompt="", seed=0, model_hash="abc")) is not None


def test_the_canonical_text_is_frozen() -> None:
    assert canonical_text(dataclasses.replace(FOX, guidance=7.0, sampler="Euler a", loras=(Lora("x", 0.5),))) == (
        '[1,"a fox",null,"name:fox",1,null,null,null,"eulerancestral",null,7,null,null,[["x","0.5"]]]'
    )


@given(ANY_TEXT)
def test_a_prompt_hash_is_the_sha256_of_the_normalized_prompt(prompt: str) -> None:
    expected = hashlib.sha256((normalized(prompt) or "").encode("utf-8", "surrogatepass")).hexdigest()
    assert prompt_sha256(prompt) == expected


@given(ANY_TEXT)
def test_a_storable_text_is_utf8_without_nul_and_else_unchanged(text: str) -> None:
    stored = storable_text(text)
    assert "\x00" not in stored.encode().decode()
    if "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text):
        assert stored == text


def test_nul_and_lone_surrogates_are_written_out() -> None:
    assert storable_text("a\x00b\ud800c \ud83e\udd8a") == "a\\u0000b\\ud800c \U0001f98a"


def test_no_prompt_has_no_hash() -> None:
    assert prompt_sha256(None) is None
