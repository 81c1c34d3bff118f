import json

import pytest

from dedup_assets.generation_metadata.parameters import GenerationParameters, Lora, MetadataError
from dedup_assets.generation_metadata.tools import invokeai
from dedup_assets.generation_metadata.tools.invokeai import parse_dream, split_negative


def test_metadata_of_version_3_and_later_is_read() -> None:
    metadata = {
        "generation_mode": "sdxl_txt2img",
        "positive_prompt": "a red fox",
        "negative_prompt": "",
        "width": 1024,
        "height": 768,
        "seed": 3293022630,
        "cfg_scale": 8.0,
        "steps": 35,
        "scheduler": "euler",
        "model": {"name": "fox", "hash": "blake3:0123456789abcdef"},
        "loras": [{"model": {"name": "fur"}, "weight": 0.5}, {"lora": {"model_name": "snow"}, "weight": 1}],
    }
    carriers = {"invokeai_metadata": json.dumps(metadata), "invokeai_graph": "{}"}
    assert invokeai.detect(carriers)
    assert invokeai.parse(carriers) == GenerationParameters(
        prompt="a red fox",
        negative_prompt="",
        model="fox",
        model_hash="blake3:0123456789abcdef",
        seed=3293022630,
        steps=35,
        sampler="euler",
        guidance=8.0,
        loras=(Lora("fur", 0.5), Lora("snow", 1.0)),
        width=1024,
        height=768,
        stage="text",
    )


def test_metadata_of_version_2_is_read_before_the_command_beside_it() -> None:
    image = {
        "prompt": [{"prompt": "a fox [rain]", "weight": 1}],
        "seed": 5,
        "steps": 30,
        "cfg_scale": 7.5,
        "sampler": "k_lms",
        "type": "txt2img",
    }
    metadata = {"model_weights": "stable-diffusion-1.5", "model_hash": "cc6cb27103417325", "image": image}
    parameters = invokeai.parse({"Dream": '"other" -S 1', "sd-metadata": json.dumps(metadata)})
    assert (parameters.prompt, parameters.negative_prompt, parameters.seed) == ("a fox", "rain", 5)
    assert (parameters.model, parameters.model_hash, parameters.missing) == (
        "stable-diffusion-1.5",
        "cc6cb27103417325",
        (),
    )


def test_the_first_picture_of_a_grid_tells_the_recipe() -> None:
    metadata = {"model_weights": "m", "images": [{"prompt": "a fox", "seed": 5, "steps": 3}, {"seed": 6}]}
    assert invokeai.parse({"sd-metadata": json.dumps(metadata)}).missing == ()


def test_a_command_line_is_read_and_names_no_model() -> None:
    parameters = parse_dream(
        '"a fox, -S 7 in a frame [rain, fog]" -s 50 -S 2980747362 -W 512 -H 768 -C 5 -A k_lms -I a.png -f 0.6'
    )
    assert (parameters.prompt, parameters.negative_prompt) == ("a fox, -S 7 in a frame", "rain, fog")
    assert (parameters.seed, parameters.steps, parameters.guidance, parameters.sampler) == (
        2980747362,
        50,
        5.0,
        "k_lms",
    )
    assert (parameters.width, parameters.height, parameters.source_image, parameters.denoise) == (
        512,
        768,
        "a.png",
        0.6,
    )
    assert parameters.missing == ("model",)


def test_a_command_without_quotes_is_read() -> None:
    assert parse_dream("a fox -s50 -S 9").prompt == "a fox"
    assert parse_dream("a fox -s50 -S 9").steps == 50


def test_a_command_without_a_prompt_is_an_error_in_words() -> None:
    with pytest.raises(MetadataError, match="starts with no prompt"):
        parse_dream("")


def test_prompts_without_brackets_have_no_negative_prompt() -> None:
    assert split_negative("a fox") == ("a fox", None)
    assert split_negative(None) == (None, None)
