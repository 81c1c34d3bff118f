import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora
from dedup_assets.generation_metadata.tools import automatic1111
from dedup_assets_tests.generation_metadata.samples import FINAL_INFOTEXT, INFOTEXT


def parse(text: str) -> GenerationParameters:
    assert automatic1111.detect({"parameters": text})
    return automatic1111.parse({"parameters": text})


def test_every_setting_of_an_infotext_is_read() -> None:
    assert parse(INFOTEXT) == GenerationParameters(
        prompt="a red fox, <lora:fur_detail:0.8>\nmasterpiece",
        negative_prompt="blurry,\nlow quality",
        model="foxModel_v1",
        model_hash="6ce0161689",
        seed=1234567890,
        steps=20,
        sampler="DPM++ 2M",
        scheduler="Karras",
        guidance=7.0,
        clip_skip=2,
        loras=(Lora("fur_detail", 0.8),),
        width=1024,
        height=1024,
        stage="text",
    )


def test_a_hires_pass_is_told_with_the_size_before_it() -> None:
    final = parse(FINAL_INFOTEXT)
    assert (final.stage, final.denoise, final.first_pass_width, final.first_pass_height) == ("hires", 0.4, 1024, 1024)


def test_the_old_hires_fix_is_told_with_its_own_first_pass_size() -> None:
    final = parse("x\nSteps: 20, Seed: 1, Size: 2048x2048, Denoising strength: 0.7, First pass size: 512x640")
    assert (final.stage, final.first_pass_width, final.first_pass_height) == ("hires", 512, 640)


@pytest.mark.parametrize(
    "prompt",
    [
        "Seed: 5, Model: trap",
        "Steps: 99",
        "Steps: 99, Sampler: trap, Seed: 5",
        "a sign that says: Negative prompt: none",
        "a fox\n\nStep by Steps: a ladder",
        'quotes " and \\ and {braces: [1, 2',
    ],
)
def test_a_prompt_that_looks_like_settings_stays_a_prompt(prompt: str) -> None:
    parameters = parse(f"{prompt}\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Seed: 42, Model: fox")
    assert (parameters.prompt, parameters.negative_prompt) == (prompt, "blurry")
    assert (parameters.steps, parameters.seed, parameters.model) == (20, 42, "fox")


def test_a_negative_prompt_may_mention_settings_too() -> None:
    parameters = parse("a fox\nNegative prompt: Seed: 7,\nSteps: many\nSteps: 20, Seed: 42")
    assert (parameters.negative_prompt, parameters.seed) == ("Seed: 7,\nSteps: many", 42)


def test_quoted_values_and_json_values_keep_their_commas() -> None:
    line = (
        'Steps: 20, Lora hashes: "a: 1, b: 2", Civitai resources: [{"modelName": "x, Seed: 5"}], '
        'Script: "X/Y/Z plot", X Values: "1, Seed: 6, \\"3\\"", Seed: 42, Hashes: {"model": "abc"}'
    )
    parameters = parse(f"x\n{line}")
    assert (parameters.seed, parameters.stage) == (42, "grid")


def test_lines_behind_the_settings_are_no_settings() -> None:
    parameters = parse("a fox\nSteps: 20, Seed: 42, Model hash: 9ca13f02\nTemplate: a {fox|dog}, Seed: 5")
    assert (parameters.prompt, parameters.seed, parameters.model_hash) == ("a fox", 42, "9ca13f02")


def test_settings_alone_have_no_prompt() -> None:
    parameters = parse("Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 2226711074")
    assert parameters.missing == ("prompt", "model")


def test_a_text_whose_line_ends_were_lost_is_read() -> None:
    parameters = parse("a fox Negative prompt: blurry Steps: 20, Sampler: Euler a, Seed: 42")
    assert (parameters.prompt, parameters.negative_prompt, parameters.seed) == ("a fox", "blurry", 42)


def test_a_variation_seed_is_read() -> None:
    parameters = parse("x\nSteps: 20, Seed: 1, Variation seed: 18446744073709551615, Variation seed strength: 0.25")
    assert (parameters.subseed, parameters.subseed_strength) == (2**64 - 1, 0.25)


def test_sdnext_writes_its_schedule_as_sigma() -> None:
    parameters = parse(
        "x\n\nSteps: 20, Size: 1024x1024, Sampler: Euler a, Seed: 8, App: SD.Next, Sampler sigma: karras"
    )
    assert (parameters.sampler, parameters.scheduler) == ("Euler a", "karras")


def test_plain_texts_are_not_detected() -> None:
    assert not automatic1111.detect({"parameters": '{"steps": 20}', "COM": "Steps: to the river", "Comment": ""})


def test_a_megabyte_of_openings_is_read_in_linear_time() -> None:
    for filler in ('a: "', "a: {", "a: [1,", "<lora:", "Negative prompt: ", "(" * 50, '\\"', "Steps: 1\n"):
        text = filler * (1_000_000 // len(filler)) + "\nSteps: 20, Seed: 42, " + filler * (200_000 // len(filler))
        assert parse(text).seed == 42 or filler == "Steps: 1\n"
